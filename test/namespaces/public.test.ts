// Whoever others can connect to finds that out by itself, and serves without a TURN.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { moveIn, type Neighbours, type RunningNode } from './neighbours.ts'
import { ADDRESSES, buildTown, type Place, type Town, whatIsMissing } from './town.ts'

const HELLO = 'hello from the street'

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

const addressOf = (place: Place): string => `${ADDRESSES[place]}:8088`

const serving = (node: RunningNode): Promise<unknown> =>
  Promise.all([
    node.hears('node.reachability', ({ verdict }) => verdict === 'public'),
    node.hears('state.entered', ({ machine, state }) => machine === 'node' && state.split('.')[0] === 'serving'),
  ])

test('nodes on the street serve at addresses that others proved, and use no TURN', async () => {
  const birch = await neighbours.node('birch', ['--listen', '0.0.0.0:8088'])
  const cedar = await neighbours.node('cedar', ['--listen', '0.0.0.0:8088', '--join', addressOf('birch')])
  await Promise.all([birch, cedar].map(serving))
  const answers = await Promise.all([birch, cedar].map((node) => node.status()))
  expect(answers.map(({ node, turn }) => ({ state: node.state, address: node.address, reachability: node.reachability, turn }))).toEqual(
    (['birch', 'cedar'] as const).map((place) => ({ state: 'serving', address: addressOf(place), reachability: 'public', turn: null })),
  )
  const proof = await cedar.hears('node.reachability', ({ verdict }) => verdict === 'public')
  expect([answers[0]?.node.id, addressOf('birch')]).toContain(proof.by)
})

test('a node on the street exposes a service of its own loopback to strangers, without a TURN', async () => {
  await neighbours.service('cedar', 3000, HELLO)
  await neighbours.node('birch', ['--listen', '0.0.0.0:8088'])
  const cedar = await neighbours.node('cedar', ['--listen', '0.0.0.0:8088', '--join', addressOf('birch'), '--expose', 'web=3000'])
  const { public: address } = await cedar.hears('service.up', ({ service }) => service === 'web')
  expect(address.split(':')[0]).toEqual(ADDRESSES.cedar)
  expect(await neighbours.get('visitor', address)).toEqual(HELLO)
  expect((await cedar.status()).turn).toEqual(null)
})

test('a stranger talks to a node behind NAT itself at the address that the node gives', async () => {
  await neighbours.node('birch', ['--listen', '0.0.0.0:8088'])
  await neighbours.node('cedar', ['--listen', '0.0.0.0:8088', '--join', addressOf('birch')])
  const home = await neighbours.node('home', ['--join', addressOf('birch'), '--no-listen'])
  const { address } = await home.hears('node.reachability', ({ verdict }) => verdict === 'tunnelled')
  const said = await neighbours.get('visitor', address ?? 'nowhere', '/server_info')
  const { id, name, version } = (await home.status()).node
  const { Moonwalk }: { readonly Moonwalk?: unknown } = JSON.parse(said ?? '{}')
  expect(Moonwalk).toEqual({ id, name, version, place: expect.any(Array), run: expect.stringMatching(/^[0-9a-f]{16}$/) })
})
