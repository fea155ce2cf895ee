// Our own routes on the public port, over the members' channel: shapes, limits and how they are read. All bodies are JSON. Where a
// message carries a signed word of its sender, that is the node at the other end of the channel.
//
//   GET  /server_info → P2PRC's keys and ours, or as little as a look needs (look.ts). It says the request's `moonwalk-token` again
//        (fresh-answer.ts), since pings time it.
//   POST /v2/hello    HelloAsk → HelloAnswer. "Who are you, what address do you see me at, and can you reach me?"
//   GET  /v2/echo?nonce=HEX&at=HOST:PORT → EchoAnswer (echo.ts). Proves to the asker that the node with this id answers at that
//        address.
//   POST /v2/gossip   GossipMessage → GossipMessage. Which words the two tables differ in, and those words, both ways; again until there
//        is nothing to say any more. Words and digests are written as in gossip-words.ts; what is empty or null is left out.
//   POST /v2/look     LookAsk → LookAnswer (indirect-look.ts). "Can you reach this one?"
//   GET  /v2/speed/open?test=HEX[&auto=1] → `{}`: the asker's speed test of that name may begin. 429 when busy, with Retry-After and
//        `{"error","retryAfterMs"}`: the slot is kept for the asker then. Asked on each connection that the test is to use, so that all
//        of them stand when it begins. `auto`: no person asked for it, and a node that carries traffic or has done enough refuses.
//   GET  /v2/speed/down?test=HEX&bytes=N → N bytes, at most `SPEED_STREAM_BYTES`. Several at once are one test.
//   POST /v2/speed/up?test=HEX&rtt=MS → SpeedUpAnswer. Several at once are one transfer, timed where it arrives, and each is answered
//        as soon as its rate is known, wherever its body is. `rtt`: of the path at rest.
//   GET  /v2/services → `{"services":[ToldService]}`: what the asker may reach of this node's services (connect.ts, which also has how).
//   Without `test` each of the two is a test by itself, on one connection, and a body is read to its end.
import type { Plateau } from '../domain/plateau.ts'
import type { Comparison } from '../domain/table/differences.ts'
import type { Digest } from '../domain/table/key-ranges.ts'
import type { Vouch } from '../domain/vouches.ts'
import { isId, MAX_ENVELOPE_BYTES, parseObject } from './envelope.ts'
import { digestText, listsJson, rangesJson, readDigest, readLists, readRanges, readWords, wordsText } from './gossip-words.ts'
import { type Death, readDeaths } from './indirect-look.ts'
import { readVouch, vouchText } from './vouch.ts'

export const MAX_HELLO_BYTES = 8 * 1024
export const MAX_GOSSIP_BYTES = 1024 * 1024
/** Records in one message, and words that are offered or wanted in it. */
export const MAX_GOSSIP_RECORDS = 500
const MAX_DOUBTS = 64

export interface HelloAsk {
  /** The asker's signed word of itself. */
  readonly from: string
  /** Its listening port, to be tried at the host the asked one sees; null: it listens nowhere. */
  readonly port: number | null
  /** A full address to try first. */
  readonly advertise: string | null
}

export interface HelloAnswer {
  readonly record: string
  /** The host the asker was seen at; null where that says nothing, as through a tunnel. */
  readonly observed: string | null
  readonly dialBack: DialBack
}

/** What trying to connect back to the asker came to. That nobody tried says nothing of the asker. */
export type DialBack =
  /** It answered with its echo at this address. `vouch`: the asked one's, for the asker to carry in its record. */
  | { readonly type: 'reached'; readonly address: string; readonly vouch?: Vouch }
  /** `refused`: its host said that nobody listens there, or somebody else answered. `silent`: no answer in time. */
  | { readonly type: 'missed'; readonly why: 'refused' | 'silent' }
  /** Too many others are being tried. */
  | { readonly type: 'busy' }
  /** It named no address that may be contacted. */
  | { readonly type: 'untried' }

export interface GossipMessage extends Comparison {
  /** The count of the sender's own signed word. */
  readonly seq: number
  /** The count of the receiver's word that the sender knows; null: it knows none, or wants it again. */
  readonly knows: number | null
  /** The sender's signed word, where the receiver may not know it. */
  readonly from: string | null
  /** Over all words the sender passes on, to be compared; null: not now. */
  readonly digest: Digest | null
  /** Keys of words that the receiver is to give. */
  readonly wants: readonly string[]
  readonly records: readonly string[]
  /** P2PRC rows, which nobody signs. */
  readonly unsigned: readonly UnsignedRow[]
  /** Rows that neither the sender nor those it asked could reach: see for yourself. */
  readonly doubts: readonly { readonly id: string; readonly seq: number }[]
  /** Rows that are gone, with those who missed them. */
  readonly deaths: readonly Death[]
}

export interface UnsignedRow {
  readonly address: string
  readonly name: string
}

export interface SpeedUpAnswer extends Plateau {
  /** What arrived until the answer, and in what time. */
  readonly bytes: number
  readonly ms: number
  /** The part of each way's time that the answering process was at work or waited for a processor, 0 to 1; null where it carried nothing that way. */
  readonly busyDown: number | null
  readonly busyUp: number | null
}

