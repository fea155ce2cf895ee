import { expect, test } from 'vitest'
import { metricsText } from '../../../src/io/control/metrics-text.ts'
import { aClient, aRow, aService, aStatus, countsOf, NOTHING_CARRIED, someTraffic } from '../../browser/fake-node.ts'

const measured = (status: ReturnType<typeof aStatus>) =>
  metricsText({
    version: '0.1.0',
    status,
    peers: countsOf([aRow('birch', { rttMs: 12.5 })]),
    newsCount: 7,
    uptimeSeconds: 12.3,
    residentBytes: 50_000_000,
  })

test('the whole text, with services, clients and what strangers call their proxies', () =>
  expect(
    measured(
      aStatus('serving', {
        services: [aService('web', someTraffic({ errorsEver: 4 })), { ...aService('dns'), kind: 'udp', state: 'opening' }],
        clients: [aClient('elm', [{ name: 'say "hi"\n\\', port: 20_001, connectionsNow: 1 }]), aClient('oak')],
        carried: { clients: 2, proxies: 1, connectionsNow: 1, connectionsEver: 1_300, bytesIn: 8_200, bytesOut: 92_000, errorsEver: 3 },
      }),
    ),
  ).toMatchInlineSnapshot(`
    "# HELP moonwalk_info Always 1; the labels say which node.
    # TYPE moonwalk_info gauge
    moonwalk_info{version="0.1.0",id="abababababababababababababababab",name="ash"} 1
    # HELP moonwalk_state Always 1; the label is the state of the node machine.
    # TYPE moonwalk_state gauge
    moonwalk_state{state="serving"} 1
    # HELP moonwalk_reachable Whether others can reach this node, by itself or through a TURN.
    # TYPE moonwalk_reachable gauge
    moonwalk_reachable 0
    # HELP moonwalk_peers Other servers in the table, by state.
    # TYPE moonwalk_peers gauge
    moonwalk_peers{state="alive"} 1
    moonwalk_peers{state="suspect"} 0
    moonwalk_peers{state="unknown"} 0
    # HELP moonwalk_peers_turn Other servers that offer to be a TURN.
    # TYPE moonwalk_peers_turn gauge
    moonwalk_peers_turn 1
    # HELP moonwalk_nearest_rtt_seconds Round trip to the nearest server.
    # TYPE moonwalk_nearest_rtt_seconds gauge
    moonwalk_nearest_rtt_seconds 0.0125
    # HELP moonwalk_turn_rtt_seconds Round trip to the TURN in use.
    # TYPE moonwalk_turn_rtt_seconds gauge
    # HELP moonwalk_services Services exposed, by state.
    # TYPE moonwalk_services gauge
    moonwalk_services{state="up"} 1
    moonwalk_services{state="opening"} 1
    moonwalk_services{state="down"} 0
    # HELP moonwalk_turn_clients Clients that this node carries as TURN.
    # TYPE moonwalk_turn_clients gauge
    moonwalk_turn_clients 2
    # HELP moonwalk_turn_proxies Proxies that this node carries as TURN.
    # TYPE moonwalk_turn_proxies gauge
    moonwalk_turn_proxies 1
    # HELP moonwalk_turn_connections Users' connections now, of all proxies that this node carries as TURN.
    # TYPE moonwalk_turn_connections gauge
    moonwalk_turn_connections 1
    # HELP moonwalk_turn_connections_total Users' connections so far, of all proxies that this node carries as TURN.
    # TYPE moonwalk_turn_connections_total counter
    moonwalk_turn_connections_total 1300
    # HELP moonwalk_turn_bytes_total Bytes from users (in) and to them (out), of all proxies that this node carries as TURN.
    # TYPE moonwalk_turn_bytes_total counter
    moonwalk_turn_bytes_total{direction="in"} 8200
    moonwalk_turn_bytes_total{direction="out"} 92000
    # HELP moonwalk_turn_errors_total Times that somebody was not served, of all proxies that this node carries as TURN.
    # TYPE moonwalk_turn_errors_total counter
    moonwalk_turn_errors_total 3
    # HELP moonwalk_proxy_connections Users' connections now, by own service, or by carried proxy (the first 100).
    # TYPE moonwalk_proxy_connections gauge
    moonwalk_proxy_connections{service="web",kind="tcp"} 2
    moonwalk_proxy_connections{service="dns",kind="udp"} 0
    moonwalk_proxy_connections{proxy="say \\"hi\\"?\\\\",kind="tcp"} 1
    # HELP moonwalk_proxy_connections_total Users' connections so far, by own service, or by carried proxy (the first 100).
    # TYPE moonwalk_proxy_connections_total counter
    moonwalk_proxy_connections_total{service="web",kind="tcp"} 31
    moonwalk_proxy_connections_total{service="dns",kind="udp"} 0
    moonwalk_proxy_connections_total{proxy="say \\"hi\\"?\\\\",kind="tcp"} 31
    # HELP moonwalk_proxy_bytes_total Bytes from users (in) and to them (out), by own service, or by carried proxy (the first 100).
    # TYPE moonwalk_proxy_bytes_total counter
    moonwalk_proxy_bytes_total{service="web",kind="tcp",direction="in"} 1300000
    moonwalk_proxy_bytes_total{service="web",kind="tcp",direction="out"} 47000000
    moonwalk_proxy_bytes_total{service="dns",kind="udp",direction="in"} 0
    moonwalk_proxy_bytes_total{service="dns",kind="udp",direction="out"} 0
    moonwalk_proxy_bytes_total{proxy="say \\"hi\\"?\\\\",kind="tcp",direction="in"} 1300000
    moonwalk_proxy_bytes_total{proxy="say \\"hi\\"?\\\\",kind="tcp",direction="out"} 47000000
    # HELP moonwalk_proxy_errors_total Times that somebody was not served, by own service, or by carried proxy (the first 100).
    # TYPE moonwalk_proxy_errors_total counter
    moonwalk_proxy_errors_total{service="web",kind="tcp"} 4
    moonwalk_proxy_errors_total{service="dns",kind="udp"} 0
    moonwalk_proxy_errors_total{proxy="say \\"hi\\"?\\\\",kind="tcp"} 0
    # HELP moonwalk_news_total Entries of news in this run.
    # TYPE moonwalk_news_total counter
    moonwalk_news_total 7
    # HELP process_resident_memory_bytes Resident memory.
    # TYPE process_resident_memory_bytes gauge
    process_resident_memory_bytes 50000000
    # HELP moonwalk_uptime_seconds Since the node was started.
    # TYPE moonwalk_uptime_seconds gauge
    moonwalk_uptime_seconds 12.3
    "
  `))

test('of carried proxies the first hundred have series of their own, and the sums have all', () => {
  const proxies = Array.from({ length: 150 }, (_, i) => ({ name: `proxy-${i}` }))
  const lines = measured(
    aStatus('serving', {
      clients: [aClient('elm', proxies)],
      carried: { ...NOTHING_CARRIED, clients: 1, proxies: 150, connectionsNow: 300 },
    }),
  ).split('\n')
  const series = lines.filter((line) => line.startsWith('moonwalk_proxy_connections{'))
  expect([series.length, series.at(-1), lines.includes('moonwalk_turn_connections 300')]).toEqual([
    100,
    'moonwalk_proxy_connections{proxy="proxy-99",kind="tcp"} 2',
    true,
  ])
})
