import { expect, test } from 'vitest'
import { Permits } from '../../../src/io/probing/permits.ts'

function start() {
  let over = 0
  const permits = new Permits(() => over++)
  return { permits, over: () => over }
}

test('a permit is for one connection to that place', () => {
  const { permits } = start()
  permits.add('elm', '192.0.2.1')
  expect([permits.take('ash'), permits.take('elm')?.ip, permits.take('elm')]).toEqual([null, '192.0.2.1', null])
})

test('one that was not used is over when it is taken back; one that was used when its connection is, and once', () => {
  const { permits, over } = start()
  const takeBack = permits.add('elm', '192.0.2.1')
  takeBack()
  takeBack()
  expect([over(), permits.take('elm')]).toEqual([1, null])
  const later = permits.add('elm', '192.0.2.1')
  const permit = permits.take('elm')
  later()
  expect(over()).toEqual(1)
  permit?.giveBack()
  permit?.giveBack()
  expect(over()).toEqual(2)
})
