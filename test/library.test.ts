// The library as a program has it: real ports, on the loopback.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CONFIG_KEYS, type ConfigKey } from '../src/config/settings.ts'
import { createNode, type LibraryNode, type NodeSettings } from '../src/index.ts'
import { readInvitation } from '../src/invitation.ts'

let dir = ''
let nodes: LibraryNode[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-library-'))
})
afterEach(async () => {
  for (const node of nodes) await node.stop()
  nodes = []
  vi.unstubAllGlobals()
  rmSync(dir, { recursive: true, force: true })
})

async function made(settings: NodeSettings = {}): Promise<LibraryNode> {
  const node = await createNode({ data: dir, open: true, listen: '127.0.0.1:0', addresses: 'any', log: 'silent', ...settings })
  nodes.push(node)
  return node
}

const LISTENS = { type: 'started', listen: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }

describe('settings', () => {
  test('are the keys of the configuration file, `join` and `open`', () => {
    const settings: Record<Exclude<keyof NodeSettings, 'join' | 'open'>, true> & Record<ConfigKey, true> = {
      data: true,
      table: true,
      name: true,
      listen: true,
      advertise: true,
      addresses: true,
      seeds: true,
      network: true,
      turns: true,
      tunnels: true,
      turnMode: true,
      pins: true,
      patienceMs: true,
      offer: true,
      turnTokenFile: true,
      rations: true,
      allowDomains: true,
      ports: true,
      allowPorts: true,
      maxPortsPerClient: true,
      subdomainHost: true,
      services: true,
      control: true,
      controlHosts: true,
      controlInsecure: true,
      onEvent: true,
      webhook: true,
      tell: true,
      speedtestBudget: true,
      speedtestPaceMs: true,
      log: true,
    }
    expect(Object.keys(settings).sort()).toEqual([...CONFIG_KEYS].sort())
  })

  test.each<[string, object, string]>([
    ['an unknown one', { jion: '203.0.113.7:8088' }, 'createNode: there is no option "jion"; did you mean join?'],
    ['a port without a host', { listen: '8088' }, 'createNode: option "listen": "8088" is not HOST:PORT, such as 203.0.113.7:8088'],
    ['a number', { listen: 8088 }, 'createNode: option "listen": 8088 does not fit: it must be HOST:PORT or false'],
    [
      'an address',
      { join: 'no where' },
      'createNode: option "join": "no where" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088',
    ],
    [
      'one of several',
      { join: ['203.0.113.7:1', 'n:o'] },
      'createNode: option "join": "n:o" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088',
    ],
    [
      'two services',
      { services: ['web=1', 'web=2'] },
      'createNode: option "services": two services are called web; give one another name, as in NAME=PORT',
    ],
  ])('that are wrong are a sentence that names the option: %s', async (_, settings, text) => {
    await expect(createNode({ data: dir, ...settings })).rejects.toThrow(new TypeError(text))
    expect(existsSync(join(dir, 'identity.json'))).toBe(false)
  })

  test('that are undefined are not given', async () => {
    const node = await made({ name: undefined, join: undefined, control: undefined })
    expect(node.name).not.toEqual('')
  })

  test("are not read from the command's file, nor from its variables", async () => {
    writeFileSync(join(dir, 'moonwalk.json'), '{ "name": "from-file" }')
    vi.stubEnv('MOONWALK_NAME', 'from-environment')
    const node = await made({ name: 'from-program' })
    const unnamed = await createNode({ data: dir })
    vi.unstubAllEnvs()
    expect([node.name, /^from-/.test(unnamed.name)]).toEqual(['from-program', false])
  })
})

