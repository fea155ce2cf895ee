// What whoever holds a local port for a service of another node is told of it, and when.
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { watchConnection } from '../../../src/actors/connect/connection-watch.ts'
import { troubleText, workingText } from '../../../src/domain/connect-trouble.ts'
import type { Change } from '../../../src/domain/ip-table.ts'
import type { Failure } from '../../../src/ports.ts'
import { EMPTY_TABLE, type IpTable, merge, type Outcome, recordBurst, removeRow } from '../../domain/pure-table.ts'
import { signedBy } from '../../records.ts'
import { fakeStream } from './fake-stream.ts'

const HOME = 'a0'.repeat(16)
const NEXT = 'b1'.repeat(16)
const TARGET = { id: HOME, name: 'home', service: 'web' }
const SILENT: Failure = { type: 'failed', reason: 'timeout', text: 'it did not answer in time' }
const OPEN = { type: 'open', stream: fakeStream(), rest: null } as const

function start() {
  const changes$ = new Subject<Change>()
  const state: { table: IpTable } = { table: EMPTY_TABLE }
  const said: string[] = []
  const put = ({ table, changes }: Outcome): void => {
    state.table = table
    for (const change of changes) changes$.next(change)
  }
  const appears = (id: string, address: string): void => {
    put(merge(state.table, [signedBy(id, address, { name: 'home' })], 0, 'firsthand'))
    put(recordBurst(state.table, id, { type: 'answered', rttMs: 1 }, 0, id))
  }
  appears(HOME, 'home:8088')
  const watch = watchConnection(TARGET, { current: () => state.table, changes$ })
  watch.onNews(({ type, text }) => said.push(`${type}: ${text}`))
  return { watch, said, appears, leaves: (id: string) => put(removeRow(state.table, id, 'it was silent', 0)), changes$ }
}

const failing = (trouble: Parameters<typeof troubleText>[1]): string => `failing: ${troubleText(TARGET, trouble)}`
const WORKING = `working: ${workingText(TARGET)}`

test('nothing is said while connections are joined', () => {
  const { watch, said } = start()
  expect([watch.tried(OPEN), watch.tried(OPEN), said]).toEqual([OPEN, OPEN, []])
})

test('a trouble is said once, another one anew, and its end', () => {
  const { watch, said } = start()
  for (const outcome of [SILENT, SILENT, { type: 'refused', status: 502, text: 'web does not answer' } as const, OPEN, OPEN])
    watch.tried(outcome)
  expect(said).toEqual([
    failing({ type: 'silent', why: 'it did not answer in time' }),
    failing({ type: 'refused', why: 'web does not answer' }),
    WORKING,
  ])
})

test('a service that is there no more, or not for this node, is said to be so', () => {
  const { watch, said } = start()
  watch.tried({ type: 'refused', status: 404, text: 'there is no service web here that you may reach' })
  expect(said).toEqual([failing({ type: 'no-service' })])
})

test('a node that is gone is said to be, without anybody connecting, and so is that it is back', () => {
  const { said, leaves, appears } = start()
  leaves(HOME)
  appears(HOME, 'home:9099')
  expect(said).toEqual([failing({ type: 'gone' }), WORKING])
})

test('a node that comes back with another key is said to be another', () => {
  const { said, leaves, appears } = start()
  leaves(HOME)
  appears(NEXT, 'home:8088')
  appears(NEXT, 'home:8088')
  expect(said).toEqual([failing({ type: 'gone' }), failing({ type: 'another-key', now: NEXT })])
})

test('one that stands in its place is told of before its row is gone', () => {
  const { watch, said, appears } = start()
  appears(NEXT, 'home:9099')
  watch.tried(SILENT)
  expect(said).toEqual([failing({ type: 'another-key', now: NEXT })])
})

test('another key at the address is told by whoever tries, although the row stands yet', () => {
  const { watch, said } = start()
  watch.tried({ type: 'failed', reason: 'protocol', text: 'another node answers there' })
  expect(said).toEqual([failing({ type: 'another-key', now: null })])
})

test('whoever listens later hears what stands, and nothing once it has stopped', () => {
  const { watch, leaves, changes$ } = start()
  const later: string[] = []
  leaves(HOME)
  watch.onNews(({ text }) => later.push(text))
  watch.stop()
  watch.tried(OPEN)
  expect([later, changes$.observed]).toEqual([[troubleText(TARGET, { type: 'gone' })], false])
})
