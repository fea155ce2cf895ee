import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aRow, aService, aStatus, HISTORY, NETCHECK, SPEED, STARTED_AT } from '../browser/fake-node.ts'
import { type ControlWorld, startControlWorld, TOKEN } from '../io/control-world.ts'
import { command, dataDir, type Said } from './command.ts'

let world: ControlWorld
let data: ReturnType<typeof dataDir>
beforeEach(async () => {
  world = await startControlWorld()
  data = dataDir({ url: `http://127.0.0.1:${world.port}`, token: TOKEN })
})
afterEach(async () => {
  data.remove()
  await world.end()
})

const ask = (...args: readonly string[]): Promise<Said> => command([...args, '--data', data.dir])
const json = async (...args: readonly string[]): Promise<unknown> => {
  const { code, out, err } = await ask(...args, '--json')
  return { code, answer: JSON.parse(out), lines: out.split('\n').length - 1, err }
}
const fine = (answer: object): object => ({ code: 0, answer: { schemaVersion: 1, ...answer }, lines: 1, err: '' })

const UP = aStatus(
  'tunnelling.up',
  {
    turn: {
      id: 'b1'.repeat(16),
      name: 'birch',
      address: 'birch.test:8088',
      rttMs: 12.4,
      reason: 'least latency of 4',
      reasonAt: null,
      since: STARTED_AT,
      provenAt: null,
    },
    services: [
      aService('web'),
      {
        ...aService('ssh'),
        local: '127.0.0.1:22',
        public: null,
        at: [],
        state: 'down',
        error: 'port 80 is not allowed at birch',
        phase: 'refused',
        cause: { type: 'port-not-allowed', port: 80, at: 'birch' },
        since: null,
        provenAt: null,
      },
    ],
    health: [{ level: 'warn', text: 'the clock is off', fix: 'Set it.' }],
  },
  { address: 'birch.test:20017', reachability: 'tunnelled' },
)

describe('with --json there is one object on stdout and nothing beside it', () => {
  test('status', async () => {
    world.node.show({ status: UP })
    expect(await json('status')).toEqual(fine(UP))
  })

  test('peers', async () => {
    world.node.show({ peers: [aRow('birch'), aRow('elm', { rttMs: null })] })
    expect(await json('peers')).toEqual(fine({ self: 'ab'.repeat(16), peers: [aRow('birch'), aRow('elm', { rttMs: null })] }))
  })

  test('peers --all', async () => {
    const peers = [aRow('birch'), aRow('elm', { state: 'offline' })]
    world.node.show({ peers })
    expect([await json('peers'), await json('peers', '--all')]).toEqual([
      fine({ self: 'ab'.repeat(16), peers: peers.slice(0, 1) }),
      fine({ self: 'ab'.repeat(16), peers }),
    ])
  })

  test('peers of a table that is longer than a page', async () => {
    const at = (i: number): string => `192.0.2.${i % 250}:${String(1_000 + i)}`
    const peers = Array.from({ length: 2_300 }, (_, i) =>
      aRow(`peer ${i}`, { address: at(i), rttMs: (i * 7_919) % 2_300, id: i.toString(16).padStart(32, '0'), self: false }),
    )
    const away = aRow('gone', { state: 'offline', id: 'f'.repeat(32), rttMs: null })
    world.node.show({ peers: [...peers, away] })
    const nearestFirst = peers.toSorted((a, b) => (a.rttMs ?? 0) - (b.rttMs ?? 0))
    expect(await json('peers', '--all')).toEqual(fine({ self: 'ab'.repeat(16), peers: [...nearestFirst, away] }))
  })

  test('history', async () => expect(await json('history', '--since', '90m')).toEqual(fine({ ...HISTORY, minutes: 90 })))

  test('netcheck', async () => expect(await json('netcheck')).toEqual(fine({ ...NETCHECK })))

  test('dashboard', async () => {
    expect(await json('dashboard')).toEqual(fine({ link: `http://127.0.0.1:${world.port}/#token=${TOKEN}` }))
  })

  test('add', async () => {
    expect(await json('add', 'cedar.test:8088')).toEqual(fine({ type: 'added', address: 'cedar.test:8088' }))
    expect(await json('add', 'cedar.test')).toEqual(fine({ type: 'added', address: 'cedar.test:8088' }))
    expect(world.node.asked).toEqual([
      ['add', 'cedar.test:8088'],
      ['add', 'cedar.test:8088'],
    ])
  })

  test('remove', async () => {
    world.node.show({ peers: [aRow('birch')] })
    expect(await json('remove', 'birch')).toEqual(fine({ type: 'removed', address: 'birch.test:8088' }))
  })

  test('expose answers the service as status has it', async () => {
    const service = { ...aService('web'), kind: 'http', local: '192.168.1.7:3000' }
    expect(await json('expose', '192.168.1.7:3000', '--name=web', '--http', 'www.a.org', '--timeout', '1.5')).toEqual(fine(service))
    expect(world.node.asked).toEqual([['expose', { name: 'web', kind: 'http', local: '192.168.1.7:3000', domain: 'www.a.org' }, 1_500]])
  })

  test('expose takes options as the configuration does, whatever flags stand beside', async () => {
    await json('expose', '3000?limit=1MB&check=http:/health?deep', '--name=web', '--http', 'www.a.org')
    await json('expose', 'dns=5353/udp?proxy-protocol=v2')
    expect(world.node.asked).toEqual([
      [
        'expose',
        {
          name: 'web',
          kind: 'http',
          local: '127.0.0.1:3000',
          domain: 'www.a.org',
          options: { limit: '1MB', check: 'http:/health?deep' },
        },
        30_000,
      ],
      ['expose', { name: 'dns', kind: 'udp', local: '127.0.0.1:5353', domain: null, options: { proxyProtocol: 'v2' } }, 30_000],
    ])
  })

  test('drain', async () => {
    expect(await json('drain', '--patience', '5')).toEqual(fine({ moved: 2, stayed: 1, connections: 0 }))
    expect(world.node.asked).toEqual([['drain', 5_000]])
  })

  test('pin and unpin', async () => {
    world.node.show({ peers: [aRow('birch')] })
    const { address } = aRow('birch')
    expect(await json('pin', 'birch')).toEqual(fine({ type: 'pinned', turns: [{ name: 'birch', address }] }))
    expect(await json('unpin')).toEqual(fine({ type: 'pinned', turns: [] }))
    expect(world.node.asked).toEqual([['pin', 'birch'], ['pin']])
  })

  test('unexpose', async () => expect(await json('unexpose', 'web')).toEqual(fine({ type: 'unexposed', name: 'web' })))

  test('ping', async () => {
    world.node.show({ peers: [aRow('birch')] })
    expect(await json('ping', 'birch')).toEqual(
      fine({ rttMs: 1.5, samples: [1.5, 2], discarded: 0, isLoaded: false, connectMs: null, via: null }),
    )
  })

  test('speedtest', async () => expect(await json('speedtest', 'birch')).toEqual(fine({ ...SPEED })))
})

