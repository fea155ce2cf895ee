// P2PRC's table exchange, from both sides. What it brings are addresses to look at: its records replace nothing signed,
// and its figures are not believed.
import { filter, merge, mergeMap, type Observable } from 'rxjs'
import { type AddressPolicy, addressOf, hostKind, isAllowed, NOBODY, parseAddress, type Teller, wordOf } from '../../domain/address.ts'
import { byRank, isListed, isProven, merge as mergeRecords, type Row, shownRows } from '../../domain/ip-table.ts'
import { type PeerRecord, unsignedRecord } from '../../domain/record.ts'
import { P2PRC_PERIOD } from '../../domain/timings.ts'
import { formatWireTable, NO_P2PRC_FIELDS, parseWireTable, type WireRecord } from '../../p2prc/wire-table.ts'
import type { Ports } from '../../ports.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import type { OwnRecord } from './own-record.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Prober } from './prober.ts'
import type { Reach } from './reach.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface P2prcExchange {
  /** Meets a stranger as P2PRC does; its row's key, or null when it is no P2PRC node either. */
  join(address: string): Promise<string | null>
  /** The answer to a posted table: ours after the merge. `selfAddress`: by which address the asker reached us. `seenAt`: its IP address. */
  answer(text: string, selfAddress: string | null, seenAt: string | null): Promise<Uint8Array>
  /** One exchange with one P2PRC peer every now and then, while subscribed. */
  readonly runs$: Observable<unknown>
}

interface ExchangeNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly calls: Pick<PeerCalls, 'postTable'>
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly policy: AddressPolicy
  readonly reach: Pick<Reach, 'ask' | 'provenAt'>
  readonly ownHosts: () => readonly string[]
  readonly ipOf: (address: string) => string | null
  readonly prober: Pick<Prober, 'prove'>
}

/** A text, and what it was written from. */
interface Written {
  readonly of: readonly unknown[]
  readonly text: Uint8Array
}

/** Rows of a posted table that are looked at before it is answered; the rest is looked at afterwards. */
const PROVEN_BEFORE_ANSWER = 32
/** A longer text of a record is left out: the rows of strangers must not fill the memory, nor every table that is told on. */
const MAX_FIELD_CHARS = 2_048
/** Of a posted table, this many records at most are taken. */
const MAX_TAKEN = 256

