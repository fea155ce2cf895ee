import { expect, test } from 'vitest'
import { metricsText } from '../../src/io/metrics-text.ts'
import { aClient, aRow, aService, aStatus, NOTHING_CARRIED, someTraffic } from '../browser/fake-node.ts'

const measured = (status: ReturnType<typeof aStatus>) =>
  metricsText({
    version: '0.1.0',
    status,
    peers: [aRow('birch', { rttMs: 12.5 })],
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
  ).toMatchInlineSnapshot())

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