describe('without it there is plain text', () => {
  test('status', async () => {
    world.node.show({ status: UP })
    expect(await ask('status')).toEqual({
      code: 0,
      err: '',
      out: `node         ash (${'ab'.repeat(16)})
network      an open network
state        tunnelling.up
address      birch.test:20017 (tunnelled)
TURN         birch at birch.test:8088, 12.40 ms; least latency of 4
service web  up: birch.test:20018 → 127.0.0.1:3000
service ssh  down: no public address → 127.0.0.1:22 (port 80 is not allowed at birch)
speed tests  12.3 of 500 MB used within a day
warn         the clock is off. Set it.
`,
    })
  })

  test('history', async () =>
    expect((await ask('history')).out).toEqual(`2026-01-02 03:04 UTC, 24 h to now; █ up ▄ partly _ away
ash    100 %    ██████
web   66.7 %    ▄██__█
      47 MiB    ▁▂█  ▁

web: in 1.3 MiB, out 45 MiB, 31 connections of users

03:04:05  Service web is down: connection refused.
`))

  test('netcheck', async () =>
    expect((await ask('netcheck')).out.replaceAll(/\d+ h ago/g, 'long ago')).toEqual(`reached at    birch.test:20017 (through a TURN)
NAT           behind NAT: others see 203.0.113.9, and its router does not pass the port on to this machine
this machine  192.168.1.7
nearest TURN  birch at birch.test:8088, 12.40 ms
chosen TURN   birch at birch.test:8088, 12.40 ms
why           the chosen one is the nearest that carries traffic

ASKED  SEES THIS NODE AT  DIALLED BACK                   WHEN
birch  203.0.113.9        could not connect (no answer)  long ago

SPEED WITH  ↓ Mbit/s  ↑ Mbit/s  MEASURED
birch       93.1      41.0      long ago
`))

  test('expose tells on stderr that it waits', async () =>
    expect(await ask('expose', '3000')).toEqual({
      code: 0,
      out: 'tcp-3000 is up: birch.test:20018 → 127.0.0.1:3000\n',
      err: 'waiting until tcp-3000 answers at a public address …\n',
    }))

  test('ping', async () => {
    world.node.show({ peers: [aRow('birch')] })
    expect(await ask('ping', 'birch')).toEqual({ code: 0, out: 'birch: 1.50 ms, best of 1.50, 2.00; direct\n', err: '' })
  })

  test('ping -c and --until-direct', async () => {
    world.node.show({ peers: [aRow('birch')] })
    const one = 'birch: 1.50 ms, best of 1.50, 2.00; direct\n'
    expect((await ask('ping', 'birch', '-c', '2')).out).toEqual(`${one}${one}2 of 2 answered: least 1.50, mean 1.50, most 1.50 ms\n`)
    expect((await ask('ping', 'birch', '--until-direct')).out).toEqual(one)
    expect((await ask('ping', 'birch', '-c', 'some')).err).toEqual('--count: "some" is not a whole number from 1 to 100000\n')
  })

  test('speedtest', async () =>
    expect(await ask('speedtest', 'birch')).toEqual({
      code: 0,
      out: 'birch: ↓ 90 Mbit/s, between 88 and 92; ↑ 40 Mbit/s, between 39 and 41 (confidence 90 %)\n',
      err: 'measuring download and upload with birch …\n',
    }))
})