export function createP2prcExchange(needs: ExchangeNeeds): P2prcExchange {
  const { clock, calls, keeper, own, policy, reach, ownHosts, prober } = needs
  const random = needs.random.fork('p2prc')

  const reached = (address: string): Teller => {
    const seenAt = needs.ipOf(address)
    return { seenAt, reachedAt: addressOf(seenAt ?? '', parseAddress(address)?.port ?? 0) }
  }

  /** `from`: the address that answered with these, whose word counts for itself. */
  const take = (records: readonly WireRecord[], from: string | null, teller: Teller): readonly string[] => {
    const peers = records
      .slice(0, MAX_TAKEN)
      .map(recordOf)
      .filter((record) => record !== null)
    const mayBe = (address: string): boolean => isAllowed(address, policy, wordOf(address, teller, ownHosts()))
    const others = peers.filter(({ address }) => mayBe(address) && address !== own.address())
    const itself = others.filter(({ address }) => address === from)
    const changes = [
      ...keeper.apply((table, wallMs) => mergeRecords(table, others, wallMs, 'hearsay', teller.seenAt ?? from)),
      ...keeper.apply((table, wallMs) => mergeRecords(table, itself, wallMs, 'firsthand')),
    ]
    return [...new Set(changes.map(({ row }) => row.key))]
  }

  /** Everything proven, faithfully, for P2PRC replaces what it has by what it is told. */
  const wholeTable = (selfAddress: string | null): readonly WireRecord[] => {
    const rows = shownRows(keeper.current()).filter((row) => row.key !== own.id && isProven(row))
    const self = own.record() ?? (selfAddress === null ? null : { ...unsignedRecord(selfAddress, own.name), id: own.id })
    const mine = self ? [wireOf({ record: self, latency: { rttMs: null }, downMbps: null, upMbps: null })] : []
    return [...rows.map(wireOf), ...mine].filter((record) => record !== null)
  }

  /** What anybody may ask for, as often as it likes: written once for as long as nothing in it changes, and one memory for all answers. */
  let written: Written | null = null
  const wholeText = (selfAddress: string | null): Uint8Array => {
    const of = [keeper.current().revision, own.via(), own.address() ?? selfAddress]
    if (written?.of.every((part, i) => part === of[i]) !== true)
      written = { of, text: new TextEncoder().encode(formatWireTable(wholeTable(selfAddress))) }
    return written.text
  }

  /** Where a P2PRC peer may reach us: nobody there tells us, so it is guessed and then seen whether our row stays. */
  const candidate = (peer: string): string | null => {
    const { port, advertise } = reach.ask()
    if (advertise !== null) return advertise
    if (port === null) return own.address()
    const kind = hostKind(parseAddress(peer)?.host ?? '')
    const host = kind === 'loopback' ? '127.0.0.1' : (ownHosts().find((one) => hostKind(one) === kind) ?? ownHosts()[0])
    return host === undefined ? null : addressOf(host, port)
  }

  const exchange = async (address: string, claimed: string | null): Promise<readonly WireRecord[] | null> => {
    // As of now: the answer may come when the tunnel that the claimed address belongs to is gone.
    const isDirect = own.via() === null
    const answer = await calls.postTable(address, formatWireTable(wholeTable(claimed)))
    if (answer.type === 'failed' || !/^\s*\{/.test(answer.text)) return null
    const records = parseWireTable(answer.text)
    take(records, address, reached(address))
    // A P2PRC node pings what is posted before it answers: our row in its answer is the proof that it reached us.
    const kept = claimed !== null && records.some((record) => recordOf(record)?.address === claimed)
    if (kept && isDirect && reach.ask().port !== null) reach.provenAt(claimed, address)
    return records
  }

  return {
    join: async (address) => {
      // First only listen: what is posted replaces what the other has, so our table must hold its records first.
      const heard = await calls.postTable(address, '{"ip_address":[]}')
      if (heard.type === 'failed' || !/^\s*\{/.test(heard.text)) return null
      const stranger = unsignedRecord(address)
      const keys = take(parseWireTable(heard.text), address, reached(address))
      keeper.apply((table, wallMs) => mergeRecords(table, [stranger], wallMs))
      await prober.prove([...new Set([...keys, address])].slice(0, PROVEN_BEFORE_ANSWER))
      await exchange(address, candidate(address))
      return keeper.current().holders.get(address) ?? null
    },
    answer: async (text, selfAddress, seenAt) => {
      const keys = take(parseWireTable(text), null, { ...NOBODY, seenAt })
      await prober.prove(keys.slice(0, PROVEN_BEFORE_ANSWER))
      return wholeText(selfAddress)
    },
    runs$: merge(
      jitteredInterval(clock, random, P2PRC_PERIOD).pipe(
        mergeMap(() => {
          const rows = p2prcRows(keeper)
          const row = rows[Math.floor(random.fraction() * rows.length)]
          return row ? exchange(row.record.address, own.address() ?? candidate(row.record.address)) : Promise.resolve(null)
        }, 1),
      ),
      // Nobody there asks: a new address of ours is told to each at once.
      keeper.changes$.pipe(
        filter(({ type, row }) => row.key === own.id && (type === 'added' || type === 'changed')),
        mergeMap(() => Promise.all(p2prcRows(keeper).map(({ record }) => exchange(record.address, own.address())))),
      ),
    ),
  }
}

/** Proven ones, the nearest first. */
function p2prcRows(keeper: TableKeeper): readonly Row[] {
  const { unsigned, rows } = keeper.current()
  return [...unsigned]
    .flatMap((key) => rows.get(key) ?? [])
    .filter(isListed)
    .sort(byRank)
}

function recordOf(wire: WireRecord): PeerRecord | null {
  // A record with an IPv6 address is pinged there by P2PRC, whatever its IPv4 says.
  const address = addressOf(wire.ipv6 !== '' ? wire.ipv6 : wire.ipv4, Number(wire.serverPort || '80'))
  if (address === null) return null
  const { name, ipv4: _4, serverPort: _port, latencyMs: _ms, downMbps: _down, upMbps: _up, ...p2prc } = wire
  return unsignedRecord(address, name.slice(0, 64), {
    ...p2prc,
    machineUsername: bounded(p2prc.machineUsername),
    ipv6: bounded(p2prc.ipv6),
    udpServerPort: bounded(p2prc.udpServerPort),
    bareMetalSshPort: bounded(p2prc.bareMetalSshPort),
    escapeImplementation: bounded(p2prc.escapeImplementation),
    publicKey: bounded(p2prc.publicKey),
    customInformation: bounded(p2prc.customInformation),
  })
}

const bounded = (text: string): string => (text.length > MAX_FIELD_CHARS ? '' : text)

function wireOf({
  record,
  latency,
  downMbps,
  upMbps,
}: Pick<Row, 'record' | 'downMbps' | 'upMbps'> & { readonly latency: { readonly rttMs: number | null } }): WireRecord | null {
  const at = parseAddress(record.address)
  if (!at) return null
  const known = record.p2prc ?? { ...NO_P2PRC_FIELDS, escapeImplementation: record.via === null ? '' : 'FRP' }
  const isV6 = at.host.includes(':')
  return {
    ...known,
    name: record.name,
    ipv4: isV6 ? '' : at.host,
    ipv6: isV6 ? at.host : '',
    serverPort: String(at.port),
    latencyMs: latency.rttMs,
    downMbps,
    upMbps,
  }
}
