// What visitors notice when the first of a home's two TURNs goes, in every way that it can go: at the service's address, at either
// of its addresses with the same port, through `connect`, and at a domain that another node answers for. Real NAT, and a new
// connection every 50 ms all the time.
//
// MOONWALK_FAILOVER_ROUNDS=10 plays every way ten times; the figures are printed. Here each is played once, and what must hold at any
// speed of the machine is compared: who is answered again, and that nobody was turned away while a TURN left on purpose.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { moveIn, type Neighbours, type RunningNode } from './neighbours.ts'
import { ADDRESSES, buildTown, type Town, whatIsMissing } from './town.ts'
import { VISIT_PERIOD, type Visit, type Visits, visitFrom } from './visits.ts'

const TURNS = ['alder', 'birch', 'cedar'] as const
type Turn = (typeof TURNS)[number]
const DOMAIN = 'web.example.org'
const HELLO = 'hello from behind NAT'
const ROUNDS = Number(process.env.MOONWALK_FAILOVER_ROUNDS ?? '1')
/** No speed test beside the visitors. */
const CALM = ['--speedtest-budget', 'off'] as const
/** Whatever a visitor tries is answered again within this, or never. */
const AGAIN_MS = 40_000
/** With no fault everybody is answered within this, if the addresses are still announced. */
const ANSWERED_MS = 10_000
/** The node's public port and those that it hands out. */
const HANDED_OUT = 'tcp dport 20000-29999'

let folder: string
let town: Town
let neighbours: Neighbours
const nodes = new Map<Turn | 'home', RunningNode>()

beforeAll(async () => {
  const missing = whatIsMissing()
  if (missing !== null) throw new Error(missing)
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-failover-'))
  town = buildTown()
  neighbours = moveIn(town, folder)
}, 60_000)

afterAll(async () => {
  await neighbours?.leave()
  town?.remove()
  await rm(folder, { recursive: true, force: true })
})

const startTurn = async (turn: Turn): Promise<RunningNode> => {
  const others = TURNS.filter((other) => other !== turn && nodes.has(other))
  const seeds = others.flatMap((other) => ['--join', `${ADDRESSES[other]}:8088`])
  const node = await neighbours.node(turn, ['--listen', '0.0.0.0:8088', '--allow-domains', DOMAIN, ...CALM, ...seeds])
  nodes.set(turn, node)
  return node
}
const nodeOf = (who: Turn | 'home'): RunningNode => {
  const node = nodes.get(who)
  if (!node) throw new Error(`${who} does not run`)
  return node
}

/**
 * Where the home's service is, the first address first, once two tunnels
 * stand, none of a fault before is being left, and that lasts.
 */