test.each([
  [['ping', 'nobody'], 'There is no such server.'],
  [['remove', 'nobody'], 'There is no such server.'],
  [['add', 'bad.test:1'], 'That address may not be contacted.'],
])('what the node refuses ends with 1 and its sentence: %j', async (args, err) => {
  expect(await ask(...args)).toEqual({ code: 1, out: '', err: `${err}\n` })
  expect(await ask(...args, '--json')).toEqual({ code: 1, out: '', err: `${JSON.stringify({ schemaVersion: 1, error: err })}\n` })
})

describe('a node that can’t be reached ends with 3', () => {
  test.each([['status'], ['events']])('%s when it was killed and left its file behind', async (name) => {
    const left = dataDir({ url: `http://127.0.0.1:${world.port}`, token: TOKEN })
    await world.server.close()
    const { code, out, err } = await command([name, '--data', left.dir])
    expect([code, out, err.replace(/\(.*\)/, '(why)')]).toEqual([
      3,
      '',
      `the node at http://127.0.0.1:${world.port} can't be reached (why); it may have ended without cleaning up; start it again with \`moonwalk up\`\n`,
    ])
    left.remove()
  })

  test.each([['status'], ['events']])('%s when another program has its port now', async (name) => {
    const left = dataDir({ url: `http://127.0.0.1:${world.port}`, token: 'the token of the one before' })
    expect((await command([name, '--data', left.dir])).code).toEqual(3)
    left.remove()
  })
})

describe('the feed', () => {
  const ADDED = { type: 'peer.added', peer: 'b1', name: 'birch', address: 'birch.test:8088' } as const

  test.each([
    ['as lines for people', [], /^\d\d:\d\d:\d\d {2}birch \(birch\.test:8088\) joined the table\.\n$/],
    [
      'as objects',
      ['--json'],
      /^\{"schemaVersion":1,"type":"peer\.added","peer":"b1","name":"birch","address":"birch\.test:8088","seq":\d+,"at":"[^"]+"\}\n$/,
    ],
  ])('%s, until the node ends', async (_, flags, expected) => {
    const told = command(['events', ...flags, '--data', data.dir], {}, () => void world.server.close())
    await listened()
    world.node.tell(ADDED)
    const { code, out, err } = await told
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(expected)
  })

  test('the table is shown at once and again with what happens', async () => {
    world.node.show({ peers: [aRow('birch')] })
    let shown = 0
    const watching = command(['peers', '--watch', '--json', '--data', data.dir], {}, () => {
      shown += 1
      if (shown === 2) void world.server.close()
    })
    await listened()
    world.node.show({ peers: [aRow('birch'), aRow('elm')] })
    world.node.tell(ADDED)
    const { code, out } = await watching
    const tables = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { peers: { name: string }[] }).peers.map(({ name }) => name))
    expect([code, tables]).toEqual([0, [['birch'], ['birch', 'elm']]])
  })

  /** The control server itself may listen too: one more is the command. */
  async function listened(): Promise<void> {
    const before = world.node.listeners()
    for (let turn = 0; turn < 200_000 && world.node.listeners() === before; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
})
