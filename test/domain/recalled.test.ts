import { expect, test } from 'vitest'
import { recalled } from '../../src/domain/recalled.ts'

function counted(most: number, maxChars: number) {
  const worked: string[] = []
  const work = recalled(
    (text) => {
      worked.push(text)
      return { text }
    },
    most,
    maxChars,
  )
  return { work, worked }
}

test('a text that was seen among the last few is not worked on again, and has the same answer', () => {
  const { work, worked } = counted(2, 10)
  const first = work('a')
  work('b')
  work('c')
  expect([work('a') === first, worked]).toEqual([true, ['a', 'b', 'c']])
})

test('no more than twice as many as asked for are kept', () => {
  const { work, worked } = counted(2, 10)
  for (const text of ['a', 'b', 'c', 'd', 'e', 'a']) work(text)
  expect(worked).toEqual(['a', 'b', 'c', 'd', 'e', 'a'])
})

test('a text that is asked for again and again stays', () => {
  const { work, worked } = counted(2, 10)
  for (const text of ['a', 'b', 'a', 'c', 'a', 'd', 'a', 'e', 'a']) work(text)
  expect(worked.filter((text) => text === 'a')).toEqual(['a'])
})

test('a longer text than that is worked on each time', () => {
  const { work, worked } = counted(2, 3)
  expect([work('abcd'), work('abcd')]).toEqual([{ text: 'abcd' }, { text: 'abcd' }])
  expect(worked).toEqual(['abcd', 'abcd'])
})
