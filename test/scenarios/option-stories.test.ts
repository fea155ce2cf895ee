// What a service's options do in a network: behind a NAT, where the TURN and the node keep them, and at a node that needs no TURN.
import { describe, expect, test } from 'vitest'
import type { ServiceOptions } from '../../src/answers.ts'
import { isFailure, type Listening } from '../../src/ports.ts'
import { type LiveNode, liveNode, NODE_PORT } from '../sim/live-node.ts'
import { kill, play, type Script, tell } from '../sim/story.ts'
import type { World } from '../sim/world.ts'

const PORT = 3_000

/** A service on a host that says its name to everybody and keeps what it hears. */
class Service {
  readonly heard: string[] = []
  readonly #world: World
  readonly #host: string
  #listening: Listening | null = null

  constructor(world: World, host: string) {
    this.#world = world
    this.#host = host
    this.start()
  }

  start(): void {
    const onLink: Parameters<ReturnType<World['network']['network']>['listen']>[1] = (accepted) => {
      const { link } = accepted.open(null)
      const at = this.heard.push('') - 1
      link.on('error', () => {})
      link.on('data', (bytes) => {
        this.heard[at] += bytes.toString()
      })
      link.on('end', () => link.end())
      link.write(Buffer.from(this.#host))
    }
    void this.#world.network
      .network(this.#host)
      .listen(`127.0.0.1:${PORT}`, onLink)
      .then((listening) => {
        if (isFailure(listening)) throw new Error(listening.text)
        this.#listening = listening
      })
  }

  stop(): void {
    void this.#listening?.close()
  }
}

/** Visits an address from a host, says hello, and adds what was said to `answers`. */
function visit(world: World, from: string, address: string | null, answers: string[]): void {
  const at = answers.push('nothing') - 1
  void world.network
    .network(from)
    .dial(address ?? '10.0.0.99:1', { timeoutMs: 5_000 })
    .then((opened) => {
      if ('type' in opened) {
        answers[at] = opened.text
        return
      }
      opened.link.on('error', () => {})
      opened.link.on('data', (bytes) => {
        answers[at] = bytes.toString()
        opened.link.destroy()
      })
      opened.link.write(Buffer.from('hello'))
      opened.link.resume()
    })
}

interface Story {
  /** What the service is called; `web` by default. */
  readonly name?: string
  readonly options: ServiceOptions
  /** Nodes with the service, each behind a NAT. */
  readonly hidden?: readonly string[]
  /** A node with the service that others can connect to. */
  readonly open?: string
  /** When the last node starts; the others do at once. */
  readonly lastAtMs?: number
  readonly downAtMs?: number
  readonly upAtMs?: number
  readonly faults?: Script
  readonly visitsAtMs: readonly number[]
  readonly forMs: number
}

const perform = ({
  name: called = 'web',
  options,
  hidden = [],
  open,
  lastAtMs = 0,
  downAtMs,
  upAtMs,
  faults = [],
  visitsAtMs,
  forMs,
}: Story) =>
  play(faults, {
    forMs,
    begin: (world) => {
      world.host('ash')
      for (const name of hidden) world.host(name, { behindNat: true })
      if (open !== undefined) world.host(open)
      world.host('fir')
      const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
      liveNode(world, 'ash')
      const told: string[] = []
      const answers: string[] = []
      const names = [...hidden, ...(open === undefined ? [] : [open])]
      const services = names.map((name) => new Service(world, name))
      const nodes: LiveNode[] = []
      const start = (name: string): void => {
        const web = { name: called, kind: 'tcp', local: `127.0.0.1:${PORT}`, domain: null, options } as const
        const live = liveNode(world, name, { seeds, services: [web], ...(name === open ? {} : { listen: null }) }, (node) =>
          tell(world, node, { only: ['service.up', 'service.down'], into: told, named: true }),
        )
        nodes.push(live)
      }
      for (const [i, name] of names.entries()) {
        if (lastAtMs > 0 && i === names.length - 1) world.clock.setTimeout(() => start(name), lastAtMs)
        else start(name)
      }
      if (downAtMs !== undefined) world.clock.setTimeout(() => services[0]?.stop(), downAtMs)
      if (upAtMs !== undefined) world.clock.setTimeout(() => services[0]?.start(), upAtMs)
      const address = () => nodes[0]?.current.status().services[0]?.public ?? null
      for (const ms of visitsAtMs) world.clock.setTimeout(() => visit(world, 'fir', address(), answers), ms)
      return () => ({
        told,
        answers,
        heard: services.map(({ heard }) => heard.filter((text) => text.includes('hello'))),
        standing: nodes.map(({ current }) => current.status().services.map(({ public: at, state, error }) => `${state} ${at} ${error}`)),
      })
    },
  })

describe.each([
  ['behind a NAT', { hidden: ['me'] }],
  ['that others can connect to', { open: 'me' }],
])('a service of a node %s', (_, cast) => {
  test('has the port it operatorChanges for, and is told who its users are', async () => {
    const { answers, heard, standing } = await perform({
      ...cast,
      options: { port: 20_080, proxyProtocol: 'v1', limit: '1MB' },
      visitsAtMs: [10_000],
      forMs: 11_000,
    })
    expect(standing).toEqual([[expect.stringMatching(/^up 10\.0\.0\.\d+:20080 null$/)]])
    expect([answers, heard]).toEqual([['me'], [[expect.stringMatching(/^PROXY TCP4 10\.0\.0\.3 \d+\.\d+\.\d+\.\d+ \d+ 20080\r\nhello$/)]]])
  })

  test('that is checked is down, with the reason, while it fails, and up where it was once it passes', async () => {
    const { told, answers, standing } = await perform({
      ...cast,
      options: { check: 'tcp', port: 20_080 },
      downAtMs: 20_000,
      upAtMs: 45_000,
      visitsAtMs: [10_000, 60_000],
      forMs: 61_000,
    })
    const withoutTimes = told.map((line) => line.replace(/^[\d.]+ /, '').replace(/10\.0\.0\.\d+/, 'HOST'))
    expect(withoutTimes).toEqual([
      'me service.up web HOST:20080',
      "me service.down web its check fails: 127.0.0.1:3000 can't be connected to: connection refused",
      'me service.up web HOST:20080',
    ])
    expect([answers, standing]).toEqual([['me', 'me'], [[expect.stringMatching(/^up 10\.0\.0\.\d+:20080 null$/)]]])
  })

  test('that never passes its check is never public', async () => {
    const { told, standing } = await perform({
      ...cast,
      options: { check: 'http:/health' },
      visitsAtMs: [],
      forMs: 20_000,
    })
    const why = 'its check fails: 127.0.0.1:3000 did not answer its check within 3 s'
    expect([told.length, standing]).toEqual([1, [[`down null ${why}`]]])
  })
})

test('nodes behind one TURN share a port as a group: users go to them in turn, and each proves that some come to it', async () => {
  const { told, answers, standing } = await perform({
    hidden: ['me', 'too', 'late'],
    options: { group: 'shop', groupKey: 'k', port: 20_080 },
    visitsAtMs: [5_000, 20_000, 20_500, 21_000, 21_500, 22_000, 22_500],
    lastAtMs: 10_000,
    forMs: 25_000,
  })
  const up = 'up 10.0.0.1:20080 null'
  expect(standing).toEqual([[up], [up], [up]])
  expect(told).toEqual([
    '161.1 me service.up web 10.0.0.1:20080',
    '161.1 too service.up web 10.0.0.1:20080',
    '10220.7 late service.up web 10.0.0.1:20080', // its first connection came out at another
  ])
  expect([...answers.slice(1, 4)].sort()).toEqual(['late', 'me', 'too'])
  expect(answers.slice(4)).toEqual(answers.slice(1, 4))
})

test('a node that is reached without a TURN says that it can not be in a group', async () => {
  const { standing } = await perform({ open: 'me', options: { group: 'shop' }, visitsAtMs: [], forMs: 10_000 })
  const why = 'the group shop would share a port of a TURN, and this node is reached without one'
  expect(standing).toEqual([[`down null ${why}`]])
})

test('a service may have any name, also that of what a node says of itself', async () => {
  const { answers, standing } = await perform({ name: 'node', hidden: ['me'], options: {}, visitsAtMs: [10_000], forMs: 11_000 })
  expect([answers, standing]).toEqual([['me'], [[expect.stringMatching(/^up 10\.0\.0\.1:\d+ null$/)]]])
})

test('a port that the TURN refuses is told', async () => {
  const { standing } = await perform({ hidden: ['me'], options: { port: 80 }, visitsAtMs: [], forMs: 10_000 })
  expect(standing).toEqual([['down null port 80 is not allowed at ash']])
})

test('a port that another node holds stays its own for a day once it is gone', async () => {
  const { told, standing } = await perform({
    hidden: ['me', 'late'],
    options: { port: 20_080 },
    lastAtMs: 5_000,
    faults: [[20_000, kill('me')]],
    visitsAtMs: [],
    forMs: 40_000,
  })
  expect(told).toEqual(['161.1 me service.up web 10.0.0.1:20080', '5200.6 late service.down web port 20080 is taken at ash'])
  expect(standing[1]).toEqual(['down null port 20080 is taken at ash'])
})

test('a port that this machine can not open is told', async () => {
  const { standing } = await perform({ open: 'me', options: { port: NODE_PORT }, visitsAtMs: [], forMs: 10_000 })
  expect(standing).toEqual([[`down null port ${NODE_PORT} can't be opened on this machine: port ${NODE_PORT} is in use`]])
})
