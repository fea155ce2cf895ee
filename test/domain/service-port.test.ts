import { expect, test } from 'vitest'
import { readPortSpan, servicePort } from '../../src/domain/service-port.ts'

const ID = '0123456789abcdef0123456789abcdef'
const POOL = { first: 20_000, last: 29_999 }

test('a service of an owner has one number in a span, another one than other services and owners have', () => {
  const ports = [
    servicePort(ID, 'web', POOL, 0),
    servicePort(ID, 'web', POOL, 0),
    servicePort(ID, 'ssh', POOL, 0),
    servicePort(ID.replace('0', '1'), 'web', POOL, 0),
  ]
  expect([ports[0] === ports[1], new Set(ports).size, ports.every((port) => port !== null && port >= 20_000 && port <= 29_999)]).toEqual([
    true,
    3,
    true,
  ])
})

test('steps go through all of a span, each number once', () => {
  const span = { first: 20_000, last: 20_003 }
  const ports = [0, 1, 2, 3, 4].map((step) => servicePort(ID, 'web', span, step))
  expect([[...ports.slice(0, 4)].sort(), ports[4] === ports[0]]).toEqual([[20_000, 20_001, 20_002, 20_003], true])
})

test('an empty span has no number', () => expect(servicePort(ID, 'web', { first: 2, last: 1 }, 0)).toEqual(null))

test('services spread evenly over a span', () => {
  const tenths = Array.from({ length: 10 }, () => 0)
  for (let i = 0; i < 2_000; i++) {
    const tenth = Math.floor(((servicePort(ID, `service-${i}`, POOL, 0) ?? 0) - POOL.first) / 1_000)
    tenths[tenth] = (tenths[tenth] ?? 0) + 1
  }
  expect(tenths.every((count) => count > 150 && count < 250)).toEqual(true)
})

test.each([
  ['20000-29999', POOL],
  ['1-1', { first: 1, last: 1 }],
  ['', null],
  ['20000', null],
  ['0-5', null],
  ['5-4', null],
  ['5-65536', null],
  ['5-6,8-9', null],
])('a span is read: %s', (text, span) => expect(readPortSpan(text)).toEqual(span))
