// The two far ends of a udp tunnel: a service that echoes, and users with a socket each who know their own bytes.
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface UdpEcho {
  readonly port: number
  /** Who came, as the service sees them. */
  readonly users: ReadonlySet<number>
  close(): Promise<void>
}

export async function startUdpEcho(): Promise<UdpEcho> {
  const users = new Set<number>()
  const socket = await opened()
  socket.on('message', (bytes, from) => {
    users.add(from.port)
    socket.send(bytes, from.port, from.address)
  })
  return { port: socket.address().port, users, close: () => closed(socket) }
}

const FIRST_RETRY_MS = 300
const LONGEST_RETRY_MS = 3_000

/**
 * Sends one datagram per size, each when the one before is back; sends again what is lost, ever more rarely (a thousand users
 * who do not would drown each other), for 60 s. The sizes that came back whole.
 */
export async function askOverUdp(port: number, sizes: readonly number[]): Promise<readonly number[]> {
  const socket = await opened()
  const back: number[] = []
  const deadline = performance.now() + 60_000
  try {
    for (const size of sizes) if (await ask(socket, port, randomBytes(size), deadline)) back.push(size)
    return back
  } finally {
    await closed(socket)
  }
}

function ask(socket: Socket, port: number, payload: Buffer, deadline: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answered: boolean): void => {
      clearTimeout(timer)
      socket.removeListener('message', look)
      resolve(answered)
    }
    const look = (bytes: Buffer): void => {
      if (bytes.equals(payload)) settle(true)
    }
    const send = (retryMs: number): void => {
      if (performance.now() >= deadline) return settle(false)
      socket.send(payload, port, '127.0.0.1')
      timer = setTimeout(() => send(Math.min(LONGEST_RETRY_MS, 2 * retryMs)), retryMs)
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    socket.on('message', look)
    send(FIRST_RETRY_MS)
  })
}

/** Looks again and again, 10 s at the most, until nobody holds the port. */
export async function becomesFreeUdp(port: number): Promise<boolean> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    if (await isFreeUdp(port)) return true
    await new Promise((resolve) => setTimeout(resolve, 10)) // binding a number never waits, and would let nobody else do anything
  }
  return false
}

function isFreeUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    const settle = (free: boolean): void => void socket.close(() => resolve(free))
    socket.once('error', () => settle(false)).once('listening', () => settle(true))
    socket.bind(port, '127.0.0.1')
  })
}

async function opened(): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()))
