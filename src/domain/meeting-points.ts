// Whom an invitation names: where somebody who knows nobody yet may ask.
import { addressOf } from './address.ts'
import type { Row } from './ip-table.ts'

export interface MeetingPoint {
  readonly id: string
  /** Canonical `host:port`. */
  readonly address: string
}

interface OwnPlace {
  readonly id: string
  /** Where others reach this node, as it is proven or a person says; null: neither. */
  readonly address: string | null
  /** Null: nothing is open to the outside. */
  readonly listening: { readonly host: string; readonly port: number } | null
  /** Of this machine, best first. */
  readonly hosts: readonly string[]
}

const MOST = 4

/** This node at its address, then members that answer, nearest first and those without a TURN before the others. An address that is only a guess comes last. */
export function meetingPoints(rows: Iterable<Row>, own: OwnPlace): readonly MeetingPoint[] {
  const members = [...rows]
    .filter(({ record, state, told }) => record.id !== null && record.id !== own.id && state === 'alive' && told === undefined)
    .sort((a, b) => Number(a.record.via !== null) - Number(b.record.via !== null) || rank(a) - rank(b))
    .flatMap(({ record: { id, address } }) => (id === null ? [] : [{ id, address }]))
  const here = own.address === null ? [] : [{ id: own.id, address: own.address }]
  const guesses = own.address === null ? guessesOf(own) : []
  return [...here, ...members, ...guesses].slice(0, MOST)
}

const rank = ({ latency }: Row): number => latency.rttMs ?? Number.POSITIVE_INFINITY

function guessesOf({ id, listening, hosts }: OwnPlace): readonly MeetingPoint[] {
  if (listening === null) return []
  const { host, port } = listening
  const isEvery = host === '0.0.0.0' || host === '::'
  // Nobody listens at this machine's IPv6 addresses where all of IPv4 is named.
  const heard = host === '0.0.0.0' ? hosts.filter((one) => !one.includes(':')) : hosts
  const among = !isEvery ? [host] : heard.length > 0 ? heard : ['127.0.0.1']
  return among.flatMap((one) => {
    const address = addressOf(one, port)
    return address === null ? [] : [{ id, address }]
  })
}
