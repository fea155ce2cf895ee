// Each file that the node writes, on a disk that fails at the first call, at the second, and so on until nothing fails any more:
// nothing is thrown, the file is as it was or as it was to be, and the next try is good.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepControlFile, loadToken } from '../../../src/io/disk/control-file.ts'
import { loadIdentity, renewIdentity } from '../../../src/io/disk/identity.ts'
import { createLeaseStore } from '../../../src/io/disk/lease-store.ts'
import { createLogFile } from '../../../src/io/disk/log-file.ts'
import { writeNetwork } from '../../../src/io/disk/network-file.ts'
import { createOperatorStore } from '../../../src/io/disk/operator-store.ts'
import { createSpendingStore } from '../../../src/io/disk/spending-store.ts'
import { createTableStore } from '../../../src/io/disk/table-store.ts'
import { newNetwork } from '../../../src/io/network-keyring.ts'
import { formatTableFile } from '../../../src/p2prc/table-codec.ts'
import { NO_OPERATOR_CHANGES, type StoredLease } from '../../../src/ports.ts'
import { failing, fault } from './failing-fs.ts'

vi.mock('node:fs', async (original) => (await import('./failing-fs.ts')).counted(await original<typeof import('node:fs')>()))
vi.mock('node:fs/promises', async (original) =>
  (await import('./failing-fs.ts')).counted(await original<typeof import('node:fs/promises')>()),
)

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-faults-'))
})
afterEach(() => {
  failing(0, '')
  rmSync(dir, { recursive: true, force: true })
})

const tableOf = (name: string) => ({
  rows: [
    {
      id: null,
      name,
      host: '203.0.113.7',
      port: 8088,
      latency: 1,
      download: null,
      upload: null,
      speedAt: null,
      lastSeen: null,
      envelope: null,
      p2prc: null,
    },
  ],
})
const SECRET = Buffer.alloc(32, 1).toString('base64url')
const lease = (what: string): StoredLease => ({ kind: 'tcp', what, owner: 'token', proxy: 'web', awaySinceMs: 0 })
const seeds = (seed: string) => ({ ...NO_OPERATOR_CHANGES, seeds: [seed] })
const inFile = (file: string): string | null => (existsSync(join(dir, file)) ? readFileSync(join(dir, file), 'utf8') : null)
const control = (token: string) => ({ url: 'http://127.0.0.1:1', token, pid: 1 })

interface Written {
  readonly file: string
  /** Brings the file into being, on a good disk. */
  before(): Promise<unknown>
  /** Writes it anew; whether it says that it could. */
  write(): Promise<boolean>
  /** Whether a text is what was to be written. */
  isNew(text: string): boolean
}

const WRITTEN: readonly Written[] = [
  {
    file: 'ip_table.json',
    before: () => createTableStore(join(dir, 'ip_table.json')).write(tableOf('old')),
    write: async () => (await createTableStore(join(dir, 'ip_table.json')).write(tableOf('new'))) === null,
    isNew: (text) => text === formatTableFile(tableOf('new')),
  },
  {
    file: 'operator.json',
    before: () => createOperatorStore(join(dir, 'operator.json')).writeOperatorChanges(seeds('192.0.2.1:1')),
    write: async () => (await createOperatorStore(join(dir, 'operator.json')).writeOperatorChanges(seeds('192.0.2.2:2'))) === null,
    isNew: (text) => JSON.parse(text).seeds[0] === '192.0.2.2:2',
  },
  {
    file: 'leases.json',
    before: () => createLeaseStore(join(dir, 'leases.json')).writeLeases([lease('1')]),
    write: async () => (await createLeaseStore(join(dir, 'leases.json')).writeLeases([lease('2')])) === null,
    isNew: (text) => JSON.parse(text).leases[0].what === '2',
  },
  {
    file: 'speed-tests.json',
    before: () => createSpendingStore(join(dir, 'speed-tests.json')).writeSpeedSpending([{ hour: 1, bytes: 1 }]),
    write: async () => (await createSpendingStore(join(dir, 'speed-tests.json')).writeSpeedSpending([{ hour: 1, bytes: 2 }])) === null,
    isNew: (text) => JSON.parse(text).hours[0].bytes === 2,
  },
  {
    file: 'network.json',
    before: () => writeNetwork(dir, { type: 'open' }),
    write: async () => (await writeNetwork(dir, newNetwork(SECRET))) === null,
    isNew: (text) => JSON.parse(text).secrets?.[0] === SECRET,
  },
  {
    file: 'identity.json',
    before: async () => loadIdentity(dir),
    write: async () => renewIdentity(dir).type === 'renewed',
    isNew: (text) => /^\{"ed25519Seed":"[0-9a-f]{64}"\}\n$/.test(text),
  },
  {
    file: 'control-token',
    before: async () => writeFileSync(join(dir, 'control-token'), 'too short\n'),
    write: async () => !/can't be/.test(loadToken(dir, 'control-token').note?.text ?? ''),
    isNew: (text) => /^[\w-]{32}\n$/.test(text),
  },
  {
    file: 'control.json',
    before: async () => keepControlFile(dir, control('old'), () => {}),
    write: async () => {
      const kept = keepControlFile(dir, control('new'), () => {}, 60_000)
      return kept.note() === null
    },
    isNew: (text) => JSON.parse(text).token === 'new',
  },
]

/** More calls than any of them makes. */
const MAX_CALLS = 100

test.each(WRITTEN.flatMap((written) => ['EIO', 'ENOSPC', 'EROFS'].map((code) => ({ ...written, code }))))(
  '$file is whole whatever call fails with $code, and whole again afterwards',
  async ({ file, code, before, write, isNew }) => {
    let failures = 0
    for (let at = 1; at < MAX_CALLS; at++) {
      failing(0, '')
      for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true })
      await before()
      const old = inFile(file)
      failing(at, code)
      const isWritten = await write()
      const { calls } = fault
      failing(0, '')
      const text = inFile(file)
      expect([at, text === old || isNew(text ?? ''), !isWritten || isNew(text ?? '')]).toEqual([at, true, true])
      expect([at, await write(), isNew(inFile(file) ?? '')]).toEqual([at, true, true])
      if (calls < at) return expect(failures).toBeGreaterThan(0)
      failures++
    }
    throw new Error(`more than ${MAX_CALLS} calls`)
  },
)

test('the log goes on whatever call fails, and counts the lines that are missing', async () => {
  const file = join(dir, 'moonwalk.log')
  for (let at = 1; at < MAX_CALLS; at++) {
    rmSync(file, { force: true })
    failing(at, 'EIO')
    const log = createLogFile(file, { retryMs: 1, lookMs: 0 })
    for (let i = 0; i < 3; i++) {
      log.write(`{"line":${i}}\n`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const { calls } = fault
    failing(0, '')
    log.write('{"line":3}\n')
    await log.close()
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    const missing = lines.flatMap((line) => JSON.parse(line).lines ?? []).reduce((sum: number, count: number) => sum + count, 0)
    expect([at, lines.filter((line) => line.startsWith('{"line"')).length + missing]).toEqual([at, 4])
    if (calls < at) return
  }
})
