// What a gossip message brings into the table, and by whose word: signed words as hearsay, the sender's own as said by itself.
import { type AddressPolicy, addressOf, isAllowed, parseAddress, type Teller, wordOf } from '../../domain/address.ts'
import { withAllowed } from '../../domain/further-addresses.ts'
import { type Change, isProven, merge } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { type PeerRecord, unsignedRecord } from '../../domain/record.ts'
import type { Word } from '../../domain/table/key-ranges.ts'
import type { Clock } from '../../ports.ts'
import { claimOf, type Opener, type OwnWord, recordOf } from '../../v2/envelope.ts'
import type { GossipMessage } from '../../v2/messages.ts'
import type { OwnRecord } from './own-record.ts'
import { createRecordIntake } from './record-intake.ts'
import type { TableKeeper } from './table-keeper.ts'

/** Who sent a message, which the members' channel proves, and where. */
export interface Sender {
  readonly id: string
  /** Its IP address; null where that says nothing. */
  readonly seenAt: string | null
  /** It answers a question that went there; null: it asked. */
  readonly askedAt: string | null
}

export interface TakenIn {
  /** Words that came, whatever became of them. */
  readonly told: readonly Word[]
  /** Its source has told of enough for now: some were left out for want of room. */
  readonly isLeftOver: boolean
  readonly changes: readonly Change[]
}

export interface GossipIntake {
  take(message: Pick<GossipMessage, 'from' | 'records' | 'unsigned'>, sender: Sender): Promise<TakenIn>
  /** How many more that nobody has proven here this sender may tell of. */
  roomOf(sender: Sender): number
}

interface IntakeNeeds {
  readonly clock: Clock
  readonly opener: Opener
  readonly ownHosts: () => readonly string[]
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly policy: AddressPolicy
  readonly networkKind: NetworkKind
  /** A genuine word with this node's own id. */
  readonly onOwnWord: (word: OwnWord, envelope: string) => void
}

export function createGossipIntake(needs: IntakeNeeds): GossipIntake {
  const { clock, opener, ownHosts, keeper, own, policy, networkKind, onOwnWord } = needs
  const intake = createRecordIntake({ clock, opener, table: () => keeper.current(), own })

  /** Where this node has reached the sender itself: where it asked it, or where its row stands proven. */
  const tellerOf = ({ id, seenAt, askedAt }: Sender): Teller => {
    const row = keeper.current().rows.get(id)
    const port = parseAddress(askedAt ?? '')?.port ?? 0
    const reachedAt = askedAt === null ? null : (addressOf(seenAt ?? '', port) ?? askedAt)
    return { seenAt, reachedAt: reachedAt ?? (row && isProven(row) ? row.record.address : null) }
  }
  /** A node behind a TURN that this node has reached itself, or that it is: at a private address too, which is that TURN's own. */
  const isAtItsTurn = ({ via, address }: PeerRecord): boolean => {
    const turn = via === null ? undefined : keeper.current().rows.get(via)
    return (
      turn !== undefined && isProven(turn) && hostOf(turn.record.address) === hostOf(address) && isAllowed(address, policy, 'neighbour')
    )
  }
  const sourceOf = ({ id, seenAt }: Sender): string => seenAt ?? id

  return {
    roomOf: (sender) => keeper.current().unproven.roomOf(sourceOf(sender)),
    take: async ({ from, records: envelopes, unsigned: rows }, sender) => {
      const teller = tellerOf(sender)
      const source = sourceOf(sender)
      const mayBe = (address: string): boolean => isAllowed(address, policy, wordOf(address, teller, ownHosts()))
      const takeable = (record: PeerRecord | null): readonly PeerRecord[] =>
        record && (record.left || mayBe(record.address) || isAtItsTurn(record))
          ? [withAllowed(record, keeper.current(), policy, mayBe)]
          : []
      const { words, leftOut } = envelopes.length > 0 ? await intake.open(envelopes, source) : NOTHING
      const records = words.flatMap(({ word, envelope }) => {
        if (word.id === own.id) onOwnWord(word, envelope)
        return word.id === own.id ? [] : takeable(recordOf(word, envelope, null))
      })
      const unsigned = networkKind.type === 'private' ? [] : rows // none of its members
      const strangers = unsigned.filter(({ address }) => mayBe(address) && address !== own.address())
      const heard = [...records, ...strangers.map(({ address, name }) => unsignedRecord(address, name))]
      const changes = heard.length > 0 ? keeper.apply((table, wallMs) => merge(table, heard, wallMs, 'hearsay', source)) : []
      const word = from === null || keeper.current().rows.get(sender.id)?.record.envelope === from ? null : opener(from)
      const itself = word && from !== null ? takeable(recordOf(word, from, sender.askedAt)) : []
      if (itself.length > 0) keeper.apply((table, wallMs) => merge(table, itself, wallMs, 'firsthand', source))
      const { rows: known, gone, unproven } = keeper.current()
      const isLeftOut = ({ id, left }: PeerRecord): boolean => id !== null && !left && !known.has(id) && !gone.has(id)
      return {
        told: [...envelopes.flatMap(wordIn), ...rows.map(({ address }) => ({ key: address, seq: 0 }))],
        isLeftOver: leftOut || (records.some(isLeftOut) && unproven.isFull(source)),
        changes,
      }
    },
  }
}

const NOTHING = { words: [], leftOut: false } as const

function wordIn(envelope: string): readonly Word[] {
  const claim = claimOf(envelope)
  return claim ? [{ key: claim.id, seq: claim.seq }] : []
}

const hostOf = (address: string): string | undefined => parseAddress(address)?.host
