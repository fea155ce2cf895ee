// Every query of the board is asked of a real Prometheus that has scraped a real node.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { start } from '../cli/process.ts'
import { type OpsNode, startOpsNode } from './real-node.ts'

interface Board {
  readonly title: string
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
}
const board: Board = JSON.parse(readFileSync(new URL('../../ops/grafana.json', import.meta.url), 'utf8'))
const queries = board.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const))

let node: OpsNode
let dir = ''
let url = ''
let end = async (): Promise<void> => {}

beforeAll(async () => {
  node = await startOpsNode()
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-prometheus-'))
  const token = (await start(['metrics', 'token', '--data', node.dir]).ended).out.trim()
  writeFileSync(
    join(dir, 'prometheus.yml'),
    `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: moonwalk
    authorization: { credentials: ${token} }
    static_configs: [{ targets: ['${new URL(node.control).host}'] }]
`,
  )
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const prometheus = spawn(
    'prometheus',
    [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: 'ignore' },
  )
  const failed = once(prometheus, 'error').then(([error]) => Promise.reject(error instanceof Error ? error : new Error(String(error))))
  const ended = once(prometheus, 'close')
  end = async () => {
    prometheus.kill('SIGTERM')
    await ended
  }
  await Promise.race([failed, scraped(3)])
}, 120_000)
afterAll(async () => {
  await end()
  await node.end()
  rmSync(dir, { recursive: true, force: true })
}, 60_000)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}
const ask = async (query: string): Promise<Answer> => {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`).catch(() => null)
  return answer === null ? { status: 'away' } : ((await answer.json()) as Answer)
}

/** Rates need some. */
async function scraped(times: number): Promise<void> {
  for (;;) {
    const { data } = await ask('count_over_time(moonwalk_info[1m])')
    if (Number(data?.result[0]?.value[1] ?? 0) >= times) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Of a node alone there is nothing of these. */
const MAY_BE_EMPTY = /turn_rtt|nearest_rtt|proxy_/

test('the board has panels', () => expect([board.title, queries.length >= 8]).toEqual(['moonwalk', true]))

test.each(queries)('%s: %s', async (_, query) => {
  const { status, error, data } = await ask(query.replaceAll('$__rate_interval', '1m').replaceAll('$job', 'moonwalk'))
  expect([status, error]).toEqual(['success', undefined])
  if (!MAY_BE_EMPTY.test(query)) expect(data?.result.length).toBeGreaterThan(0)
})
