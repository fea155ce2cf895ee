// What each peer has said last of how it sees this node, for people who ask how they are seen.
import type { ReachFinding } from '../../domain/netcheck.ts'
import type { Clock } from '../../ports.ts'
import type { Met } from './peer-calls.ts'
import { RecentMap } from './recent-map.ts'

/** As many as have a vote; see `domain/reach-votes.ts`. */
const MOST_FINDINGS = 64

export interface ReachFindings {
  note(met: Met): void
  list(): readonly ReachFinding[]
}

export function createReachFindings({ wallMs }: Pick<Clock, 'wallMs'>): ReachFindings {
  const findings = new RecentMap<string, ReachFinding>(MOST_FINDINGS)
  return {
    note: ({ record, observed, dialBack }) => {
      const by = record.id ?? record.address
      findings.set(by, {
        by,
        seenAt: observed,
        dialBack: dialBack.type === 'missed' ? dialBack.why : dialBack.type === 'reached' ? 'reached' : 'untried',
        address: dialBack.type === 'reached' ? dialBack.address : null,
        atMs: wallMs(),
      })
    },
    list: () => [...findings.entries()].map(([, finding]) => finding),
  }
}
