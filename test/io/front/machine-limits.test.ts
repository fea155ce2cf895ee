// What strangers can do to the machine of a node that runs as people run it: while they take what they can get, its owner and
// others are answered, and afterwards all is as before.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MAIN } from '../../cli/process.ts'
import { eventually } from '../turn-rig.ts'

vi.setConfig({ testTimeout: 60_000 })

let folder = ''
let child: ChildProcess | null = null
const sockets = new Set<Socket>()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moonwalk-limits-'))
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  child?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Node {
  readonly port: number
  readonly pid: number
  /** The statuses of both ports. `from`: the asker's address. */
  answers(from: string): Promise<readonly [owner: number, other: number]>
}

async function startNode(openFiles = 4_096): Promise<Node> {
  const args = [
    '--data',
    folder,
    '--json',
    '--listen',
    '127.0.0.1:0',
    '--control',
    '127.0.0.1:0',
    '--addresses',
    'any',
    '--log',
    'silent',
    '--open',
  ]
  const words = [process.execPath, '--import', 'tsx', MAIN, 'up', ...args]
  child = spawn('sh', ['-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  })
  if (child.stdout === null) throw new Error('no pipe')
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  const { listen, control, pid } = JSON.parse(value)
  const port = Number(listen.split(':').pop())
  const token = readFileSync(join(folder, 'control-token'), 'utf8').trim()
  return {
    port,
    pid,
    answers: async (from) => {
      const owner = fetch(`${control}/api/status`, { headers: { authorization: `Bearer ${token}` } })
      return [(await owner).status, await statusFor(port, from)]
    },
  }
}

/** What a stranger is answered, whatever that is. */
const statusFor = async (port: number, from: string): Promise<number> => {
  const socket = meet(port, from)
  socket.write('GET /server_info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const piece of socket) answer += piece
  return Number(answer.slice(9, 12))
}

function meet(port: number, from: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  sockets.add(socket)
  return socket.on('error', () => {}).once('close', () => sockets.delete(socket))
}

/** So many connections from ten addresses, each of which says the next of these and goes on byte by byte, where it dribbles. */
function slowOnes(port: number, count: number, sayings: readonly (string | Buffer)[], dribbles: boolean): void {
  for (let i = 0; i < count; i++) {
    const socket = meet(port, `127.0.1.${1 + (i % 10)}`).resume()
    socket.write(sayings[i % sayings.length] ?? '')
    if (!dribbles) continue
    const timer = setInterval(() => socket.write('a'), 1_000)
    socket.once('close', () => clearInterval(timer))
  }
}

const KINDS = [
  'GET / HTTP/1.1\r\nHost: x\r\nX-',
  'POST /v2/gossip HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'o',
  Buffer.from([0]),
  Buffer.from([0x17]),
  Buffer.from('16030100fa010000f60303', 'hex'),
  '',
]
const ELSEWHERE = '127.0.9.9'

test.each([
  ['stop', false],
  ['dribble', true],
])('a thousand slow connections that %s are out, and nobody else notices', async (_, dribbles) => {
  const node = await startNode()
  slowOnes(node.port, 1_000, KINDS, dribbles)
  const seen = new Set<string>()
  const out = eventually(() => sockets.size === 0)
  for (let isOut = false; !isOut; ) {
    seen.add(String(await node.answers(ELSEWHERE)))
    isOut = await Promise.race([out.then(() => true), new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 100))])
  }
  expect([await out, [...seen]]).toEqual([true, ['200,200']])
})

test('four hundred unfinished bodies are out, and nobody else notices', async () => {
  const node = await startNode()
  const body = `POST /v2/gossip HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(250_000)}`
  slowOnes(node.port, 400, [body], false)
  expect(await node.answers(ELSEWHERE)).toEqual([200, 200])
  expect(await eventually(() => sockets.size === 0)).toEqual(true)
  expect(await node.answers(ELSEWHERE)).toEqual([200, 200])
})

test('where few files may be open, strangers leave enough for the owner and for others', async () => {
  const node = await startNode(256)
  const files = (): number => readdirSync(`/proc/${node.pid}/fd`).length
  const before = files()
  // Each asks once and keeps its connection, from more addresses than are counted apart.
  const ask = 'GET /server_info HTTP/1.1\r\nHost: x\r\n\r\n'
  slowOnes(node.port, 600, [ask, 'o', ''], false)
  expect(await node.answers(ELSEWHERE)).toEqual([200, 200])
  expect(files()).toBeLessThan(240)
  for (const socket of sockets) socket.destroy()
  expect(await eventually(() => files() <= before + 2)).toEqual(true)
  expect(await node.answers(ELSEWHERE)).toEqual([200, 200])
})
