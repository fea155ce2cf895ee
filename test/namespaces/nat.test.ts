// Whoever lives behind a real NAT is reached all the same, by somebody who knows nothing of tunnels; and again when the TURN
// dies, is cut off without a word, or the home's own address changes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { moveIn, type Neighbours, type RunningNode } from './neighbours.ts'
import { ADDRESSES, buildTown, type Town, whatIsMissing } from './town.ts'

const HELLO = 'hello from behind NAT'
const TURNS = ['birch', 'cedar'] as const
/** A moment, as the answers tell it. */
const ISO = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
type Turn = (typeof TURNS)[number]

let folder: string
let town: Town
let neighbours: Neighbours

beforeAll(() => {
  const missing = whatIsMissing()
  if (missing !== null) throw new Error(missing)
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-namespaces-'))
  town = buildTown()
  neighbours = moveIn(town, folder)
})

afterEach(async () => {
  await neighbours?.leave()
  town?.remove()
  await rm(folder, { recursive: true, force: true })
})

const addressOf = (turn: Turn): string => `${ADDRESSES[turn]}:8088`
const startTurn = (turn: Turn, ...flags: readonly string[]): Promise<RunningNode> =>
  neighbours.node(turn, ['--listen', '0.0.0.0:8088', ...flags])

/** Two nodes on the street that know each other to be reachable, and a service at home. */
async function settleDown(): Promise<Readonly<Record<Turn, RunningNode>>> {
  const birch = await startTurn('birch')
  const cedar = await startTurn('cedar', '--join', addressOf('birch'))
  await neighbours.service('home', 3000, HELLO)
  await Promise.all([birch, cedar].map((node) => node.hears('node.reachability', ({ verdict }) => verdict === 'public')))
  return { birch, cedar }
}

const startHome = (...flags: readonly string[]): Promise<RunningNode> =>
  neighbours.node('home', ['--join', addressOf('birch'), '--join', addressOf('cedar'), '--expose', 'web=3000', ...flags])

/** Where the service is and the TURN that carries it, once both stand; told at or after number `after`. */
async function serviceUp(home: RunningNode, after = 0): Promise<{ readonly address: string; readonly turn: Turn }> {
  const { public: address } = await home.hears('service.up', ({ service }) => service === 'web', after)
  await home.hears('state.entered', ({ machine, state }) => machine === 'node' && state === 'tunnelling.up', after)
  const turn = TURNS.find((name) => address.startsWith(`${ADDRESSES[name]}:`))
  if (turn === undefined) throw new Error(`the service is at ${address}, which is neither TURN`)
  return { address, turn }
}

async function expectTunnelled(home: RunningNode, { address, turn }: { readonly address: string; readonly turn: Turn }): Promise<void> {
  const { node, turn: used, services } = await home.status()
  expect({
    state: node.state,
    reachability: node.reachability,
    turn: used?.address,
    services: services.map(({ traffic: _, at, ...service }) => ({ ...service, best: at[0]?.public })),
  }).toEqual({
    state: 'tunnelling.up',
    reachability: 'tunnelled',
    turn: addressOf(turn),
    services: [
      {
        ...{ name: 'web', kind: 'tcp', local: '127.0.0.1:3000', public: address, state: 'up', error: null, phase: 'up', cause: null },
        best: address,
        since: expect.stringMatching(ISO),
        provenAt: expect.stringMatching(ISO),
      },
    ],
  })
}

/** What a visitor gets where the service is said to be now. */
async function answerAtPublic(home: RunningNode): Promise<string | null> {
  const [web] = (await home.status()).services
  return web?.public ? neighbours.get('visitor', web.public) : null
}

const other = (turn: Turn): Turn => (turn === 'birch' ? 'cedar' : 'birch')

test('nobody on the street can connect to the home itself', async () => {
  await neighbours.service('home', 3000, HELLO)
  expect(await neighbours.get('home', '127.0.0.1:3000')).toEqual(HELLO)
  expect(await neighbours.get('visitor', `${ADDRESSES.home}:3000`)).toEqual(null)
})

test.each([
  ['listens nowhere', ['--no-listen']],
  ['listens, and does not know that nobody gets through to it', ['--listen', '0.0.0.0:8088']],
])('a node behind NAT that %s is reached through a TURN, and through the next when that is killed', async (_, flags) => {
  const turns = await settleDown()
  const home = await startHome(...flags)
  const first = await serviceUp(home)
  expect(await neighbours.get('visitor', first.address)).toEqual(HELLO)
  await expectTunnelled(home, first)

  const told = home.told()
  await turns[first.turn].end('SIGKILL')
  const second = await serviceUp(home, told)
  expect(second.turn).toEqual(other(first.turn))
  expect(await neighbours.get('visitor', second.address)).toEqual(HELLO)
  await expectTunnelled(home, second)
  expect(await home.end('SIGTERM')).toEqual(0)
})

test('others list a node behind NAT at its TURN, never at its own private address', async () => {
  const { birch } = await settleDown()
  const home = await startHome('--listen', '0.0.0.0:8088')
  const { address } = await home.hears('node.reachability', ({ verdict }) => verdict === 'tunnelled')
  await birch.hears('peer.added', (entry) => entry.address === address)
  const { self } = await home.peers()
  const listed = (await birch.peers()).peers.filter(({ id, name }) => id === self || name === 'home')
  expect(listed.map((peer) => peer.address)).toEqual([address])
})

test('a TURN that is cut off without a word is given up for the next', async () => {
  await settleDown()
  const home = await startHome('--no-listen')
  const first = await serviceUp(home)
  const told = home.told()
  town.unplug(first.turn)
  const second = await serviceUp(home, told)
  expect(second.turn).toEqual(other(first.turn))
  expect(await neighbours.get('visitor', second.address)).toEqual(HELLO)
})

test('the only TURN is killed and comes back: so does the service', async () => {
  const birch = await startTurn('birch')
  await neighbours.service('home', 3000, HELLO)
  const home = await neighbours.node('home', ['--join', addressOf('birch'), '--expose', 'web=3000', '--no-listen'])
  await serviceUp(home)
  await birch.end('SIGKILL')
  await home.hears('service.down')
  const told = home.told()
  await startTurn('birch')
  const again = await serviceUp(home, told)
  expect(await neighbours.get('visitor', again.address)).toEqual(HELLO)
})

test('the home gets another address from its provider, and every connection is forgotten: the service comes back', async () => {
  await settleDown()
  const home = await startHome('--no-listen')
  await serviceUp(home)
  const told = home.told()
  town.renumberRouter('203.0.113.21')
  await home.hears('turn.broke', () => true, told)
  // One tunnel after the other notices: the service may have been up all the time.
  await expect.poll(() => answerAtPublic(home), { timeout: 30_000 }).toEqual(HELLO)
})
