import type { PeerCounts, StatusAnswer } from '../../answers.ts'
import { label, type MetricFamily, metricFamilies } from './metric-family.ts'
import { trafficFamilies } from './traffic-metrics.ts'

export interface Measured {
  readonly version: string
  readonly status: StatusAnswer
  readonly peers: PeerCounts
  /** Entries of news in this run. */
  readonly newsCount: number
  readonly uptimeSeconds: number
  readonly residentBytes: number
}

/**
 * Prometheus' text format. Nothing is labelled by peer: a table may be long, and a scraper keeps
 * every label for ever. Carried proxies are, up to a number.
 */
export function metricsText({ version, status, peers, newsCount, uptimeSeconds, residentBytes }: Measured): string {
  const count = <T>(rows: readonly T[], is: (row: T) => boolean) => rows.filter(is).length
  const families: readonly MetricFamily[] = [
    [
      'moonwalk_info',
      'gauge',
      'Always 1; the labels say which node.',
      [[label({ version, id: status.node.id, name: status.node.name }), 1]],
    ],
    ['moonwalk_state', 'gauge', 'Always 1; the label is the state of the node machine.', [[label({ state: status.node.state }), 1]]],
    [
      'moonwalk_reachable',
      'gauge',
      'Whether others can reach this node, by itself or through a TURN.',
      [['', status.node.address === null ? 0 : 1]],
    ],
    [
      'moonwalk_peers',
      'gauge',
      'Other servers in the table, by state.',
      (['alive', 'suspect', 'unknown'] as const).map((state) => [label({ state }), peers[state]] as const),
    ],
    ['moonwalk_peers_turn', 'gauge', 'Other servers that offer to be a TURN.', [['', peers.turns]]],
    [
      'moonwalk_nearest_rtt_seconds',
      'gauge',
      'Round trip to the nearest server.',
      peers.nearestRttMs === null ? [] : [['', peers.nearestRttMs / 1_000]],
    ],
    [
      'moonwalk_turn_rtt_seconds',
      'gauge',
      'Round trip to the TURN in use.',
      status.turn?.rttMs == null ? [] : [['', status.turn.rttMs / 1_000]],
    ],
    [
      'moonwalk_services',
      'gauge',
      'Services exposed, by state.',
      (['up', 'opening', 'down'] as const).map(
        (state) => [label({ state }), count(status.services, (service) => service.state === state)] as const,
      ),
    ],
    ...trafficFamilies(status),
    ['moonwalk_news_total', 'counter', 'Entries of news in this run.', [['', newsCount]]],
    ['process_resident_memory_bytes', 'gauge', 'Resident memory.', [['', residentBytes]]],
    ['moonwalk_uptime_seconds', 'gauge', 'Since the node was started.', [['', uptimeSeconds]]],
  ]
  return metricFamilies(families)
}
