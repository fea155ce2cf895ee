import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createHandshakePace } from '../../../src/io/front/handshake-pace.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Two at once of one address and then ten a second; four of all, and then twenty. */
function start() {
  const pace = createHandshakePace({ burst: 2, perSecond: 10, burstOfAll: 4, perSecondOfAll: 20 }, () => Date.now())
  const begun: string[] = []
  const give: (() => void)[] = []
  const begin = (address: string, isOver = () => false): void =>
    void pace.begin(address, isOver).then((giveBack) => {
      begun.push(address)
      give.push(giveBack)
    })
  const counts = (): Readonly<Record<string, number>> =>
    Object.fromEntries([...new Set(begun)].sort().map((address) => [address, begun.filter((one) => one === address).length]))
  return { begin, give, counts }
}
const after = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('an address begins so many at once, and then so many a second', async () => {
  const { begin, counts } = start()
  for (let i = 0; i < 20; i++) begin('eve')
  const seen = []
  for (let i = 0; i < 3; i++) {
    await after(i === 0 ? 0 : 510)
    seen.push(counts())
  }
  expect(seen).toEqual([{ eve: 2 }, { eve: 7 }, { eve: 12 }])
})

test('addresses that wait take turns, and all together have a limit too', async () => {
  const { begin, counts } = start()
  for (const address of ['a', 'b', 'c', 'd', 'e']) for (let i = 0; i < 9; i++) begin(address)
  await after(10)
  const first = counts()
  await after(1_010)
  expect([first, counts()]).toEqual([
    { a: 2, b: 1, c: 1 },
    { a: 6, b: 5, c: 5, d: 4, e: 4 },
  ])
})

test('who was here before is not held up by others that wait', async () => {
  const { begin, counts } = start()
  for (let i = 0; i < 9; i++) begin('eve')
  await after(0)
  begin('ash')
  await after(10)
  expect(counts()).toEqual({ ash: 1, eve: 2 })
})

test('what a member used is given back', async () => {
  const { begin, give, counts } = start()
  begin('ash')
  begin('ash')
  await after(0)
  for (const back of give) back()
  begin('ash')
  begin('ash')
  await after(0)
  expect(counts()).toEqual({ ash: 4 })
})

test('one that is gone takes nobody’s turn', async () => {
  const { begin, counts } = start()
  begin('ash')
  begin('ash')
  begin('ash', () => true)
  begin('ash')
  await after(110)
  expect(counts()).toEqual({ ash: 3 })
})
