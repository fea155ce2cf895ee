// Connections by the thousand that only take up room, at the public port of a TURN that carries a tunnel: nobody is kept out.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connected, converse } from '../loopback.ts'
import { isWhole, startTurn, type Turn } from '../turn-rig.ts'

let turn: Turn
beforeEach(async () => {
  turn = await startTurn(60_000) // nobody goes for having been silent for too long
})
afterEach(() => turn.close())

/** So many connections, or as many as a process may have, out of a process of their own; each says the bytes and then nothing. */
const FLOOD = `
const { connect } = require('node:net')
const { readFileSync } = require('node:fs')
const [port, bytes] = [Number(process.argv[1]), Buffer.from(process.argv[2], 'hex')]
const most = Number(process.argv[3])
const limit = Number(/^Max open files +\\d+ +(\\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024)
const wanted = Math.min(most, limit - 100)
let [begun, open] = [0, 0]
const next = () => {
  if (begun++ >= wanted) return
  let failed = () => setTimeout(again, 50)
  const again = () => {
    begun--
    next()
  }
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => {
    failed = () => {}
    socket.write(bytes)
    if (++open === wanted) process.stdout.write(open + '\\n')
    next()
  })
  socket.on('error', () => failed()).resume()
}
for (let count = 0; count < 100; count++) next()
setTimeout(() => process.exit(1), 60000)`

describe('a flood of connections', () => {
  let flood: ChildProcess | null = null
  afterEach(() => flood?.kill('SIGKILL'))

  test.each<[string, Buffer, number]>([
    ['say nothing', Buffer.alloc(0), 10_000],
    ['say the first byte of yamux', Buffer.from([0]), 3_000],
    ['say the first byte of a request', Buffer.from('G'), 10_000],
    ['say the first byte of TLS', Buffer.from([0x16]), 3_000],
  ])(
    'that %s keeps nobody out, and leaves nothing',
    async (_, bytes, count) => {
      flood = spawn(process.execPath, ['-e', FLOOD, String(turn.port), bytes.toString('hex'), String(count)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (flood.stdout === null) throw new Error('no pipe')
      const [opened] = await once(createInterface({ input: flood.stdout }), 'line')
      expect(Number(opened)).toBeGreaterThan(900)
      expect(await isWhole(turn.tunnelPort)).toBe(true)
      const another = await turn.tunnel('another')
      expect(await isWhole(another.port)).toBe(true)
      expect((await converse(await connected(turn.port), 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).slice(9, 12)).toEqual(
        '200',
      )
      another.client.end('done')
      flood.kill('SIGKILL')
      await turn.clock.advance(10_000)
      expect(await isWhole(turn.tunnelPort)).toBe(true)
      expect(await turn.atRest()).toEqual(turn.before)
    },
    60_000,
  )
})
