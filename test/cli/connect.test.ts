// `moonwalk connect` at a control port in front of a node that shows what it is told to show.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ControlWorld, startControlWorld, TOKEN } from '../io/control-world.ts'
import { command, dataDir } from './command.ts'

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

const interrupt = (): void => void process.emit('SIGINT')
const run = (args: readonly string[], onOut: () => void = () => {}) => command(['connect', ...args, '--data', data.dir], {}, onOut)

test('says where it listens, and holds the port until Ctrl-C', async () => {
  expect(await run(['home/web', '--port', '5000'], interrupt)).toEqual({ code: 0, out: 'connected home/web on 127.0.0.1:5000\n', err: '' })
  await vi.waitFor(() =>
    expect(world.node.asked).toEqual([
      ['connect', 'home/web', 5_000],
      ['closed', 'home/web'],
    ]),
  )
})

test('says it as one object with --json', async () => {
  const { code, out, err } = await run(['home/web', '--json'], interrupt)
  const node = { id: '0a'.repeat(16), name: 'home' }
  expect([code, JSON.parse(out), err]).toEqual([0, { schemaVersion: 1, node, service: 'web', kind: 'tcp', address: '127.0.0.1:40000' }, ''])
})

test('says on stderr why the port leads nowhere, and when it does again', async () => {
  const said = (flags: readonly string[]): Promise<{ code: number; err: string }> => {
    const isLast = (text: string): void => {
      if (text.includes('again')) interrupt()
    }
    return command(['connect', 'home/old', ...flags, '--data', data.dir], {}, () => {}, isLast)
  }
  const lines = ['home has no service old? for this node any more', 'home/old is reached again']
  expect(await said([])).toMatchObject({ code: 0, err: lines.map((line) => `${line}\n`).join('') })
  const objects = lines.map((line) => `${JSON.stringify({ schemaVersion: 1, warning: line })}\n`)
  expect(await said(['--json'])).toMatchObject({ code: 0, err: objects.join('') })
})

test('ends with the node', async () => {
  const ended = run(['home/web'], () => void world.server.close())
  expect(await ended).toMatchObject({ code: 1, err: 'the node has ended, and the port with it\n' })
})

test.each([
  [['elm/web'], 1, 'no node elm in the table; see `moonwalk peers`\n'],
  [['web'], 2, '"web" is not NODE/SERVICE, such as home/web\n'],
  [['home/web', '--port', '70000'], 2, '--port: "70000" is not a port from 1 to 65535\n'],
])('is refused %j, as an object with --json', async (args, code, err) => {
  expect(await run(args)).toEqual({ code, out: '', err })
  expect(await run([...args, '--json'])).toEqual({ code, out: '', err: `${JSON.stringify({ schemaVersion: 1, error: err.trim() })}\n` })
})

test('lists what there is', async () => {
  expect(await run([])).toEqual({
    code: 0,
    out: `SERVICE   KIND  FOR      NODE
home/web  tcp   private  ${'0a'.repeat(16)}
`,
    err: 'elm did not say what it has: connection refused\n',
  })
})

test('without a node there is nothing to connect from', async () => {
  data.remove()
  data = dataDir(null)
  expect((await run(['home/web'])).code).toEqual(3)
})
