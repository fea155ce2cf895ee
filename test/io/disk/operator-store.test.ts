import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHistoryStore } from '../../../src/io/disk/history-store.ts'
import { createLeaseStore } from '../../../src/io/disk/lease-store.ts'
import { createOperatorStore } from '../../../src/io/disk/operator-store.ts'
import { createSpendingStore } from '../../../src/io/disk/spending-store.ts'
import { createTableStore } from '../../../src/io/disk/table-store.ts'
import { NO_OPERATOR_CHANGES } from '../../../src/ports.ts'
import { storeContract } from '../../contracts/store.ts'

let dir = ''
let file = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-operatorChanges-'))
  file = join(dir, 'operator.json')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

storeContract('the disk', () => () => ({
  ...createTableStore(join(dir, 'ip_table.json')),
  ...createOperatorStore(file),
  ...createLeaseStore(join(dir, 'leases.json')),
  ...createSpendingStore(join(dir, 'speed-tests.json')),
  ...createHistoryStore(join(dir, 'history.json')),
}))

const told = (text: string): string => text.replaceAll(dir, 'DIR').replace(/broken-[\dTZ-]+/, 'broken-TIME')

test('the file is for its owner alone, and a person can read it', async () => {
  await createOperatorStore(file).writeOperatorChanges({ ...NO_OPERATOR_CHANGES, seeds: ['203.0.113.7:8088'] })
  expect(readFileSync(file, 'utf8')).toEqual(
    '{\n  "seeds": [\n    "203.0.113.7:8088"\n  ],\n  "services": [],\n  "removed": [],\n  "pins": []\n}\n',
  )
  expect([statSync(file).mode & 0o777, readdirSync(dir)]).toEqual([0o600, ['operator.json']])
})

test('an entry that does not fit is told and stays in the file, and so does a key that is not known', async () => {
  const strange = {
    note: 'mine',
    seeds: ['203.0.113.7:8088', '203.0.113.7', 7],
    services: [
      { name: 'web', kind: 'tcp', local: 'nowhere', domain: null },
      { name: 'ssh', kind: 'tcp', local: '127.0.0.1:22', domain: null },
    ],
    removed: [{ key: 'x' }],
    pins: ['ash', ''],
  }
  writeFileSync(file, `\uFEFF${JSON.stringify(strange)}`)
  const store = createOperatorStore(file)
  const { operatorChanges, notes } = await store.readOperatorChanges()
  expect(operatorChanges).toEqual({
    seeds: ['203.0.113.7:8088'],
    services: [{ name: 'ssh', kind: 'tcp', local: '127.0.0.1:22', domain: null }],
    removed: [],
    pins: ['ash'],
  })
  expect(notes.map(({ text }) => told(text))).toEqual([
    'DIR/operator.json: under "seeds", "203.0.113.7" does not fit and is left alone',
    'DIR/operator.json: under "seeds", 7 does not fit and is left alone',
    'DIR/operator.json: under "services", {"name":"web","kind":"tcp","local":"nowhere","domain":null} does not fit and is left alone',
    'DIR/operator.json: under "removed", {"key":"x"} does not fit and is left alone',
    'DIR/operator.json: under "pins", "" does not fit and is left alone',
  ])
  expect(await store.writeOperatorChanges(NO_OPERATOR_CHANGES)).toEqual(null)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    note: 'mine',
    seeds: ['203.0.113.7', 7],
    services: [{ name: 'web', kind: 'tcp', local: 'nowhere', domain: null }],
    removed: [{ key: 'x' }],
    pins: [''],
  })
})

const TOO_DEEP = `{"seeds":${'['.repeat(70)}${']'.repeat(70)}}`
test.each(['', '{', '[]', 'null', '\0\0\0', TOO_DEEP])('a damaged file is set aside and told: %j', async (damage) => {
  writeFileSync(file, damage)
  const { operatorChanges, notes } = await createOperatorStore(file).readOperatorChanges()
  expect([operatorChanges, notes.map(({ text }) => told(text))]).toEqual([
    NO_OPERATOR_CHANGES,
    [
      'DIR/operator.json could not be read; it was set aside as DIR/operator.json.broken-TIME, and what was told to the node before is not known',
    ],
  ])
  expect(readdirSync(dir).map(told)).toEqual(['operator.json.broken-TIME'])
})

test('a disk that refuses is an answer, and the lists before stand', async () => {
  const blocked = join(dir, 'in-the-way', 'operator.json')
  writeFileSync(join(dir, 'in-the-way'), '')
  const store = createOperatorStore(blocked)
  const answer = await store.writeOperatorChanges(NO_OPERATOR_CHANGES)
  expect([answer?.type, told(answer?.text ?? '').replace(/\(.*\)/, '(why)')]).toEqual([
    'failed',
    "what was told to the node can't be written to DIR/in-the-way/operator.json (why)",
  ])
  rmSync(join(dir, 'in-the-way'))
  expect(await store.writeOperatorChanges(NO_OPERATOR_CHANGES)).toEqual(null)
})
