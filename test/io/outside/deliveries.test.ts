// A real command and a real web hook.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventCommand } from '../../../src/io/outside/event-command.ts'
import { webhook } from '../../../src/io/outside/webhook.ts'

let dir = ''
const ends: (() => void)[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-outside-'))
})
afterEach(() => {
  for (const end of ends.splice(0)) end()
  rmSync(dir, { recursive: true, force: true })
})
const never = new AbortController().signal

describe('a command', () => {
  test('gets one line on its standard input', async () => {
    expect(await eventCommand(`cat > ${dir}/heard`)('{"seq":1}', never)).toEqual(null)
    expect(readFileSync(join(dir, 'heard'), 'utf8')).toEqual('{"seq":1}\n')
  })

  test.each([
    ['says how it ended, and what it complained of', 'echo out of order >&2; exit 3', 'it ended with 3 (out of order)'],
    ['that is not there is said to be not there', '/nowhere/at-all 2>/dev/null', 'it ended with 127'],
    ['that does not read is no failure', 'exit 0', null],
  ])('%s', async (_, command, expected) => expect(await eventCommand(command)('x'.repeat(100_000), never)).toEqual(expected))

  test('that runs for too long is ended with all that it started', async () => {
    const command = `(sleep 30; touch ${dir}/late) & echo $! > ${dir}/pid; wait`
    expect(await eventCommand(command, { timeoutMs: 300 })('{}', never)).toEqual('it ran for longer than 0.3 s')
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'))
    await expect.poll(() => isRunning(pid)).toEqual(false)
    expect(existsSync(join(dir, 'late'))).toEqual(false)
  })

  test('that leaves something behind holds nothing of this process open', async () => {
    const pipes = () => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap' || name === 'ProcessWrap').length
    const before = pipes()
    const command = `setsid sleep 30 <&0 & echo $! > ${dir}/pid`
    expect(await eventCommand(command, { timeoutMs: 300 })('{}', never)).toEqual('it ran for longer than 0.3 s')
    await expect.poll(pipes).toEqual(before)
    process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGKILL')
  })

  test('that cannot be run since no descriptors are left is a failure', () => {
    const script = fileURLToPath(new URL('without-descriptors.ts', import.meta.url))
    // A process of its own: whatever else runs here would have none left either.
    const told = execFileSync('sh', ['-c', 'ulimit -n 100; exec "$0" --import tsx "$1"', process.execPath, script], { encoding: 'utf8' })
    expect(told).toMatch(/EMFILE/)
  })

  test('is ended with the node', async () => {
    const ending = new AbortController()
    const told = eventCommand('sleep 30')('{}', ending.signal)
    ending.abort()
    expect(await told).toEqual('the node ends')
  })
})

/** Ended, or ended and not reaped yet. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** A hook that answers these, one after another. */
async function hook(...answers: readonly number[]) {
  const heard: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => {
      body += piece.toString()
    })
    request.on('end', () => {
      heard.push(`${request.method} ${request.headers['content-type']} ${body}`)
      response.writeHead(answers[heard.length - 1] ?? 200, { location: 'http://127.0.0.1:9/' }).end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  ends.push(() => server.close())
  return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

describe('a web hook', () => {
  const retriesMs = [1, 1]
  test.each<[string, readonly number[], string | null, number]>([
    ['gets a POST of JSON', [204], null, 1],
    ['that fails is asked again', [500, 429, 200], null, 3],
    ['that goes on failing is given up', [500, 502, 503], 'it answered 503', 3],
    ['that says no is not asked again', [404], 'it answered 404', 1],
    ['that points elsewhere is not followed', [302], 'it answered 302', 1],
  ])('%s', async (_, answers, expected, times) => {
    const { heard, url } = await hook(...answers)
    expect(await webhook(url, { retriesMs })('{"seq":1}', never)).toEqual(expected)
    expect(heard).toEqual(Array(times).fill('POST application/json {"seq":1}'))
  })

  test('whose answer never ends has taken it', async () => {
    let asked = 0
    const server = createServer((_, response) => {
      asked++
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)))
      response.writeHead(200)
      more()
    }).listen(0, '127.0.0.1')
    await new Promise((listening) => server.once('listening', listening))
    ends.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    expect(await webhook(url, { timeoutMs: 500, retriesMs })('{}', never)).toEqual(null)
    expect(asked).toEqual(1)
  })

  test('where nobody listens says so', async () => {
    expect(await webhook('http://127.0.0.1:9/', { retriesMs: [] })('{}', never)).toMatch(/ECONNREFUSED/)
  })

  test('that does not answer is waited for until the node ends', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((listening) => server.once('listening', listening))
    ends.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const ending = new AbortController()
    server.once('request', () => ending.abort())
    expect(await webhook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)('{}', ending.signal)).toEqual('the node ends')
  })
})
