// A session between our mux and hashicorp/yamux over TCP on loopback, and the streams of it as sockets in the test's hands.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, renameSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createMux } from '../../src/frp/mux/mux.ts'
import type { MuxStream } from '../../src/frp/mux/mux-contract.ts'
import type { Mux } from '../../src/frp/mux/mux-options.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeClock } from '../../src/io/node-clock.ts'
import { isFailure } from '../../src/ports.ts'
import { buildGo, type Running, run } from './stock.ts'

export const YAMUX_VERSIONS = ['0.1.1', '0.1.2'] as const
export type YamuxVersion = (typeof YAMUX_VERSIONS)[number]
export type Role = 'client' | 'server'

const peerFolder = fileURLToPath(new URL('./yamux-peer/', import.meta.url))
const cache = fileURLToPath(new URL('../../.cache/interop/', import.meta.url))
const clock = createNodeClock()
const network = createNodeNetwork()

const built = new Map<YamuxVersion, string>()

/** The far end's program. Built once in every run: Go knows what has not changed. */
export function yamuxPeer(version: YamuxVersion): string {
  const known = built.get(version)
  if (known !== undefined) return known
  const binary = `${cache}yamux-peer-${version}`
  const fresh = `${binary}.${process.pid}`
  mkdirSync(cache, { recursive: true })
  buildGo(`the yamux ${version} peer`, `${peerFolder}yamux-${version}`, ['-o', fresh, '../main.go'])
  renameSync(fresh, binary) // another run may be using the old one
  built.set(version, binary)
  return binary
}

export interface Session {
  readonly mux: Mux
  readonly peer: Running
  /** Opens a stream to the far end and tells it what to do there. */
  ask(wish: string): Promise<Socket>
  /** The same as a bare stream, joined to nothing. */
  open(wish: string): MuxStream
  /** What to do with streams the far end opens; default: give everything back. */
  onStream: (stream: MuxStream) => void
  /** Why the session ended. */
  readonly over: Promise<string>
  end(): Promise<void>
}

/** `role`: the far end's. A yamux client dials us, a yamux server is dialled. */
export async function startSession(binary: string, role: Role, more: readonly string[] = []): Promise<Session> {
  let tellOver: (why: string) => void = () => {}
  const over = new Promise<string>((resolve) => {
    tellOver = resolve
  })
  const mux = createMux({
    client: role === 'server',
    gather: false,
    clock,
    keepaliveMs: 1_000,
    silenceMs: 10_000,
    onStream: (stream) => session.onStream(stream),
    onClose: tellOver,
  })
  const start = role === 'server' ? dialPeer : takePeer
  const { peer, close } = await start(mux, binary, more)
  const ask = (wish: string): MuxStream => {
    const stream = mux.open()
    if (!stream) throw new Error(`no stream for "${wish}"`)
    stream.write(Buffer.from(`${wish}\n`))
    return stream
  }
  const session: Session = {
    mux,
    peer,
    over,
    open: ask,
    ask: (wish) => join(ask(wish)),
    onStream: (stream) => void join(stream).then((socket) => socket.pipe(socket)),
    end: async () => {
      mux.close('the test is over')
      await peer.end()
      await close()
    },
  }
  return session
}

interface Started {
  readonly peer: Running
  close(): Promise<void>
}

async function dialPeer(mux: Mux, binary: string, more: readonly string[]): Promise<Started> {
  const peer = run(binary, ['-role', 'server', ...more])
  const address = (await peer.line(/^listening /)).replace('listening ', '')
  const opened = await network.dial(address, { timeoutMs: 5_000, reader: mux.reader() })
  if ('type' in opened) throw new Error(opened.text)
  mux.start(opened, null)
  return { peer, close: () => Promise.resolve() }
}

async function takePeer(mux: Mux, binary: string, more: readonly string[]): Promise<Started> {
  let tellStarted: () => void = () => {}
  const started = new Promise<void>((resolve) => {
    tellStarted = resolve
  })
  const listening = await network.listen('127.0.0.1:0', (accepted) => {
    mux.start(accepted.open(mux.reader()), accepted.first)
    tellStarted()
  })
  if (isFailure(listening)) throw new Error(listening.text)
  const peer = run(binary, ['-role', 'client', '-to', `127.0.0.1:${listening.port}`, ...more])
  await started
  return { peer, close: () => listening.close() }
}

/** Joins the stream to a connection over loopback, as a service's would be; answers the connection's other end. */
export function join(stream: MuxStream): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      server.close()
      socket.on('error', () => {}) // a reset stream; 'close' tells
      resolve(socket)
    })
    server.listen(0, '127.0.0.1', () => {
      const at = server.address()
      const port = typeof at === 'object' && at ? at.port : 0
      void network.dial(`127.0.0.1:${port}`, { timeoutMs: 5_000, reader: stream.reader() }).then((opened) => {
        if ('type' in opened) reject(new Error(opened.text))
        else stream.relay(opened.link, { direct: opened.direct, rest: null, closeTogether: false })
      })
    })
  })
}

export interface Arrived {
  readonly bytes: number
  readonly sha256: string
}

export const digest = (data: Uint8Array): Arrived => ({ bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') })

/** Everything up to the end. */
export function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.once('end', () => resolve(Buffer.concat(pieces)))
    socket.resume() // it may have been paused on purpose
    socket.once('close', () => reject(new Error(`cut off after ${pieces.reduce((sum, { length }) => sum + length, 0)} bytes`)))
  })
}

/** Sends random bytes, ends its side, and reads the answer to the end. */
export async function roundTrip(socket: Socket, count: number): Promise<{ readonly sent: Arrived; readonly back: Buffer }> {
  const data = randomBytes(count)
  const back = readAll(socket)
  socket.end(data)
  return { sent: digest(data), back: await back }
}
