// Wire v2 with stock frp 0.70.1, both ways round, and between our own ends: tcp and udp, on real sockets.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { becomesFree, type Echo, roundTrip, startEcho } from './far-ends.ts'
import { type EndSettings, startClient, startServer, tcpProxy } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, startFrpc, startFrps } from './stock.ts'

const MIB = 1024 * 1024
const VERSION = '0.70.1'
beforeAll(buildStock, BUILD_TIMEOUT_MS)

let echo: Echo
let ends: (() => unknown)[] = []
beforeEach(async () => {
  echo = await startEcho()
  ends = [() => echo.close()]
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

async function datagramSocket(onDatagram: (socket: Socket, bytes: Buffer, port: number) => void): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, from) => onDatagram(socket, bytes, from.port))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  ends.push(() => socket.close())
  return socket
}

/** Asks until an answer comes, 200 ms apart: a udp work connection is fetched 500 ms after the proxy has started. */
async function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let asked = 0
    void datagramSocket((_socket, bytes) => {
      clearInterval(timer)
      resolve(bytes.toString())
    }).then((socket) => {
      timer = setInterval(() => {
        if (++asked > 50) {
          clearInterval(timer)
          reject(new Error('no datagram came back in 10 s'))
        } else socket.send(text, port, '127.0.0.1')
      }, 200)
    })
    let timer: ReturnType<typeof setInterval> | undefined
  })
}

const carriers = [
  { what: 'mux', mux: true, tls: false },
  { what: 'mux and TLS', mux: true, tls: true },
  { what: 'no mux', mux: false, tls: false },
  { what: 'no mux and TLS', mux: false, tls: true },
] as const
const codings = [
  { encrypted: true, compressed: false },
  { encrypted: false, compressed: true },
  { encrypted: true, compressed: true },
]

async function carriesBytes(port: number): Promise<void> {
  for (const bytes of [1, 100, MIB]) {
    const { sent, back } = await roundTrip(port, bytes)
    expect(back).toEqual(sent)
  }
  const many = await Promise.all(Array.from({ length: 20 }, () => roundTrip(port, 50_000)))
  expect(many.filter(({ sent, back }) => sent !== back)).toEqual([])
}

async function ourClient(port: number, settings: Omit<EndSettings, 'wire' | 'token'> & { readonly token?: string }) {
  const { client, facts } = startClient(port, { token: 'secret', ...settings, wire: 2 })
  ends.push(() => client.end('the test is over'))
  return { client, facts }
}

const portOf = (remoteAddr: string): number => Number(remoteAddr.split(':').at(-1))

describe('our client on wire v2', () => {
  test.each(carriers)('is carried by stock frps with $what', async ({ mux, tls }) => {
    const frps = await startFrps(VERSION, { mux, tls: tls || null, token: 'secret' })
    ends.push(frps.end)
    const { client, facts } = await ourClient(frps.port, { mux, tls: tls ? '0x16' : 'off', peerIsOurs: false })
    await facts.next('client.loggedIn')
    client.openProxy(tcpProxy('web', echo.port))
    const port = portOf((await facts.next('client.proxyStarted')).remoteAddr)
    await carriesBytes(port)
    client.end('gone')
    expect(await becomesFree(port)).toBe(true)
  })

  test.each(codings)('is carried by stock frps with encryption $encrypted and compression $compressed', async (wishes) => {
    const frps = await startFrps(VERSION, { mux: true, tls: null, token: 'secret' })
    ends.push(frps.end)
    const { client, facts } = await ourClient(frps.port, { mux: true, tls: 'off', peerIsOurs: false })
    client.openProxy(tcpProxy('web', echo.port, 0, wishes))
    await carriesBytes(portOf((await facts.next('client.proxyStarted')).remoteAddr))
  })

  test('has its datagrams carried by stock frps', async () => {
    const frps = await startFrps(VERSION, { mux: true, tls: null, token: 'secret' })
    ends.push(frps.end)
    const service = await datagramSocket((socket, bytes, port) => socket.send(`>${bytes.toString()}`, port, '127.0.0.1'))
    const { client, facts } = await ourClient(frps.port, { mux: true, tls: 'off', peerIsOurs: false })
    client.openProxy({ ...tcpProxy('dns', service.address().port), type: 'udp' })
    expect(await ask(portOf((await facts.next('client.proxyStarted')).remoteAddr), 'hi')).toEqual('>hi')
  })

  test('is turned down by stock frps for a wrong token, in its own words', async () => {
    const frps = await startFrps(VERSION, { mux: true, tls: null, token: 'secret' })
    ends.push(frps.end)
    const { facts } = await ourClient(frps.port, { mux: true, tls: 'off', peerIsOurs: false, token: 'wrong' })
    const closed = await facts.next('client.closed')
    expect(closed.refused).toBe(true)
    expect(closed.why).toMatch(/token in login doesn't match token from configuration/)
  })

  test.each(carriers)('is carried by our own server with $what', async ({ mux, tls }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const { client, facts } = await ourClient(ours.port, { mux, tls: tls ? '0x16' : 'off', peerIsOurs: true })
    client.openProxy(tcpProxy('web', echo.port))
    await carriesBytes(portOf((await facts.next('client.proxyStarted')).remoteAddr))
  })
})

describe('stock frpc on wire v2', () => {
  test.each(carriers)('is carried by our public port with $what', async ({ mux, tls }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const port = await freePort()
    const proxy = { name: 'web', localPort: echo.port, remotePort: port }
    const frpc = await startFrpc(VERSION, ours.port, { mux, tls, token: 'secret', wire: 2 }, proxy)
    ends.push(frpc.end)
    await carriesBytes(port)
    await frpc.end()
    expect(await becomesFree(port)).toBe(true)
  })

  test.each(codings)('is carried with encryption $encrypted and compression $compressed', async (wishes) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const port = await freePort()
    const proxy = { name: 'web', localPort: echo.port, remotePort: port, ...wishes }
    const frpc = await startFrpc(VERSION, ours.port, { mux: true, tls: null, token: 'secret', wire: 2 }, proxy)
    ends.push(frpc.end)
    await carriesBytes(port)
  })

  test.each(carriers)('has its datagrams carried by us with $what', async ({ mux, tls }) => {
    const ours = await startServer('secret')
    ends.push(ours.close)
    const service = await datagramSocket((socket, bytes, port) => socket.send(`>${bytes.toString()}`, port, '127.0.0.1'))
    const port = await freePort()
    const proxy = { name: 'dns', type: 'udp', localPort: service.address().port, remotePort: port } as const
    const frpc = await startFrpc(VERSION, ours.port, { mux, tls, token: 'secret', wire: 2 }, proxy)
    ends.push(frpc.end)
    expect(await ask(port, 'hi')).toEqual('>hi')
  })
})
