// The history as its file has it, `DIR/history.json`:
//
//   { "minute": 29451234, "series": [{ "kind": "peer", "id": ID, "name": NAME, "states": "uuda…", "rtt": [12.4, …],
//     "jitter": […], "speeds": [[WALL MS, DOWN, UP]], "traffic": { "in": [BYTES, …], "out": […], "connections": […] } }], "events": [{ "at": ISO, "type": TYPE, "text": TEXT }] }
//
// `minute`: the newest, since 1970. Lists end with it and begin with the first minute that is known. It is the node's own: what does
// not fit is left out. `traffic`: of a service for which something has come in that day.
import { HISTORY_EVENTS, HISTORY_MINUTES, HISTORY_PEERS } from '../../domain/history.ts'
import type { SeriesMinutes, SpeedPoint, TrafficMinutes } from './minute-ring.ts'

export interface HistoryEvent {
  readonly at: string
  readonly type: string
  readonly text: string
}

export interface KeptHistory {
  readonly minute: number
  readonly series: readonly SeriesMinutes[]
  readonly events: readonly HistoryEvent[]
}

const MAX_CHARS = 1_000
/** Services and TURNs come on top. */
const MAX_SERIES = HISTORY_PEERS * 2

export function historyText({ minute, series, events }: KeptHistory): string {
  const lines = series.map(({ kind, id, name, states, rttMs, jitterMs, speeds, traffic }) => {
    const from = Math.max(0, states.search(/[^.]/))
    return JSON.stringify({
      ...{ kind, id, name, states: states.slice(from), rtt: trimmed(rttMs.slice(from)), jitter: trimmed(jitterMs.slice(from)) },
      speeds: speeds.map(({ atMs, downMbps, upMbps }) => [atMs, downMbps, upMbps]),
      ...(traffic && { traffic: trafficFrom(traffic, from) }),
    })
  })
  return `{"minute":${minute},\n"series":[\n${lines.join(',\n')}\n],\n"events":${JSON.stringify(events)}}\n`
}

/** Nothing at all where nothing was measured. */
const trimmed = (values: readonly (number | null)[]): readonly (number | null)[] => (values.every((value) => value === null) ? [] : values)

const trafficFrom = ({ bytesIn, bytesOut, connections }: TrafficMinutes, from: number) => ({
  ...{ in: bytesIn.slice(from), out: bytesOut.slice(from), connections: connections.slice(from) },
})

/** Null where it is no history. */
export function readHistoryText(text: string): KeptHistory | null {
  const content = parsed(text)
  const minute = content.get('minute')
  if (typeof minute !== 'number' || !Number.isSafeInteger(minute) || minute < 0) return null
  const list = (key: string): readonly unknown[] => {
    const value = content.get(key)
    return Array.isArray(value) ? value : []
  }
  return {
    minute,
    series: list('series').slice(0, MAX_SERIES).flatMap(seriesIn),
    events: list('events').slice(-HISTORY_EVENTS).flatMap(eventIn),
  }
}

function parsed(text: string): ReadonlyMap<string, unknown> {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return new Map()
  }
}

const fieldsOf = (raw: unknown): ReadonlyMap<string, unknown> => new Map(typeof raw === 'object' && raw !== null ? Object.entries(raw) : [])
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_CHARS

function seriesIn(raw: unknown): readonly SeriesMinutes[] {
  const fields = fieldsOf(raw)
  const [kind, id, name, states] = ['kind', 'id', 'name', 'states'].map((key) => fields.get(key))
  if ((kind !== 'node' && kind !== 'service' && kind !== 'peer') || !isText(id) || !isText(name)) return []
  if (typeof states !== 'string' || states.length > HISTORY_MINUTES || !/^[.uda]*$/.test(states)) return []
  const figures = (key: string, among = fields): readonly (number | null)[] => {
    const value = among.get(key)
    const all = Array.isArray(value) && value.length === states.length ? value : []
    return all.map((one: unknown) => (typeof one === 'number' && one >= 0 ? one : null))
  }
  const speeds = fields.get('speeds')
  const traffic = fieldsOf(fields.get('traffic'))
  return [
    {
      ...{ kind, id, name, states, rttMs: figures('rtt'), jitterMs: figures('jitter') },
      speeds: Array.isArray(speeds) ? speeds.flatMap(speedIn) : [],
      traffic:
        kind === 'service' && traffic.size > 0
          ? { bytesIn: figures('in', traffic), bytesOut: figures('out', traffic), connections: figures('connections', traffic) }
          : null,
    },
  ]
}

function speedIn(raw: unknown): readonly SpeedPoint[] {
  const [atMs, downMbps, upMbps] = Array.isArray(raw) ? raw : []
  const mbps = (value: unknown): number | null => (typeof value === 'number' && value >= 0 ? value : null)
  return typeof atMs === 'number' && Number.isFinite(atMs) ? [{ atMs, downMbps: mbps(downMbps), upMbps: mbps(upMbps) }] : []
}

function eventIn(raw: unknown): readonly HistoryEvent[] {
  const fields = fieldsOf(raw)
  const [at, type, text] = ['at', 'type', 'text'].map((key) => fields.get(key))
  return isText(at) && isText(type) && isText(text) && !Number.isNaN(Date.parse(at)) ? [{ at, type, text }] : []
}
