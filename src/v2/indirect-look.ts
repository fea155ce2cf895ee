// Looking for another, and what is signed of it. Over the members' channel:
//
//   POST /v2/look  LookAsk → LookAnswer. "I can't reach this one at that address: can you?" Who is asked looks itself, as it does for its
//        own sake, and only at a row that it lists with that address: nobody can have it contact a stranger.
//
// Who missed one signs it (`Witness`): signatures of several are what a death is believed by (`Death`, in gossip).
import { isId, parseObject } from './envelope.ts'

export const MAX_LOOK_BYTES = 1_024
const MAX_DEATHS = 32
const MAX_WITNESSES = 8

export interface LookAsk {
  readonly id: string
  readonly address: string
}

export type LookAnswer =
  | { readonly type: 'reached' }
  /** With the looker's signature of it. */
  | { readonly type: 'missed'; readonly atMs: number; readonly sig: string }
  /** It looks for too many others, or does not list that row. */
  | { readonly type: 'busy' }

/** A member's word that it looked at an address and missed its owner. */
export interface Witness {
  readonly by: string
  /** Wall time of the witness. */
  readonly atMs: number
  /** Signature over `witnessBytes`; base64url. */
  readonly sig: string
}

/** A row is gone: everybody who removes it tells it on once. */
export interface Death {
  readonly id: string
  /** The count of its last word: a later one refutes this. */
  readonly seq: number
  readonly address: string
  readonly witnesses: readonly Witness[]
}

/** What a witness signs. */
export const witnessBytes = (missed: { readonly id: string; readonly address: string; readonly atMs: number }): Uint8Array =>
  new TextEncoder().encode(`moonwalk missed\n${missed.id}\n${missed.address}\n${missed.atMs}`)

export function readLookAsk(body: Buffer | null): LookAsk | null {
  const { id, address } = (body && parseObject(body.toString('utf8'))) ?? {}
  return typeof id === 'string' && isId(id) && isShort(address) ? { id, address } : null
}

/** What is none of ours says nothing. */
export function readLookAnswer(body: Buffer): LookAnswer {
  const { type, atMs, sig } = parseObject(body.toString('utf8')) ?? {}
  if (type === 'reached') return { type }
  return type === 'missed' && isTime(atMs) && isShort(sig) ? { type, atMs, sig } : { type: 'busy' }
}

export const readDeaths = (value: unknown): readonly Death[] =>
  Array.isArray(value) ? value.slice(0, MAX_DEATHS).flatMap((one: unknown) => readDeath(one) ?? []) : []

function readDeath(value: unknown): Death | null {
  const { id, seq, address, witnesses } = fieldsOf(value)
  if (typeof id !== 'string' || !isId(id) || !isTime(seq) || !isShort(address) || !Array.isArray(witnesses)) return null
  return { id, seq, address, witnesses: witnesses.slice(0, MAX_WITNESSES).flatMap((one: unknown) => readWitness(one) ?? []) }
}

function readWitness(value: unknown): Witness | null {
  const { by, atMs, sig } = fieldsOf(value)
  return typeof by === 'string' && isId(by) && isTime(atMs) && isShort(sig) ? { by, atMs, sig } : null
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
const isShort = (value: unknown): value is string => typeof value === 'string' && value.length <= 300
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
