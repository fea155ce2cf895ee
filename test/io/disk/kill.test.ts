// kill -9 at any moment while everything is written: each file is whole, the last one or the one before.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadToken } from '../../../src/io/disk/control-file.ts'
import { readIdentity } from '../../../src/io/disk/identity.ts'
import { createOperatorStore } from '../../../src/io/disk/operator-store.ts'
import { createTableStore } from '../../../src/io/disk/table-store.ts'
import { ROWS } from './written-rows.ts'

/** By `MOONWALK_KILLS` more. */
const KILLS = Number(process.env.MOONWALK_KILLS ?? 50)
const AT_ONCE = 4
/** A writer goes round some ten times in this. */
const MAX_WAIT_MS = 40

let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moonwalk-kill-'))
  const entry = fileURLToPath(new URL('writer.ts', import.meta.url))
  const output = { entryFileNames: 'writer.mjs' }
  // Built, since every one of hundreds of processes would have to translate it anew.
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: { ssr: entry, outDir: folder, emptyOutDir: false, rollupOptions: { output } },
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function killed(dir: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [join(folder, 'writer.mjs'), dir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  child.kill('SIGKILL')
  await closed
}

/** What is not as it should be. */
async function broken(dir: string): Promise<readonly string[]> {
  const { table, notes } = await createTableStore(join(dir, 'ip_table.json')).read()
  const { operatorChanges, notes: more } = await createOperatorStore(join(dir, 'operator.json')).readOperatorChanges()
  const token = loadToken(dir, 'control-token')
  const control = JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))
  return [
    ...[...notes, ...more].map(({ text }) => text),
    ...(table.rows.length === ROWS && new Set(table.rows.map(({ name }) => name)).size === 1 ? [] : ['the table is not of one round']),
    ...(new Set(operatorChanges.seeds.map((seed) => seed.split(':')[1])).size === 1 ? [] : ['the seeds are not of one round']),
    ...(readIdentity(dir)?.type === 'loaded' ? [] : ['the identity is lost']),
    ...(token.note === null && token.token === control.token ? [] : ['the token is lost']),
    ...readdirSync(dir).filter((name) => name.includes('broken')),
  ]
}

test(`${KILLS} times killed while writing, nothing is lost`, { timeout: 60_000 + KILLS * 1_000 }, async () => {
  const found: string[] = []
  const line = async (first: number): Promise<void> => {
    const dir = mkdtempSync(join(folder, 'data-'))
    for (let i = first; i < KILLS; i += AT_ONCE) {
      await killed(dir, (i * 7) % MAX_WAIT_MS)
      found.push(...(await broken(dir)))
      for (const name of readdirSync(dir)) if (name.includes('replaced')) rmSync(join(dir, name))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => line(first)))
  expect(found).toEqual([])
})
