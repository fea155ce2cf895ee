import { describe, expect, test } from 'vitest'
import { statusText } from '../../src/cli/status-text.ts'
import { aClient, aService, aStatus, NOTHING_CARRIED, STARTED_AT, someTraffic } from '../browser/fake-node.ts'

const NOW = Date.parse(STARTED_AT) + 90_000
const QUIET = { connectionsNow: 0, inBytesPerSecond: 0, outBytesPerSecond: 0 }
const lastError = { text: 'nothing answers at 127.0.0.1:53: connection refused', at: new Date(NOW - 12_000).toISOString() }

describe('the status for people', () => {
  test('tells what came for each service, and what went wrong last', () =>
    expect(
      statusText(
        aStatus('serving', {
          services: [
            aService('web', someTraffic()),
            aService('dns', someTraffic({ ...QUIET, connectionsEver: 1, bytesIn: 42, bytesOut: 1_300, errorsEver: 3, lastError })),
            { ...aService('new'), state: 'opening', public: null },
          ],
          health: [{ level: 'warn', text: 'the clock is off', fix: 'Set it.' }],
        }),
        NOW,
      ),
    ).toEqual(`node         ash (${'ab'.repeat(16)})
network      an open network
state        serving
address      not proven
TURN         none
service web  up: birch.test:20018 → 127.0.0.1:3000
             2 connections now, 31 ever; in 1.2 MiB, out 45 MiB; now in 3.4 KiB/s, out 1.1 MiB/s
service dns  up: birch.test:20018 → 127.0.0.1:3000
             0 connections now, 1 ever; in 42 B, out 1.3 KiB
             3 errors, the last 12 s ago: nothing answers at 127.0.0.1:53: connection refused
service new  opening: no public address → 127.0.0.1:3000
speed tests  12.3 of 500 MB used within a day
warn         the clock is off. Set it.`))

  test('tells each tunnel, where there are several', () => {
    const tunnel = { id: null, address: 'birch.test:8088', rttMs: 12.4, since: STARTED_AT, provenAt: STARTED_AT }
    const turns = [
      { ...tunnel, name: 'birch', state: 'open', public: 'birch.test:20017' },
      { ...tunnel, name: 'cedar', state: 'opening', public: null, rttMs: null, provenAt: null },
    ] as const
    expect(statusText(aStatus('tunnelling.degraded', { turns }), NOW).split('\n').slice(5, 7)).toEqual([
      'tunnel birch  open: birch.test:20017 through birch.test:8088, 12.40 ms; proven 2 min ago',
      'tunnel cedar  opening: through birch.test:8088, ? ms',
    ])
  })

  test('tells who is carried, the busiest first, and strangers do not steer the terminal', () =>
    expect(
      statusText(
        aStatus('serving', {
          clients: [
            aClient(
              '5f0c2a9be1',
              [
                { name: 'a1b2c3d4e5f60718.node', port: 20_001, ...QUIET, bytesIn: 5, bytesOut: 6 },
                { name: 'a1b2c3d4e5f60718.web', port: 20_002 },
              ],
              { name: 'cedar', dialect: 'moonwalk' },
            ),
            aClient('0123456789', [{ name: `${'x'.repeat(50)}`, kind: 'udp', ...QUIET, errorsEver: 1, lastError }], {
              version: '\x1b[2J0.45.0',
            }),
            aClient('idle'),
          ],
          carried: { clients: 3, proxies: 3, connectionsNow: 2, connectionsEver: 1_300, bytesIn: 8.2e9, bytesOut: 92e9, errorsEver: 1 },
        }),
        NOW,
      )
        .split('\n')
        .slice(5)
        .join('\n'),
    ).toEqual(`carrying     3 clients, 3 proxies: 2 connections now, 1300 ever; in 7.6 GiB, out 86 GiB
speed tests  12.3 of 500 MB used within a day

CLIENT    FROM              SPEAKS          SINCE      PROXY                                     PORT       NOW  EVER  IN       OUT     IN/s       OUT/s      LAST ERROR
cedar     203.0.113.9:4711  moonwalk        2 min ago  web                                       20002/tcp  2    31    1.2 MiB  45 MiB  3.4 KiB/s  1.1 MiB/s  –
01234567  203.0.113.9:4711  frp ?[2J0.45.0  2 min ago  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…  20018/udp  0    31    1.2 MiB  45 MiB  0 B/s      0 B/s      12 s ago: nothing answers at 127.0.0.1:53: connection refused
cedar     203.0.113.9:4711  moonwalk        2 min ago  node                                      20001/tcp  0    31    5 B      6 B     0 B/s      0 B/s      –`))

  test('a long list is cut, with the count of the rest', () => {
    const clients = Array.from({ length: 30 }, (_, i) => aClient(`client-${i}`, [{ port: 20_000 + i, inBytesPerSecond: i }]))
    const lines = statusText(aStatus('serving', { clients, carried: { ...NOTHING_CARRIED, clients: 57, proxies: 57 } }), NOW).split('\n')
    expect([lines.length, lines.at(9)?.includes('20029/tcp'), lines.at(-2)?.includes('20010/tcp'), lines.at(-1)]).toEqual([
      30,
      true,
      true,
      '… and 37 more proxies',
    ])
  })
})
