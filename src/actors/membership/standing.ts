// What this node knows of an address by itself or by a person's word, before it is asked.
import { parseAddress } from '../../domain/address.ts'
import { isProven } from '../../domain/ip-table.ts'
import type { OwnRecord } from './own-record.ts'
import type { TableKeeper } from './table-keeper.ts'

/** `own`: this node's own, which no rule is about. `known`: a person named it, or it stands proven in the table or in its file. */
export type Standing = 'own' | 'known' | null

interface StandingNeeds {
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly own: Pick<OwnRecord, 'id' | 'address' | 'via' | 'record' | 'localAddress' | 'advertised'>
  /** Addresses that a person gave, canonical. */
  readonly named: () => readonly string[]
}

const hostOf = (address: string): string | undefined => parseAddress(address)?.host

/** Null for an address that others tell of. A row of the file was proven by an earlier run, or a person wrote it. */
export const createStanding =
  ({ keeper, own, named }: StandingNeeds) =>
  (address: string): Standing => {
    if ([own.address(), own.localAddress(), own.advertised()].includes(address)) return 'own'
    const table = keeper.current()
    const { rows, holders } = table
    const row = rows.get(holders.get(address) ?? '')
    const turn = rows.get(row?.record.via ?? '')
    // Behind a TURN that lives come and go many; what is there is that TURN's own, which has proven itself.
    const isAtTurn = turn?.state === 'alive' && isProven(turn) && hostOf(turn.record.address) === hostOf(address)
    // Of its own clients too, whoever else says that he is reached there.
    const isOwnClients =
      hostOf(own.address() ?? '') === hostOf(address) && [...table.behind(own.id)].some((key) => rows.get(key)?.record.address === address)
    // At those that carry this node itself too, which need not be nodes: a stock frps has no row.
    const ownTurns = own.via() === null ? [] : [own.address(), ...(own.record()?.alsoAt ?? [])]
    const isAtOwnTurn = row?.record.via != null && ownTurns.some((at) => hostOf(at ?? '') === hostOf(address))
    return isAtTurn || isAtOwnTurn || isOwnClients || (row && (isProven(row) || row.stored !== null)) || named().includes(address)
      ? 'known'
      : null
  }