describe('a node', () => {
  test('opens nothing before it starts, and then its port alone', async () => {
    const node = await made({ name: 'ash' })
    expect(existsSync(join(dir, 'moonwalk.pid'))).toBe(false)
    const started = await node.start()
    expect(started).toEqual(LISTENS)
    expect(await node.start()).toEqual(started)
    const { listen } = started as { listen: string }
    const answer = await fetch(`http://${listen}/server_info`)
    expect(await answer.json()).toMatchObject({ Moonwalk: { id: node.id, name: 'ash' } })
    expect(existsSync(join(dir, 'control.json'))).toBe(false)
  })

  test('has a control port where one is named, for the commands and the dashboard, until it stops', async () => {
    const node = await made({ control: '127.0.0.1:0' })
    await node.start()
    const { url, token } = JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))
    const answer = await fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${token}` } })
    expect(await answer.json()).toMatchObject({ node: node.status().node })
    await node.stop()
    expect(existsSync(join(dir, 'control.json'))).toBe(false)
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  })

  test('is refused a data directory that another has, and gets it when that one has stopped', async () => {
    const first = await made()
    await first.start()
    const second = await made()
    expect([second.id, await second.start()]).toEqual([
      first.id,
      { type: 'refused', text: `another moonwalk (pid ${process.pid}) already uses ${dir}; stop it, or choose another directory` },
    ])
    await first.stop()
    expect(await second.start()).toEqual(LISTENS)
  })

  test('is refused a public port that is taken, and may try again', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((listening) => taken.once('listening', listening))
    const listen = `127.0.0.1:${(taken.address() as { port: number }).port}`
    const node = await made({ listen })
    expect(await node.start()).toEqual({ type: 'refused', text: `can't listen on ${listen}: the port is in use` })
    await new Promise((closed) => taken.close(closed))
    expect(await node.start()).toEqual({ type: 'started', listen })
  })

  test('that is refused its control port is over, and holds nothing', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((listening) => taken.once('listening', listening))
    const control = `127.0.0.1:${(taken.address() as { port: number }).port}`
    const node = await made({ control })
    const text = `can't open the control port ${control}: the address is in use`
    expect(await node.start()).toEqual({ type: 'refused', text })
    await new Promise((closed) => taken.close(closed))
    expect(await node.start()).toEqual({ type: 'refused', text: 'this node was stopped; make another with createNode' })
    expect(await (await made()).start()).toEqual(LISTENS)
  })

  test('stops once, started or not, and never starts again', async () => {
    const node = await made()
    await Promise.all([node.stop(), node.stop()])
    expect(await node.start()).toEqual({ type: 'refused', text: 'this node was stopped; make another with createNode' })
  })

  test('that is stopped while it starts is stopped when both are done', async () => {
    const node = await made()
    const [started] = await Promise.all([node.start(), node.stop()])
    expect(started).toEqual(LISTENS)
    await expect(fetch(`http://${(started as { listen: string }).listen}/server_info`)).rejects.toThrow()
    expect(existsSync(join(dir, 'moonwalk.pid'))).toBe(false)
  })

  test('refuses a service that is none', async () => {
    const node = await made()
    expect(await node.expose('web')).toEqual({ type: 'refused', text: expect.stringMatching(/^"web" is no service; write/) })
  })

  test('writes its log as the command does', async () => {
    const node = await made({ log: 'info' })
    const news: string[] = []
    node.on('news', ({ type }) => news.push(type))
    await node.start()
    await vi.waitFor(() => expect(readFileSync(join(dir, 'moonwalk.log'), 'utf8')).toContain('"type":"node.listening"'))
    expect(news[0]).toEqual('node.listening')
  })
})

describe('the network of a node', () => {
  test('is a private one of its own in a fresh directory, which others join by its invitation', async () => {
    const first = await made({ open: undefined, data: join(dir, 'first') })
    const started = await first.start()
    const invitation = first.invitation() ?? ''
    expect(readInvitation(invitation)).toMatchObject({
      type: 'invitation',
      invitation: { addresses: [{ id: first.id, address: started.type === 'started' && started.listen }] },
    })
    const second = await made({ open: undefined, data: join(dir, 'second'), join: invitation })
    await second.start()
    await vi.waitFor(
      () =>
        expect(
          second
            .peers()
            .peers.map(({ id }) => id)
            .sort(),
        ).toEqual([first.id, second.id].sort()),
      10_000,
    )
    expect([second.status().node.network.kind, second.invitation()]).toEqual(['private', expect.stringMatching(/^mw1\./)])
  })

  test('is an open one on request, without an invitation', async () => {
    const node = await made()
    await node.start()
    expect([node.status().node.network.kind, node.invitation()]).toEqual(['open', null])
  })

  test('is not guessed from a plain address', async () => {
    const node = await made()
    const started = await node.start()
    const listen = started.type === 'started' ? (started.listen ?? '') : ''
    const text = `${listen}: that network is open: anybody may join and see it; add --open`
    const data = join(dir, 'third')
    await expect(made({ open: undefined, data, join: listen })).rejects.toThrow(new Error(text.replace('add --open', 'add open: true')))
    expect(existsSync(join(data, 'identity.json'))).toBe(false)
  })
})

describe('news', () => {
  test('come all together, and each by its own type, until the listener is taken off', async () => {
    const node = await made()
    const all: string[] = []
    const listening: (string | null)[] = []
    const states: string[] = []
    node.on('news', ({ type }) => all.push(type))
    node.on('node.listening', ({ address }) => listening.push(address))
    node.on('state.entered', ({ state }) => states.push(state))()
    const started = await node.start()
    expect(all.slice(0, 2)).toEqual(['node.listening', 'state.entered'])
    expect([{ type: 'started', listen: listening[0] }, listening.length, states]).toEqual([started, 1, []])
  })

  test('reach the others when one listener throws, and what it throws goes to whoever hears of bugs', async () => {
    const thrown: (() => void)[] = []
    vi.stubGlobal('queueMicrotask', (run: () => void) => thrown.push(run))
    const node = await made()
    const heard: string[] = []
    node.on('node.listening', () => {
      throw new Error('mine')
    })
    node.on('node.listening', ({ type }) => heard.push(type))
    expect(await node.start()).toEqual(LISTENS)
    vi.unstubAllGlobals()
    expect(heard).toEqual(['node.listening'])
    expect(thrown).toHaveLength(1)
    expect(thrown[0]).toThrow('mine')
  })
})
