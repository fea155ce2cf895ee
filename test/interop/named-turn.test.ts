// The whole command with a stock frps as its TURN, as `--turn frp://…` names it.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { selfSigned } from '../../src/io/front/self-signed.ts'
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

  test('that falls silent is left for the other one, and carries the node again once it is the only one left', async () => {
    const first = await startFrps(version, SETTINGS)
    const second = await startFrps(version, SETTINGS)
    ends.push(first.end, second.end)
    const both = new Map([first, second].map((frps) => [`127.0.0.1:${frps.port}`, frps]))
    const node = await startNode(...[...both.keys()].map((address) => `frp://moon@${address}`))
    const { address } = await node.hears('turn.chosen')
    const [other = ''] = [...both.keys()].filter((known) => known !== address)
    await node.hears('service.up')
    // Both carry it, or the other may be late.
    await node.hears('turn.chosen', (one) => one.address === other)
    await node.hears(
      'state.entered',
      ({ machine, instance, state }) => machine === 'exposedService' && instance.endsWith(other) && state === 'carried.up',
    )
    const told = node.told()
    process.kill(both.get(address)?.pid ?? 0, 'SIGSTOP')
    const lost = await node.hears('turn.lost', () => true, told)
    const up = await node.hears('service.up', () => true, told)
    expect([lost.name, lost.why.replace(/\d+/, 'N'), (await node.status()).turn?.address]).toEqual([address, 'silent for N ms', other])
    expect(await get(up.public)).toEqual(HELLO)
    process.kill(both.get(address)?.pid ?? 0, 'SIGCONT')
    const before = node.told()
    await both.get(other)?.end()
    expect(await get((await node.hears('service.up', () => true, before)).public)).toEqual(HELLO)
    expect((await node.status()).turn?.address).toEqual(address)
  })

  test('whose connection is reset is logged in at again, and gives the same port', async () => {
    const frps = await startFrps(version, SETTINGS)
    const path = await startPath(frps.port)
    ends.push(frps.end, path.end)
    const node = await startNode(`frp://moon@127.0.0.1:${path.port}`)
    const first = await node.hears('service.up')
    await node.hears('state.entered', ({ state }) => state === 'tunnelling.up')
    const told = node.told()
    path.reset()
    const broke = await node.hears('turn.broke', () => true, told)
    const second = await node.hears('service.up', () => true, told)
    // The system tells a reset once; where it told the write of a ping, whoever reads hears of an end.
    expect(['connection reset', 'the other end closed the connection']).toContain(broke.why)
    expect([broke.name, second.public]).toEqual([`127.0.0.1:${path.port}`, first.public])
    expect(await get(second.public)).toEqual(HELLO)
  })

  test.each([
    { what: 'the right CA and name', cert: selfSigned(), query: () => `?ca=${folder}/ca.pem&name=moonwalk`, why: null },
    {
      what: 'the name of another',
      cert: selfSigned(),
      query: () => `?ca=${folder}/ca.pem&name=sun`,
      why: 'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
    },
    {
      what: 'a CA that did not sign its certificate',
      cert: null,
      query: () => `?ca=${folder}/ca.pem&name=moonwalk`,
      // What 0.45.0 makes up for itself is valid from the year 1 to the year 1.
      why: `its certificate ${version === '0.45.0' ? 'has expired (CERT_HAS_EXPIRED)' : 'is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)'}`,
    },
  ])('is held against $what', async ({ cert, query, why }) => {
    await writeFile(`${folder}/ca.pem`, selfSigned().cert)
    const frps = await startFrps(version, { ...SETTINGS, ...(cert ? { certificate: cert } : {}) })
    ends.push(frps.end)
    const node = await startNode(`frp://moon@127.0.0.1:${frps.port}${query()}`)
    if (why === null) expect(await get((await node.hears('service.up')).public)).toEqual(HELLO)
    else expect((await node.hears('turn.unfit')).why).toEqual(why)
  })

  test('that wants another token is reported so', async () => {
    const frps = await startFrps(version, SETTINGS)
    ends.push(frps.end)
    const node = await startNode(`frp://sun@127.0.0.1:${frps.port}`)
    const { why } = await node.hears('turn.unfit')
    expect(why).toEqual('it wants another token')
    expect((await node.status()).health.map(({ text }) => text)).toEqual([
      `nobody can be reached who carries traffic for others (127.0.0.1:${frps.port}: ${why})`,
      `the stock frps 127.0.0.1:${frps.port} can't be used as TURN: ${why}`,
    ])
  })
})

/** A way to that port whose connections can be reset, at both ends. */
async function startPath(to: number): Promise<{ readonly port: number; reset(): void; end(): void }> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket))) && socket
  const server = createTcpServer((near) => {
    const far = keep(connect(to, '127.0.0.1'))
    keep(near).pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reset = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    reset,
    end: () => {
      server.close()
      reset()
    },
  }
}
