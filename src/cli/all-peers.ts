// Everybody in a node's table, asked for in pages: all of a large one in one answer would hold the node up.
import type { PeerAnswerRow, PeersAnswer } from '../answers.ts'
import { type ClientFlags, type ControlAnswer, call } from './control-client.ts'

/** As many as the control port gives at once. */
const PAGE_ROWS = 1_000

/** `path`: of the control port. In the order of the whole answer: the nearest first, then by address, those that are away last. */
export async function allPeers(flags: ClientFlags, env: NodeJS.ProcessEnv, path: string): Promise<ControlAnswer<PeersAnswer>> {
  const first = await call<PeersAnswer>(flags, env, `${path}?limit=${PAGE_ROWS}`)
  if (first.type === 'failed') return first
  const { schemaVersion, self, page, peers } = first.body
  const answer = (rows: readonly PeerAnswerRow[]): ControlAnswer<PeersAnswer> => ({
    type: 'answer',
    body: { schemaVersion, self, peers: rows },
  })
  if (page === undefined || page.total <= peers.length) return answer(peers)
  // By latency rows change places from one page to the next; by address they stay where they are.
  const found = new Map<string, PeerAnswerRow>()
  for (let offset = 0, { total } = page; offset < total; offset += PAGE_ROWS) {
    const next = await call<PeersAnswer>(flags, env, `${path}?limit=${PAGE_ROWS}&offset=${offset}&sort=address`)
    if (next.type === 'failed') return next
    for (const row of next.body.peers) found.set(row.id ?? row.address, row)
    total = next.body.page?.total ?? 0
  }
  return answer([...found.values()].sort(byNearness))
}

function byNearness(one: PeerAnswerRow, other: PeerAnswerRow): number {
  const away = Number(one.state === 'offline') - Number(other.state === 'offline')
  const [ms, otherMs] = [measuredMs(one), measuredMs(other)]
  if (away !== 0) return away
  if (ms !== otherMs) return ms < otherMs ? -1 : 1
  return one.state === 'offline' ? 0 : one.address.localeCompare(other.address)
}

/** What is estimated says nothing of the order. */
const measuredMs = ({ rttMs, measured }: PeerAnswerRow): number =>
  rttMs === null || measured === 'estimated' ? Number.POSITIVE_INFINITY : rttMs
