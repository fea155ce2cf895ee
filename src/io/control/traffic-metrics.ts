// What was carried, for Prometheus: this node's own services by name, and as TURN the whole and the first proxies.
import type { StatusAnswer, TrafficAnswer } from '../../answers.ts'
import { label, type MetricFamily } from './metric-family.ts'

/**
 * Carried proxies with series of their own: those whose clients have been here longest. Strangers name them, and a scraper keeps
 * every label for ever. `moonwalk_turn_…` counts the others too.
 */
const MAX_PROXIES = 100

type Counts = Pick<TrafficAnswer, 'connectionsNow' | 'connectionsEver' | 'bytesIn' | 'bytesOut' | 'errorsEver'>
const NOTHING: Counts = { connectionsNow: 0, connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0 }

export function trafficFamilies({ services, clients, carried }: Pick<StatusAnswer, 'services' | 'clients' | 'carried'>): MetricFamily[] {
  const own = services.map(({ name, kind, traffic }) => ({ labels: { service: name, kind }, counts: traffic ?? NOTHING }))
  const others = clients
    .flatMap(({ proxies }) => proxies)
    .slice(0, MAX_PROXIES)
    .map(({ name, kind, ...counts }) => ({ labels: { proxy: name, kind }, counts }))
  return [
    ['moonwalk_turn_clients', 'gauge', 'Clients that this node carries as TURN.', [['', carried.clients]]],
    ['moonwalk_turn_proxies', 'gauge', 'Proxies that this node carries as TURN.', [['', carried.proxies]]],
    ...counting('moonwalk_turn', 'of all proxies that this node carries as TURN.', [{ labels: null, counts: carried }]),
    ...counting('moonwalk_proxy', `by own service, or by carried proxy (the first ${MAX_PROXIES}).`, [...own, ...others]),
  ]
}

interface Counted {
  readonly labels: { readonly service: string; readonly kind: string } | { readonly proxy: string; readonly kind: string } | null
  readonly counts: Counts
}

function counting(prefix: string, of: string, counted: readonly Counted[]): MetricFamily[] {
  const samples = (pick: (counts: Counts) => number) =>
    counted.map(({ labels, counts }) => [labels === null ? '' : label(labels), pick(counts)] as const)
  return [
    [`${prefix}_connections`, 'gauge', `Users' connections now, ${of}`, samples(({ connectionsNow }) => connectionsNow)],
    [`${prefix}_connections_total`, 'counter', `Users' connections so far, ${of}`, samples(({ connectionsEver }) => connectionsEver)],
    [
      `${prefix}_bytes_total`,
      'counter',
      `Bytes from users (in) and to them (out), ${of}`,
      counted.flatMap(({ labels, counts }) => [
        [label({ ...labels, direction: 'in' }), counts.bytesIn] as const,
        [label({ ...labels, direction: 'out' }), counts.bytesOut] as const,
      ]),
    ],
    [`${prefix}_errors_total`, 'counter', `Times that somebody was not served, ${of}`, samples(({ errorsEver }) => errorsEver)],
  ]
}
