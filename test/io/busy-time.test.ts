import { expect, test } from 'vitest'
import { createBusyTime, wantedMs } from '../../src/io/busy-time.ts'

test.each<[string, number | null]>([
  ['5000000 2500000 17\n', 7.5],
  ['5000000 0 17\n', 5],
  ['0 0 0\n', null],
  ['', null],
  ['not a number', null],
])('of %j a thread ran or waited for %s ms', (text, expected) => expect(wantedMs(text)).toEqual(expected))

test('what the thread waited for a processor counts, and what can not be read once counts as nothing more', () => {
  const texts = ['1000000 0 1', '2000000 1000000 2', '', '4000000 2000000 3']
  const busyMs = createBusyTime(() => texts.shift() ?? '')
  expect([busyMs(), busyMs(), busyMs()]).toEqual([3, 3, 6])
})

test('where it is not counted the loop tells', () => {
  const busyMs = createBusyTime(() => {
    throw new Error('no such file')
  })
  const before = busyMs()
  const until = performance.now() + 20
  while (performance.now() < until);
  expect(busyMs() - before >= 15).toEqual(true)
})
