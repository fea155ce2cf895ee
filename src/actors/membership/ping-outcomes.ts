// What a ping came to, into the table.
import { type IpTable, isProven, lapseUnproven, type Row, recordBurst, recordOwnBurst, recordWithheld } from '../../domain/ip-table.ts'
import type { Burst } from '../../domain/latency.ts'
import { STORED_GAP } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import type { Company } from './company.ts'
import type { LinkDoubt } from './link-doubt.ts'
import type { OwnRecord } from './own-record.ts'
import type { Pinged } from './peer-ping.ts'
import type { Places } from './places.ts'
import type { TableKeeper } from './table-keeper.ts'

/** `lastWallMs`: when the ping of that row before this one ended; null: there was none. */
export type PingOutcomes = (row: Row, pinged: Pinged, lastWallMs: number | null) => void

interface PingOutcomeNeeds {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly keeper: TableKeeper
  readonly own: Pick<OwnRecord, 'id' | 'run'>
  readonly places: Pick<Places, 'sampled'>
  readonly company: Pick<Company, 'of' | 'answered'>
  readonly link: Pick<LinkDoubt, 'judge' | 'isDoubted'>
}

const NO_NODE_THERE: Burst = { type: 'silent', refused: false, why: 'what answers there is no node with an identity' }

export function createPingOutcomes({ clock, keeper, own, places, company, link }: PingOutcomeNeeds): PingOutcomes {
  const table = (): IpTable => keeper.current()
  /** Without this node's own row, and without those that only others have reached. */
  const aliveCount = (): number => table().aliveCount - table().told.size - (table().rows.get(own.id)?.state === 'alive' ? 1 : 0)
  const hasSlept = (lastWallMs: number | null): boolean => lastWallMs !== null && clock.wallMs() - lastWallMs > STORED_GAP

  /** It waits for its turn, and not for ever. */
  const waits = (key: string): void => {
    keeper.apply((current, wallMs) => lapseUnproven(current, key, wallMs))
    if (!link.isDoubted()) keeper.apply((current, wallMs) => recordWithheld(current, key, wallMs, company.of(key)))
  }

  return (row, pinged, lastWallMs) => {
    const { by, withheld } = pinged
    const burst = burstOf(pinged)
    if (withheld) return waits(row.key)
    // An address that leads back to this node is no peer; its row is for the one who is told of the ping.
    if (row.record.id === null && by?.id === own.id && by.run === own.run) return
    // Whose own row stands here is not listed by another of its addresses as well: a hello says who it is (joining.ts).
    if (row.record.id === null && row.state === 'unknown' && by !== null && isProven(table().rows.get(by.id) ?? NOBODY)) return
    // Its own row stands by proof from outside: what it can't ask itself says nothing.
    if (row.key === own.id) {
      if (burst.type === 'answered' && by?.run === own.run)
        keeper.apply((current, wallMs) => recordOwnBurst(current, row.key, burst, wallMs))
      return
    }
    if (burst.type === 'answered') company.answered()
    link.judge(row.key, pinged)
    // While nobody answers at all, as before the network is up, the silence of a row of the file says nothing of it; nor does a
    // time in which this machine slept.
    const isUnsure = link.isDoubted() || (row.stored !== null && (aliveCount() === 0 || hasSlept(lastWallMs)))
    // Who has an identity is proven by its own answer alone.
    const outcome = burst.type === 'answered' && row.record.id !== null && by === null ? NO_NODE_THERE : burst
    if (outcome.type === 'answered' && outcome.rttMs !== null && !outcome.isLoaded && by?.place) places.sampled(by.place, outcome.rttMs)
    const around = isUnsure ? 'isolated' : 'fine'
    keeper.apply((current, wallMs) => recordBurst(current, row.key, outcome, wallMs, by?.id ?? null, around, company.of(row.key)))
  }
}

const NOBODY: Pick<Row, 'state'> = { state: 'unknown' }

/** As it is folded into a row. */
const burstOf = ({ burst, connectMs, isLoaded }: Pinged): Burst =>
  burst.type === 'silent' ? burst : { ...burst, connectMs, ...(isLoaded ? { isLoaded } : {}) }
