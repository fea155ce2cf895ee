import { expect, test } from 'vitest'
import { createBodyBudget } from '../../../src/io/front/body-budget.ts'

function start() {
  const budget = createBodyBudget({ maxBodyBytes: 100, maxBodyBytesHere: 60 })
  const lost: string[] = []
  return { lost, begin: (ip: string, name: string) => budget.begin(ip, () => lost.push(name)) }
}
const [ash, elm, fir] = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

test('where bodies take too much in all, the one that has come for longest is given up', () => {
  const { lost, begin } = start()
  const [one, two, three] = [begin(ash, 'one'), begin(elm, 'two'), begin(fir, 'three')]
  one.grew(40)
  two.grew(40)
  three.grew(20)
  expect(lost).toEqual([])
  three.grew(1)
  expect(lost).toEqual(['one'])
  one.grew(1_000)
  three.grew(39)
  expect(lost).toEqual(['one'])
})

test('where one address takes too much, one of its own is given up', () => {
  const { lost, begin } = start()
  begin(elm, 'other').grew(40)
  const [one, two] = [begin(ash, 'one'), begin(ash, 'two')]
  one.grew(30)
  two.grew(31)
  expect(lost).toEqual(['one'])
  two.grew(30)
  expect(lost).toEqual(['one', 'two'])
})

test('one that is whole is not given up, and counts until it is done with', () => {
  const { lost, begin } = start()
  const [whole, next] = [begin(ash, 'whole'), begin(elm, 'next')]
  whole.grew(60)
  whole.complete()
  next.grew(41)
  expect(lost).toEqual(['next'])
  whole.end()
  whole.end()
  begin(fir, 'later').grew(60)
  begin(elm, 'last').grew(40)
  expect(lost).toEqual(['next'])
})
