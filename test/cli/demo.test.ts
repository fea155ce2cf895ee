// `moonwalk demo` in full: real processes over real sockets.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endAll, start } from './process.ts'

const LONG_MS = 150_000

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-demo-test-'))
})
afterEach(() => {
  endAll()
  rmSync(dir, { recursive: true, force: true })
})

/** Command lines of running processes that name our folder: every node of a demo does. */
function left(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return [] // gone meanwhile
      }
    })
    .filter((line) => line.includes(dir))
}

/** The demo's own; tsx keeps its cache beside them. */
const folders = (): readonly string[] => readdirSync(dir).filter((name) => name.startsWith('moonwalk'))

test('six nodes find one another, a service behind NAT answers, and again when its TURN is killed', { timeout: LONG_MS }, async () => {
  const { code, out, err } = await start(['demo', '--once', '--json'], { TMPDIR: dir }).ended
  expect({ code, lines: out.split('\n').length, why: code === 0 ? '' : err }).toEqual({ code: 0, lines: 2, why: '' })
  const facts = JSON.parse(out)
  const [address, ms, name] = [expect.stringMatching(/^127\.0\.0\.1:\d+$/), expect.any(Number), expect.any(String)]
  expect(facts).toEqual({
    schemaVersion: 1,
    ok: true,
    nodes: ['ash', 'birch', 'cedar', 'elm', 'fir', 'hidden'].map((node) => ({
      name: node,
      address,
      table: { ip_address: expect.any(Array) },
    })),
    turn: { name, address, reason: expect.stringMatching(/^least latency of \d/) },
    service: { public: address },
    convergedMs: ms,
    turnJoinMs: ms,
    cut: { turn: facts.turn.name, next: name, outageMs: ms },
  })
  const everyone = facts.nodes.map((node: { address: string }) => node.address).sort()
  for (const { table } of facts.nodes) {
    const rows: { ipv4: string; 'port no': string; latency: number; download: number; upload: number }[] = table.ip_address
    expect(rows.map((row) => `${row.ipv4}:${row['port no']}`).sort()).toEqual(everyone)
    expect(rows.filter(({ latency, download, upload }) => !(latency > 0 && download > 0 && upload > 0))).toEqual([])
  }
  expect(facts.cut.next).not.toEqual(facts.cut.turn)
  expect(err.trim().split('\n').at(-1)).toEqual('all tables have followed')
  expect([left(), folders()]).toEqual([[], []])
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle ends every node of it', { timeout: LONG_MS }, async (signal) => {
  const demo = start(['demo'], { TMPDIR: dir })
  expect(await demo.line()).toEqual('starting five nodes of a private network, each knowing one other …')
  expect(await demo.line()).toMatch(/^five complete tables after /)
  demo.child.kill(signal)
  expect((await demo.ended).code).toEqual(1)
  expect([left(), folders()]).toEqual([[], []])
})