async function twoAddresses(): Promise<readonly string[]> {
  const home = nodeOf('home')
  let before = ''
  for (let look = 0; look < 300; look++) {
    const { node, services, turns } = await home.status()
    const at = services.find(({ name }) => name === 'web')?.at ?? []
    const open = at.flatMap((one) => (one.public === null ? [] : [one.public]))
    const site = services.find(({ name }) => name === 'site')
    const areOpen = turns.length === 2 && turns.every(({ state }) => state === 'open')
    const isThere = node.state === 'tunnelling.up' && areOpen && open.length === 2 && site?.state === 'up'
    const now = isThere ? open.join(' ') : ''
    if (now !== '' && now === before) return open
    before = now
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the home has no two tunnels after a minute')
}
const turnAt = (address: string): Turn => {
  const turn = TURNS.find((name) => address.startsWith(`${ADDRESSES[name]}:`))
  if (turn === undefined) throw new Error(`${address} is no TURN's`)
  return turn
}

interface Fault {
  readonly name: string
  begin(turn: Turn): unknown
  /** Everything as it was before. */
  heal(turn: Turn): unknown
  /** Nobody who comes through `connect` or the domain is turned away meanwhile. */
  readonly isPlanned?: true
}

const filtered = (name: string, rules: Parameters<Town['filter']>[1]): Fault => ({
  name,
  begin: (turn) => town.filter(turn, rules),
  heal: (turn) => town.filter(turn, {}),
})
const FAULTS: readonly Fault[] = [
  { name: 'is killed', begin: (turn) => nodeOf(turn).end('SIGKILL'), heal: startTurn },
  { name: 'is stopped', begin: (turn) => nodeOf(turn).end('SIGTERM'), heal: startTurn, isPlanned: true },
  { name: 'is unplugged', begin: (turn) => town.unplug(turn), heal: (turn) => town.plugIn(turn) },
  filtered('hears nothing', { in: 'iifname "plug" drop' }),
  filtered('is not heard', { out: 'oifname "plug" drop' }),
  filtered('resets every connection', { in: 'iifname "plug" meta l4proto tcp reject with tcp reset' }),
  filtered('carries nothing and answers all the same', { in: `iifname "plug" ${HANDED_OUT} drop` }),
]

interface Figures {
  readonly fault: string
  readonly either: number
  readonly connect: number
  readonly domain: number
  readonly turnedAway: number
}
const figures: Figures[] = []

beforeAll(async () => {
  await neighbours.service('home', 3000, HELLO)
  for (const turn of TURNS) await startTurn(turn)
  const join = TURNS.flatMap((turn) => ['--join', `${ADDRESSES[turn]}:8088`])
  nodes.set(
    'home',
    await neighbours.node('home', [...join, ...CALM, '--no-listen', '--expose', 'web=3000', '--expose', `site=3000/http:${DOMAIN}`]),
  )
  const visitor = await neighbours.node('visitor', [...join, ...CALM, '--listen', '0.0.0.0:8088', '--no-offer', '--allow-domains', DOMAIN])
  await twoAddresses()
  await visitor.hears('peer.added', ({ name }) => name === 'home')
  await neighbours.command('visitor', ['connect', 'home/web', '--port', '4000'])
}, 90_000)

test('a service has the same port at both of its TURNs', async () => {
  const ports = (await twoAddresses()).map((address) => address.split(':')[1])
  expect(new Set(ports).size).toEqual(1)
})

/**
 * Visitors at the home's two addresses, who have all been answered since they
 * came. A tunnel that did not hear for a while may be left just after the
 * fault has gone: then these addresses are no more, and visitors are sent to
 * those that came after.
 */
async function everybodyAnswered(): Promise<{ readonly first: string; readonly visits: Visits }> {
  let why = 'the home moved on every time'
  for (let tries = 0; tries < 4; tries++) {
    const [first = '', second = ''] = await twoAddresses()
    const visits = visitFrom(town, 'visitor', [
      { name: 'first', address: first },
      { name: 'second', address: second },
      { name: 'connect', address: '127.0.0.1:4000' },
      { name: 'domain', address: `${ADDRESSES.visitor}:8088`, host: DOMAIN },
    ])
    try {
      const fromMs = Date.now()
      const names = ['first', 'second', 'connect', 'domain']
      await Promise.all(names.map((name) => visits.firstAnswer([name], fromMs, ANSWERED_MS)))
      const now = await twoAddresses()
      if (now[0] === first && now[1] === second) return { first, visits }
    } catch (error) {
      why = `${error}; the home's status then: ${JSON.stringify(await nodeOf('home').status())}`
    }
    visits.end()
  }
  throw new Error(why)
}

test.each(FAULTS.flatMap((fault) => Array.from({ length: ROUNDS }, () => [fault.name, fault] as const)))(
  'a TURN that %s costs its visitors no more than a moment',
  async (_, fault) => {
    const { first, visits } = await everybodyAnswered()
    let hasBegun = false
    try {
      const cutMs = Date.now()
      hasBegun = true
      const ending = fault.begin(turnAt(first))
      const again = async (...names: readonly string[]): Promise<number> => (await visits.firstAnswer(names, cutMs, AGAIN_MS)).toMs - cutMs
      // A visit that began at the fault may have been before it: what counts is when they are answered for good.
      const [either, connect, domain] = await Promise.all([
        again('first', 'second'),
        lasting(visits, 'connect', cutMs),
        lasting(visits, 'domain', cutMs),
      ])
      await ending
      const turnedAway = visits.made.filter(
        ({ name, isRefused, fromMs }) => isRefused && fromMs >= cutMs && (name === 'connect' || name === 'domain'),
      ).length
      figures.push({ fault: fault.name, either, connect, domain, turnedAway })
      if (fault.isPlanned) expect(turnedAway).toEqual(0)
    } finally {
      visits.end()
      if (hasBegun) await fault.heal(turnAt(first))
    }
  },
  180_000,
)

/** From when on everybody was answered for three seconds, in ms after the fault. Rejects when that does not come. */
async function lasting(visits: Visits, name: string, cutMs: number): Promise<number> {
  for (let sinceMs = cutMs; sinceMs < cutMs + AGAIN_MS; ) {
    const { fromMs, toMs } = await visits.firstAnswer([name], sinceMs, AGAIN_MS)
    await visits.firstAnswer([name], fromMs + LASTING_MS, AGAIN_MS)
    const missed = visits.made.filter(
      (visit: Visit) => visit.name === name && !visit.ok && visit.fromMs >= fromMs && visit.fromMs < fromMs + LASTING_MS,
    )
    const last = missed.at(-1)
    if (last === undefined) return toMs - cutMs
    sinceMs = last.fromMs + VISIT_PERIOD
  }
  throw new Error(`${name} was not answered for good within ${AGAIN_MS} ms`)
}
const LASTING_MS = 3_000

afterAll(() => {
  const lines = FAULTS.flatMap(({ name }) => {
    const of = figures.filter(({ fault }) => fault === name)
    if (of.length === 0) return []
    const worst = (key: 'either' | 'connect' | 'domain' | 'turnedAway'): number => Math.max(...of.map((one) => one[key]))
    return `${name}: ${of.length} times; worst ms until answered: either address ${worst('either')}, connect ${worst('connect')}, domain ${worst('domain')}; turned away ${worst('turnedAway')}`
  })
  console.log(lines.join('\n'))
})