export function readHelloAsk(body: Buffer | null): HelloAsk | null {
  const value = body && parseObject(body.toString('utf8'))
  if (!value) return null
  const { from, port, advertise } = value
  if (typeof from !== 'string' || !(port === null || isPort(port))) return null
  return { from, port, advertise: shortText(advertise) }
}

export function readHelloAnswer(body: Buffer): HelloAnswer | null {
  const value = parseObject(body.toString('utf8'))
  if (!value || typeof value.record !== 'string') return null
  return { record: value.record, observed: shortText(value.observed), dialBack: readDialBack(value.dialBack) }
}

/** As it is written. */
export const helloAnswerJson = ({ record, observed, dialBack }: HelloAnswer): Readonly<Record<string, unknown>> => ({
  record,
  observed,
  dialBack: dialBack.type === 'reached' && dialBack.vouch ? { ...dialBack, vouch: vouchText(dialBack.vouch) } : dialBack,
})

/** What is none of ours says nothing. */
function readDialBack(value: unknown): DialBack {
  const {
    type,
    address,
    why,
    vouch: text,
  } = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  const at = type === 'reached' ? shortText(address) : null
  const vouch = readVouch(text)
  if (at !== null) return { type: 'reached', address: at, ...(vouch ? { vouch } : {}) }
  if (type === 'missed') return { type: 'missed', why: why === 'refused' ? 'refused' : 'silent' }
  return type === 'busy' ? { type: 'busy' } : { type: 'untried' }
}

/** As it is written. */
export function gossipJson(message: GossipMessage): Readonly<Record<string, unknown>> {
  const { seq, knows, from, digest, ranges, lists, offers, wants, records, unsigned, doubts, deaths } = message
  return {
    seq,
    ...(knows === null ? {} : { knows }),
    ...(from === null ? {} : { from }),
    ...(digest === null ? {} : { digest: digestText(digest) }),
    ...(ranges.length === 0 ? {} : { ranges: rangesJson(ranges) }),
    ...(lists.length === 0 ? {} : { lists: listsJson(lists) }),
    ...(offers.length === 0 ? {} : { offers: wordsText(offers) }),
    ...(wants.length === 0 ? {} : { wants: wordsText(wants.map((key) => ({ key, seq: 0 }))) }),
    ...(records.length === 0 ? {} : { records }),
    ...(unsigned.length === 0 ? {} : { unsigned }),
    ...(doubts.length === 0 ? {} : { doubts }),
    ...(deaths.length === 0 ? {} : { deaths }),
  }
}

export function readGossip(body: Buffer | null): GossipMessage | null {
  const value = body && parseObject(body.toString('utf8'))
  if (!value || !isCount(value.seq)) return null
  const { seq, knows, from, digest, ranges, lists, offers, wants, records, unsigned, doubts } = value
  return {
    seq,
    knows: isCount(knows) ? knows : null,
    from: typeof from === 'string' ? from : null,
    digest: readDigest(digest),
    ranges: readRanges(ranges),
    lists: readLists(lists),
    offers: readWords(offers, MAX_GOSSIP_RECORDS),
    wants: readWords(wants, MAX_GOSSIP_RECORDS).map(({ key }) => key),
    records: list(records, MAX_GOSSIP_RECORDS).filter((item) => typeof item === 'string' && item.length <= MAX_ENVELOPE_BYTES) as string[],
    unsigned: list(unsigned, MAX_GOSSIP_RECORDS).flatMap(readUnsigned),
    doubts: list(doubts, MAX_DOUBTS).flatMap(readDoubt),
    deaths: readDeaths(value.deaths),
  }
}

export function readSpeedUp(body: Buffer): SpeedUpAnswer | null {
  const value = parseObject(body.toString('utf8'))
  if (!value) return null
  const { bytes, ms, mbps, lowMbps, highMbps, coverage, confidence, settled, busyDown, busyUp } = value
  const isFigure = isAmount(bytes) && isAmount(ms) && isAmount(mbps) && isAmount(lowMbps) && isAmount(highMbps)
  return isFigure && isShare(coverage) && isShare(confidence) && typeof settled === 'boolean'
    ? { bytes, ms, mbps, lowMbps, highMbps, coverage, confidence, settled, busyDown: shareOf(busyDown), busyUp: shareOf(busyUp) }
    : null
}

// JSON may say 1e999, which is read as infinite.
const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
const isCount = (value: unknown): value is number => isAmount(value) && Number.isSafeInteger(value)
const isShare = (value: unknown): value is number => isAmount(value) && value <= 1
const shareOf = (value: unknown): number | null => (isShare(value) ? value : null)
const list = (value: unknown, most: number): readonly unknown[] => (Array.isArray(value) ? value.slice(0, most) : [])
const shortText = (value: unknown): string | null => (typeof value === 'string' && value.length <= 300 ? value : null)
export const isPort = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535

function readUnsigned(value: unknown): UnsignedRow[] {
  if (typeof value !== 'object' || value === null || !('address' in value) || !('name' in value)) return []
  const { address, name } = value
  return typeof address === 'string' && typeof name === 'string' && name.length <= 300 ? [{ address, name }] : []
}

function readDoubt(value: unknown): { readonly id: string; readonly seq: number }[] {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('seq' in value)) return []
  const { id, seq } = value
  return typeof id === 'string' && isId(id) && typeof seq === 'number' ? [{ id, seq }] : []
}
