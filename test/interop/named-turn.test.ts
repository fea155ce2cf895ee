// The whole command with a stock frps as its TURN, as `--turn frp://…` names it.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { moveIn, type Neighbours, type RunningNode } from '../namespaces/neighbours.ts'
import { BUILD_TIMEOUT_MS, buildStock, startFrps, VERSIONS } from './stock.ts'

const HELLO = 'hello from behind a stock frps'
const SETTINGS = { mux: true, tls: null, token: 'moon' } as const

beforeAll(buildStock, BUILD_TIMEOUT_MS)

let folder: string
let neighbours: Neighbours
let ends: (() => unknown)[]
let service: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-named-turn-'))
  neighbours = moveIn({ at: () => [] }, folder)
  const server = createServer((_, answer) => answer.end(HELLO)).listen(0, '127.0.0.1')
  await new Promise((settle) => server.once('listening', settle))
  service = (server.address() as AddressInfo).port
  ends = [() => server.close()]
})
afterEach(async () => {
  await neighbours.leave()
  for (const end of ends.reverse()) await end()
  await rm(folder, { recursive: true, force: true })
})

const startNode = (...turns: readonly string[]): Promise<RunningNode> =>
  neighbours.node('home', ['--no-listen', '--addresses', 'any', '--expose', `web=${service}`, ...turns.flatMap((turn) => ['--turn', turn])])

const get = (address: string): Promise<string | null> => neighbours.get('visitor', address)

describe.each(VERSIONS)('stock frps %s', (version) => {
  test.each([
    { what: 'as it is', tls: null, query: '' },
    { what: 'that insists on TLS', tls: true, query: '?tls=force' },
  ])('$what carries a node, dies, and carries it again when it is back', async ({ tls, query }) => {
    const frps = await startFrps(version, { ...SETTINGS, tls })
    const node = await startNode(`frp://moon@127.0.0.1:${frps.port}${query}`)
    expect(await get((await node.hears('service.up')).public)).toEqual(HELLO)
    await frps.end()
    await node.hears('service.down')
    const told = node.told()
    const again = await startFrps(version, { ...SETTINGS, tls }, frps.port)
    ends.push(again.end)
    expect(await get((await node.hears('service.up', () => true, told)).public)).toEqual(HELLO)
    expect((await node.status()).turn?.address).toEqual(`127.0.0.1:${frps.port}`)
    expect(await node.end('SIGTERM')).toEqual(0)
  })

  test('that dies is followed by the other one that was named', async () => {
    const first = await startFrps(version, SETTINGS)
    const second = await startFrps(version, SETTINGS)
    ends.push(first.end, second.end)
    const both = new Map([first, second].map((frps) => [`127.0.0.1:${frps.port}`, frps]))
    const node = await startNode(...[...both.keys()].map((address) => `frp://moon@${address}`))
    const { address } = await node.hears('turn.chosen')
    expect(await get((await node.hears('service.up')).public)).toEqual(HELLO)
    const told = node.told()
    await both.get(address)?.end()
    expect(await get((await node.hears('service.up', () => true, told)).public)).toEqual(HELLO)
    expect([...both.keys()].filter((known) => known !== address)).toEqual([(await node.status()).turn?.address])
  })

  test('that wants another token is reported in its own words', async () => {
    const frps = await startFrps(version, SETTINGS)
    ends.push(frps.end)
    const node = await startNode(`frp://sun@127.0.0.1:${frps.port}`)
    const { why } = await node.hears('turn.lost')
    expect(why).toEqual(expect.stringContaining("token in login doesn't match token from configuration"))
  })
})
