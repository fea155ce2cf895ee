// The node's own last day: it looks at itself once a minute and whenever something happens, and keeps what it saw over restarts.
import type { HistoryAnswer, MoonwalkNode, PeersAnswer, StatusAnswer } from '../../answers.ts'
import {
  AWAY,
  DEGRADED,
  eventClass,
  followed,
  HISTORY_EVENTS,
  HISTORY_MINUTES,
  HISTORY_PEERS,
  minuteOf,
  nodeMinute,
  type Passed,
  passedSince,
  peerMinute,
  serviceMinute,
  upPercent,
} from '../../domain/history.ts'
import type { Entry } from '../../feed/news.ts'
import { newsText } from '../../feed/news-text.ts'
import type { Clock, Store } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { Services } from '../services/services.ts'
import { type HistoryEvent, historyText, readHistoryText } from './history-text.ts'
import { MinuteRing } from './minute-ring.ts'

export interface History {
  /** Takes up what was kept, and begins to look. */
  start(): Promise<void>
  /** Writes it a last time. */
  close(): Promise<void>
  /** The last `minutes`, at most a day's. */
  answer(minutes?: number): HistoryAnswer
}

interface HistoryNeeds {
  readonly clock: Clock
  readonly store: Pick<Store, 'readHistory' | 'writeHistory'>
  readonly status: () => StatusAnswer
  readonly peers: MoonwalkNode['peers']
  readonly services: Pick<Services, 'passed'>
  readonly onEntry: (listener: (entry: Entry) => void) => () => void
  readonly health: Pick<Health, 'set'>
  readonly onBug: (error: unknown) => void
}

const LOOK_EVERY = 20_000
const WRITE_EVERY = 600_000
/** Of a table with more rows the nearest alone are looked at: to write out all takes long. */
const LARGE_TABLE = 2_000

export function createHistory({ clock, store, status, peers, services, onEntry, health, onBug }: HistoryNeeds): History {
  const ring = new MinuteRing(minuteOf(clock.wallMs()))
  let events: HistoryEvent[] = []
  let counted: ReadonlyMap<string, Passed> = new Map()
  let [looking, writing]: [unknown, unknown] = [null, null]
  let last: Promise<void> = Promise.resolve()
  let stopListening = (): void => {}

  /** It counts for the minute in which it is read. */
  const countTraffic = (): void => {
    const read = services.passed()
    for (const { service, ...now } of read) ring.pass(service, service, passedSince(counted.get(service), now))
    counted = new Map(read.map(({ service, ...now }) => [service, now]))
  }
  const lookAtSelf = (): StatusAnswer => {
    ring.advance(minuteOf(clock.wallMs()))
    const now = status()
    ring.see('node', now.node.id, now.node.name, nodeMinute(now.node.reachability))
    for (const service of now.services) ring.see('service', service.name, service.name, serviceMinute(service))
    countTraffic()
    return now
  }
  const nearest = (): PeersAnswer =>
    (peers('here', { limit: 1 }).page?.total ?? 0) > LARGE_TABLE ? peers('here', { limit: HISTORY_PEERS * 2 }) : peers('all')
  const look = (): void => {
    const turns = new Set(lookAtSelf().turns.map(({ address }) => address))
    const others = nearest().peers.filter(({ self }) => !self)
    const keyed = others.map((peer) => ({ ...peer, key: peer.id ?? peer.address }))
    const kept = followed(keyed.map(({ key, rttMs, address }) => ({ key, rttMs, isTurn: turns.has(address) })))
    const known = new Set(ring.ids('peer'))
    for (const { key, name, state, measured, speedAt, downMbps, upMbps, ...figures } of keyed) {
      // Who is away was nearest once, or is nobody whose minutes are kept.
      if (!kept.has(key) || (state === 'offline' && !known.has(key))) continue
      ring.see('peer', key, name, peerMinute(state))
      if (measured === 'self') ring.measure('peer', key, name, figures)
      if (speedAt !== null) ring.speed('peer', key, name, { atMs: Date.parse(speedAt), downMbps, upMbps })
    }
    if (known.size > kept.size * 2) for (const id of known) if (!kept.has(id)) ring.drop('peer', id)
  }
  const heard = (entry: Entry): void => {
    const kind = eventClass(entry.type)
    if (kind === null) return
    if (kind === 'own') lookAtSelf()
    if ((entry.type === 'peer.suspected' || entry.type === 'peer.removed') && ring.ids('peer').includes(entry.peer))
      ring.see('peer', entry.peer, entry.name, entry.type === 'peer.removed' ? AWAY : DEGRADED)
    events.push({ at: entry.at, type: entry.type, text: newsText(entry) })
    // Not with each: a thousand may come at once.
    if (events.length >= HISTORY_EVENTS + ROOM) events = keptEvents(events)
  }
  const write = (): Promise<void> => {
    const writeNow = async (): Promise<void> => {
      const failure = await store.writeHistory(historyText({ minute: ring.last, series: ring.list(), events: keptEvents(events) }))
      health.set('history', failure === null ? null : { level: 'warn', text: failure.text, fix: failure.fix })
    }
    last = last.then(writeNow).catch(onBug)
    return last
  }
  const every = (ms: number, work: () => void, keep: (timer: unknown) => void): void => {
    const again = (): void => {
      keep(
        clock.setTimeout(() => {
          work()
          again()
        }, ms),
      )
    }
    again()
  }

  return {
    start: async () => {
      const kept = readHistoryText(await store.readHistory())
      ring.advance(minuteOf(clock.wallMs()))
      for (const series of kept?.series ?? []) ring.restore(series, kept?.minute ?? 0)
      const before = clock.wallMs() - HISTORY_MINUTES * 60_000
      events = keptEvents([...(kept?.events ?? []).filter(({ at }) => Date.parse(at) > before), ...events])
      stopListening = onEntry(heard)
      every(LOOK_EVERY, look, (timer) => {
        looking = timer
      })
      every(
        WRITE_EVERY,
        () => void write(),
        (timer) => {
          writing = timer
        },
      )
    },
    close: async () => {
      stopListening()
      clock.clearTimeout(looking)
      clock.clearTimeout(writing)
      countTraffic()
      await write()
    },
    answer: (minutes = HISTORY_MINUTES) => {
      look()
      const count = Math.max(1, Math.min(HISTORY_MINUTES, Math.round(minutes)))
      const fromMs = (ring.last - count + 1) * 60_000
      return {
        schemaVersion: 1,
        from: new Date(fromMs).toISOString(),
        minutes: count,
        series: ring.list(count).map(({ rttMs, jitterMs, speeds, ...series }) => ({
          ...series,
          upPct: upPercent(series.states),
          ...(series.kind === 'peer' ? { rttMs, jitterMs } : { rttMs: [], jitterMs: [] }),
          speeds: speeds.map(({ atMs, ...speed }) => ({ at: new Date(atMs).toISOString(), ...speed })),
        })),
        events: keptEvents(events).filter(({ at }) => Date.parse(at) >= fromMs),
      }
    },
  }
}

/** Those of peers have half of the places at most. */
function keptEvents(all: readonly HistoryEvent[]): HistoryEvent[] {
  const over = Math.max(0, all.length - HISTORY_EVENTS)
  const ofPeers = over > 0 ? all.filter(({ type }) => eventClass(type) === 'peer') : []
  const leaving = new Set(ofPeers.slice(0, Math.min(over, Math.max(0, ofPeers.length - HISTORY_EVENTS / 2))))
  return all.filter((event) => !leaving.has(event)).slice(over - leaving.size)
}

/** So many more come before the oldest are let go. */
const ROOM = 64
