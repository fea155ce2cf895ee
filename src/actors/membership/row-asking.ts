// One row is asked, at the address that it stands with, and at its others where that is silent.
import { parseAddress } from '../../domain/address.ts'
import type { Closeness } from '../../domain/closeness.ts'
import { isListed, type Row } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import type { Clock } from '../../ports.ts'
import { laneOf } from './lane.ts'
import type { OwnRecord } from './own-record.ts'
import type { PathLoad } from './path-load.ts'
import type { Pinged } from './peer-ping.ts'
import type { SharedPings } from './shared-pings.ts'

export interface RowAnswer {
  readonly pinged: Pinged
  /** Another of its addresses, at which it answered and stands from now on; null: none. */
  readonly turnedTo: string | null
}

export interface RowAsking {
  /** Where a row is asked: this node's own at this machine. */
  addressOf(row: Row): string
  ask(row: Row, closeness: Closeness): Promise<RowAnswer>
}

interface RowAskingNeeds {
  readonly clock: Pick<Clock, 'now'>
  /** Pings an address. */
  readonly ping: SharedPings
  readonly networkKind: NetworkKind
  readonly own: Pick<OwnRecord, 'id' | 'localAddress'>
  readonly load: Pick<PathLoad, 'wasLoaded'>
}

export function createRowAsking({ clock, ping, networkKind, own, load }: RowAskingNeeds): RowAsking {
  const addressOf = ({ key, record }: Row): string => (key === own.id ? (own.localAddress() ?? record.address) : record.address)
  /** The first of these addresses at which a row answers itself; null: none. */
  const askAt = (addresses: readonly string[], { record }: Row, closeness: Closeness) => {
    const asked = addresses.map(async (address) => ({ address, pinged: await ping(address, laneOf(networkKind, record), closeness) }))
    return firstOf(asked, ({ pinged }) => pinged.burst.type === 'answered' && pinged.by !== null && pinged.by.id === record.id)
  }
  /** The further addresses to ask where a row is silent at its own. A row that is only heard of has none. */
  const furtherOf = ({ key, state, record }: Row, { burst, withheld }: Pinged): readonly string[] =>
    burst.type === 'answered' || withheld || key === own.id || !isListed({ state })
      ? []
      : (record.alsoAt ?? []).filter((address) => address !== record.silentAt)
  /** Whether what was timed since then was timed beside a speed test over the same path. */
  const wasLoaded = ({ record }: Row, address: string, sinceMs: number): boolean =>
    load.wasLoaded([address, record.id ?? parseAddress(address)?.host ?? address], sinceMs)

  return {
    addressOf,
    ask: async (row, closeness) => {
      const address = addressOf(row)
      const beganMs = clock.now()
      const { silentAt } = row.record
      const asked = ping(address, laneOf(networkKind, row.record), closeness)
      // Its owner's first address comes first again as soon as it answers.
      const back = silentAt === undefined ? null : await askAt([silentAt], row, closeness)
      const first = await asked
      const further = back ?? (await askAt(furtherOf(row, first), row, closeness))
      const answered = further?.pinged ?? first
      const isLoaded = wasLoaded(row, further?.address ?? address, beganMs)
      return { pinged: isLoaded ? { ...answered, isLoaded: true } : answered, turnedTo: further?.address ?? null }
    },
  }
}

/** The first that answers so; null: none does. */
const firstOf = <T>(asked: readonly Promise<T>[], holds: (answer: T) => boolean): Promise<T | null> =>
  new Promise((resolve, reject) => {
    const each = asked.map((one) => one.then((answer) => void (holds(answer) && resolve(answer))))
    Promise.all(each).then(() => resolve(null), reject)
  })
