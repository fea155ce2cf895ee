import { describe, expect, test } from 'vitest'
import { createSpeedSlot, type Later, type Served } from '../../../src/actors/membership/speed-slot.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const stranger = (host: string) => ({ by: null, remote: { host, port: 1 } })
const member = (by: string) => ({ by, remote: { host: '192.0.2.1', port: 1 } })
const ash = stranger('192.0.2.1')
const elm = stranger('192.0.2.2')

/** `serve` answers who is served, or null; `later` after how long another is. */
function start() {
  const clock = new VirtualClock()
  const real = createSpeedSlot(clock)
  const asked = (...given: Parameters<typeof real.serve>): Served | Later => real.serve(...given)
  const slot = {
    isBusy: real.isBusy,
    makeRoom: real.makeRoom,
    serve: (...given: Parameters<typeof real.serve>): Served | null => {
      const answer = asked(...given)
      return answer.type === 'served' ? answer : null
    },
    later: (...given: Parameters<typeof real.serve>): number | null => {
      const answer = asked(...given)
      return answer.type === 'later' ? answer.afterMs : null
    },
  }
  return { clock, slot }
}

test('one is served at a time, and the next once it is through', () => {
  const { slot, clock } = start()
  const served = slot.serve(ash, 6_000)
  expect([slot.serve(elm, 6_000), slot.isBusy()]).toEqual([null, true])
  served?.end()
  served?.end()
  expect([slot.isBusy(), clock.timerCount]).toEqual([false, 0])
  expect(slot.serve(elm, 6_000)?.signal.aborted).toEqual(false)
})

test('whoever holds it for too long is ended, and another is served', async () => {
  const { slot, clock } = start()
  const served = slot.serve(ash, 6_000)
  await clock.advance(5_999)
  expect(served?.signal.aborted).toEqual(false)
  await clock.advance(1)
  expect([served?.signal.aborted, slot.isBusy()]).toEqual([true, false])
  const next = slot.serve(elm, 6_000)
  served?.end()
  expect([next?.signal.aborted, slot.isBusy()]).toEqual([false, true])
})

test('a member is served in the place of a stranger, but of no other member', () => {
  const { slot } = start()
  const served = slot.serve(ash, 6_000)
  const first = slot.serve(member('m1'), 6_000)
  expect([served?.signal.aborted, first?.signal.aborted, slot.serve(member('m2'), 6_000), slot.serve(elm, 6_000)]).toEqual([
    true,
    false,
    null,
    null,
  ])
})

describe('of a minute one asker has ten seconds', () => {
  test('and whoever has had them waits for the next, while others are served', async () => {
    const { slot, clock } = start()
    slot.serve(ash, 6_000)
    await clock.advance(6_000)
    slot.serve(ash, 6_000)
    await clock.advance(6_000)
    expect(slot.serve(ash, 6_000)).toEqual(null)
    slot.serve(elm, 6_000)?.end()
    await clock.advance(47_999)
    expect(slot.serve(ash, 6_000)).toEqual(null)
    await clock.advance(1)
    expect(slot.serve(ash, 6_000)?.signal.aborted).toEqual(false)
  })

  test('which are those of a whole /64, and of a member wherever it is', async () => {
    const { slot, clock } = start()
    for (const asker of [stranger('2001:db8::1'), stranger('2001:db8::2'), member('m1'), { ...member('m1'), remote: elm.remote }]) {
      slot.serve(asker, 5_000)
      await clock.advance(5_000)
    }
    expect([slot.serve(stranger('2001:db8::3'), 1), slot.serve(member('m1'), 1)]).toEqual([null, null])
    expect(slot.serve(stranger('2001:db8:0:1::3'), 1)?.signal.aborted).toEqual(false)
  })

  test('and a member who has had them ends no stranger', async () => {
    const { slot, clock } = start()
    slot.serve(member('m1'), 10_000)
    await clock.advance(10_000)
    const served = slot.serve(ash, 6_000)
    expect([slot.serve(member('m1'), 6_000), served?.signal.aborted]).toEqual([null, false])
  })
})

test('of askers that come only once the first are forgotten', async () => {
  const { slot, clock } = start()
  slot.serve(ash, 10_000)
  await clock.advance(10_000)
  for (let i = 0; i < 1_024; i++) slot.serve(stranger(`198.51.${i >> 8}.${i & 255}`), 1)?.end()
  expect(slot.serve(ash, 1)?.signal.aborted).toEqual(false)
})

describe('whoever comes while it is taken has an appointment', () => {
  const oak = stranger('192.0.2.3')

  test('after those of others, and the same one however often it asks', async () => {
    const { slot, clock } = start()
    slot.serve(ash, 6_000)
    expect([slot.later(elm, 1), slot.later(oak, 1), slot.later(elm, 1)]).toEqual([1_500, 3_000, 1_500])
    await clock.advance(500)
    expect([slot.later(elm, 1), slot.later(oak, 1)]).toEqual([1_000, 2_500])
  })

  test('which nobody else takes, also where the slot is free before', async () => {
    const { slot, clock } = start()
    const served = slot.serve(ash, 6_000)
    slot.later(elm, 1)
    served?.end()
    expect(slot.later(oak, 1)).toEqual(3_000)
    await clock.advance(1_500)
    expect(slot.serve(elm, 6_000)?.signal.aborted).toEqual(false)
  })

  test('and which it loses by being a second late', async () => {
    const { slot, clock } = start()
    const served = slot.serve(ash, 6_000)
    slot.later(elm, 1)
    served?.end()
    await clock.advance(2_500)
    expect(slot.later(oak, 1)).toEqual(1_500)
    await clock.advance(1)
    expect(slot.serve(oak, 6_000)?.signal.aborted).toEqual(false)
  })

  test('but many who never come do not keep it from one who does', async () => {
    const { slot, clock } = start()
    slot.serve(ash, 3_000)
    /** When each asks next: a little too late for its appointment. */
    const absent = new Map(Array.from({ length: 64 }, (_, i) => [`198.51.100.${i}`, 0]))
    let [elmAtMs, served] = [1, 0]
    while (clock.now() < 600_000) {
      for (const [host, atMs] of absent)
        if (clock.now() >= atMs) absent.set(host, clock.now() + 1_050 + (slot.later(stranger(host), 1) ?? 0))
      if (clock.now() >= elmAtMs) {
        const test = slot.serve(elm, 1_000)
        test?.end()
        if (test !== null) served++
        elmAtMs = clock.now() + (test === null ? (slot.later(elm, 1_000) ?? 0) : 5_000)
      }
      await clock.advance(50)
    }
    expect(served).toBeGreaterThan(10)
  })

  test('but a stranger has none before a member', async () => {
    const { slot, clock } = start()
    const served = slot.serve(ash, 6_000)
    slot.later(elm, 1)
    served?.end()
    await clock.advance(1_500)
    expect(slot.serve(member('m1'), 6_000)?.signal.aborted).toEqual(false)
  })
})

test('a stranger makes room for a test of this node’s own, and a member does not', () => {
  const { slot } = start()
  const served = slot.serve(ash, 6_000)
  expect([slot.makeRoom(), served?.signal.aborted, slot.isBusy()]).toEqual([true, true, false])
  const first = slot.serve(member('m1'), 6_000)
  expect([slot.makeRoom(), first?.signal.aborted]).toEqual([false, false])
})
