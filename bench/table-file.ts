// npm run build && node --import tsx bench/table-file.ts [ROWS]
// A node that starts with a file of 100,000 signed rows: when it is ready, how long others wait for `/server_info` in the 20 s
// after, what it takes of memory and writes to disk, how long a page of `/api/peers` and the first frame of the feed take.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { newIdentity } from '../src/io/disk/identity.ts'
import { formatTableFile } from '../src/p2prc/table-codec.ts'
import { seal } from '../src/v2/envelope.ts'
import { markdown, quantile, shown } from './measure.ts'
import { pause, program } from './nodes.ts'

const rows = Number(process.argv[2] ?? 100_000)
/** Made once: signing takes a while. */
const made = join(tmpdir(), `moonwalk-bench-table-${rows}.json`)
const WATCH_MS = 20_000

function madeFile(): string {
  if (existsSync(made)) return made
  const table = Array.from({ length: rows }, (_, i) => {
    const identity = newIdentity()
    const [host, port] = [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 8_088]
    const word = { name: `peer ${i}`, address: `${host}:${port}`, seq: 1, via: null, offersTurn: true, left: false }
    const figures = { latency: (i % 200) + 0.5, download: null, upload: null, speedAt: null, lastSeen: '2030-01-01T00:00:00.000Z' }
    return { id: identity.id, name: word.name, host, port, ...figures, envelope: seal(identity, word), p2prc: null }
  })
  writeFileSync(made, formatTableFile({ rows: table }))
  return made
}

const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bench-'))
const file = join(folder, 'ip_table.json')
writeFileSync(file, readFileSync(madeFile()), { mode: 0o600 })
const startMs = performance.now()
const args = ['up', '--open', '--json', '--data', folder, '--addresses', 'any', '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0']
const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
process.once('exit', () => child.kill('SIGKILL'))
const line = await new Promise<string>((resolve) => {
  createInterface({ input: child.stdout }).on('line', (text) => text.includes('"ready"') && resolve(text))
})
const readyMs = performance.now() - startMs
/** Of the processor; in ticks of 10 ms. */
const [userTicks = 0, systemTicks = 0] =
  readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13).map(Number) ?? []
const { listen } = JSON.parse(line)
const { url, token } = JSON.parse(readFileSync(join(folder, 'control.json'), 'utf8'))
const headers = { authorization: `Bearer ${token}` }
const ownOf = (name: string, pattern: RegExp): number => Number(pattern.exec(readFileSync(`/proc/${child.pid}/${name}`, 'utf8'))?.[1])

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now()
  await work()
  return performance.now() - beganMs
}
const server = () => timed(async () => (await fetch(`http://${listen}/server_info`)).text())
const page = (query: string) => timed(async () => (await fetch(`${url}/api/peers?${query}`, { headers })).text())
const frame = () =>
  timed(
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${url.replace('http', 'ws')}/feed`, { headers })
        socket.once('message', (text) => resolve(socket.close() ?? text))
      }),
  )

const written = ownOf('io', /^write_bytes: (\d+)/m)
const waits: number[] = []
for (const endMs = performance.now() + WATCH_MS; performance.now() < endMs; await pause(20)) waits.push(await server())
const rssMiB = ownOf('status', /VmRSS:\s+(\d+)/) / 1_024
const peakMiB = ownOf('status', /VmHWM:\s+(\d+)/) / 1_024
const writtenMb = (ownOf('io', /^write_bytes: (\d+)/m) - written) / 1e6
const pages: number[] = []
for (let i = 0; i < 9; i++) pages.push(await page(`limit=200&offset=${i * 100}&sort=-name&search=peer`))
const frames: number[] = []
for (let i = 0; i < 5; i++) frames.push(await frame())
console.log(
  markdown(
    ['figure', 'is'],
    [
      ['rows; file', `${rows}; ${(statSync(file).size / 1e6).toFixed(1)} MB`],
      ['ready; processor time until then', `${shown(readyMs)} ms; ${(userTicks + systemTicks) * 10} ms`],
      ['/server_info in the 20 s after, median, p99, worst', `${[0.5, 0.99, 1].map((at) => shown(quantile(waits, at))).join(', ')} ms`],
      ['memory then, and at most', `${shown(rssMiB)}, ${shown(peakMiB)} MiB`],
      ['written to disk meanwhile', `${shown(writtenMb)} MB`],
      ['a page of 200, searched and sorted, median and worst', `${shown(quantile(pages, 0.5))}, ${shown(quantile(pages, 1))} ms`],
      ['first frame of the feed, median and worst', `${shown(quantile(frames, 0.5))}, ${shown(quantile(frames, 1))} ms`],
    ],
  ),
)
const stopMs = performance.now()
await new Promise((ended) => {
  child.once('close', ended)
  child.kill('SIGTERM')
})
console.log(`stopped in ${shown(performance.now() - stopMs)} ms`)
rmSync(folder, { recursive: true, force: true })
