// The command line as it stands in terminals of 60, 80 and 200 columns, whole: test/cli/widths/. After a change that is meant:
// `npx vitest run --project unit test/cli/widths.test.ts -u`, and read the diff as a reader would.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { checksText } from '../../src/cli/doctor/doctor.ts'
import { aClient, aRow, aService, aStatus, STARTED_AT, someTraffic } from '../browser/fake-node.ts'
import { type ControlWorld, startControlWorld, TOKEN } from '../io/control-world.ts'
import { command, dataDir } from './command.ts'

let world: ControlWorld
let data: ReturnType<typeof dataDir>
beforeAll(async () => {
  world = await startControlWorld()
  data = dataDir({ url: `http://127.0.0.1:${world.port}`, token: TOKEN })
  const birch = aRow('birch')
  world.node.show({
    peers: [
      aRow('ash', { self: true, address: '203.0.113.9:20017', via: birch.id, turn: false, rttMs: null, jitterMs: null }),
      birch,
      aRow('a-server-with-a-long-name', { address: '[2001:db8:1234:5678::9]:8088', rttMs: 123.456, jitterMs: 12.3 }),
      aRow('elm', { state: 'suspect', rttMs: null, jitterMs: null, lossPct: 40, downMbps: null, upMbps: null, turn: false }),
      aRow('oak', { measured: 'estimated', jitterMs: null, dialect: 'p2prc' }),
    ],
    status: aStatus(
      'tunnelling.up',
      {
        turn: {
          ...{ id: birch.id, name: 'birch', address: 'birch.test:8088', rttMs: 12.4, since: STARTED_AT, provenAt: STARTED_AT },
          reasonAt: STARTED_AT,
          reason: 'least latency of 4: 12.4 ms; next elm 20.1 ms; 1 left out since it failed lately',
        },
        services: [aService('web', someTraffic())],
        clients: [aClient('5f0c2a9be1', [{ name: 'a1b2c3d4e5f60718.web' }], { name: 'cedar', dialect: 'moonwalk' }), aClient('c2', [{}])],
        health: [{ level: 'warn', text: 'the stock frps elm:7000 can’t be used as TURN: it wants another token', fix: 'Check its token.' }],
      },
      { address: 'birch.test:20017', reachability: 'tunnelled' },
    ),
  })
})
afterAll(async () => {
  data.remove()
  await world.end()
})

const COMMANDS = [['status'], ['peers'], ['netcheck'], ['history'], ['ping', 'birch'], ['--help'], ['ping', '--help']]
const CHECKS = [
  {
    name: 'public port',
    level: 'error',
    text: '0.0.0.0:8088 is taken by nginx (pid 812)',
    fix: 'End that one, or choose another port with --listen.',
  },
  {
    name: 'clock',
    level: 'warn',
    text: '60 s behind that of most of 5 peers',
    fix: 'Set it, and keep it set: `timedatectl set-ntp true`.',
  },
  { name: 'disk', level: 'ok', text: '/home/me/.local/state/moonwalk can be written; 120 GiB are free', fix: null },
] as const

test.each([60, 80, 200])('in %d columns', async (width) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(STARTED_AT) + 90_000 })
  const said: string[] = []
  for (const args of COMMANDS) {
    const where = args.includes('--help') ? [] : ['--data', data.dir]
    const { out } = await command([...args, ...where], { COLUMNS: String(width) })
    said.push(`$ moonwalk ${args.join(' ')}\n${out}`)
  }
  vi.useRealTimers()
  said.push(`$ moonwalk doctor\n${checksText(CHECKS, false, width)}\n`)
  const text = said.join('\n')
  expect(text.split('\n').filter((line) => [...line].length > width && !line.includes(' '.repeat(3)))).toEqual([])
  await expect(text).toMatchFileSnapshot(`widths/${width}.txt`)
})
