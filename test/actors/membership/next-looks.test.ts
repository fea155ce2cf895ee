import { describe, expect, test } from 'vitest'
import { NOT_MEASURED, restoreRows } from '../../../src/domain/ip-table.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { AT, ash, DAY, ELSEWHERE, peers, quietly, start } from './scripted-prober.ts'

describe('in a quiet network', () => {
  test('peers are looked at a third as often', async () => {
    const { clock, pings } = await quietly()
    await clock.advance(30_000)
    expect(pings).toEqual([`75000 ${AT}`, `75000 ${ELSEWHERE}`, `90000 ${AT}`, `90000 ${ELSEWHERE}`])
  })

  test('who comes makes all looks as frequent as they were', async () => {
    const { clock, prove, pings } = await quietly()
    prove(signedBy('fir', '192.0.2.3:8088'))
    await clock.advance(9_000)
    expect(pings).toEqual([`63400 ${AT}`, `63400 ${ELSEWHERE}`, `68400 ${AT}`, `68400 ${ELSEWHERE}`])
  })

  test('so does who has moved', async () => {
    const { clock, hear, prober, pings } = await quietly()
    hear(signedBy('ash', '192.0.2.3:8088', { seq: 2 }))
    prober.doubt('ash')
    await clock.advance(9_000)
    expect(pings).toEqual(['61000 192.0.2.3:8088', `63400 ${ELSEWHERE}`, '66000 192.0.2.3:8088', `68400 ${ELSEWHERE}`])
  })

  test('nobody is looked at later than was planned because of who comes', async () => {
    const { clock, prove, pings } = await quietly()
    await clock.advance(13_000)
    prove(signedBy('fir', '192.0.2.3:8088'))
    await clock.advance(2_000)
    expect(pings).toEqual([`75000 ${AT}`, `75000 ${ELSEWHERE}`])
  })

  test('so does a miss, and one that was by chance leaves the network quiet', async () => {
    const { clock, net, pings } = await quietly()
    net.answer = (address) => (address === AT ? 'silent' : { by: 'elm' })
    await clock.advance(16_500)
    net.answer = (address) => ({ by: address === AT ? 'ash' : 'elm' })
    await clock.advance(20_000)
    expect(pings).toEqual([`75000 ${AT}`, `75000 ${ELSEWHERE}`, `77900 ${AT}`, `79400 ${ELSEWHERE}`, `92900 ${AT}`, `94400 ${ELSEWHERE}`])
  })
})

test('who may not be asked yet is asked as soon as that is over, and nothing is held against it', async () => {
  const { clock, prober, hear, net, pings, strikes, shown } = start()
  hear(ash)
  net.answer = () => 'withheld'
  prober.doubt('ash')
  await clock.advance(4_999)
  expect([pings, strikes('ash')]).toEqual([[`0 ${AT}`], 0])
  net.answer = () => ({ by: 'ash' })
  await clock.advance(1_100)
  expect([pings.length, shown()]).toEqual([2, ['ash']])
})

describe('a table of 200 whose rows were all met at once', () => {
  const started = async () => {
    const parts = start({ random: new SeededRandom(1) })
    for (const peer of peers(200)) {
      parts.hear(peer)
      parts.prober.doubt(peer.id ?? '')
    }
    await parts.clock.advance(10_000)
    const before = parts.pings.length
    /** How often each address was pinged from then on. */
    const since = (): ReadonlyMap<string, number> => {
      const counts = new Map<string, number>()
      for (const line of parts.pings.slice(before)) {
        const address = line.split(' ')[1] ?? ''
        counts.set(address, (counts.get(address) ?? 0) + 1)
      }
      return counts
    }
    return { ...parts, since }
  }

  test('is looked at row by row from then on, not all of it when its first round is due', async () => {
    const { clock, since, end } = await started()
    await clock.advance(300_000)
    const far = [...since().values()].filter((count) => count < 10).length
    end()
    expect(far).toBeGreaterThan(40)
    expect(far).toBeLessThan(110)
  })

  test('has those that are close pinged every ten seconds, who were not known to be when they were met', async () => {
    const { clock, since, end } = await started()
    await clock.advance(34_000)
    const close = [...since().values()].filter((count) => count >= 3).length
    end()
    expect(close).toBeGreaterThan(3)
    expect(close).toBeLessThan(14)
  })
})

describe('a row of the file', () => {
  const stored = (keeper: ReturnType<typeof start>['keeper'], record = ash): void => {
    keeper.apply((table) => restoreRows(table, [{ record, stored: NOT_MEASURED, written: null }]))
  }

  test('that is silent while nobody answers is asked for ever, and found within 12 s of its return', async () => {
    const { clock, leap, prober, net, keeper, pings, shown } = start()
    stored(keeper)
    net.answer = () => 'silent'
    prober.doubt('ash')
    await clock.advance(60_000)
    leap(5 * DAY)
    await clock.advance(60_000)
    expect(pings).toEqual(
      [0, 2_900, 6_800, 12_700, 22_600, 34_500, 46_400, 58_300, 70_200, 82_100, 94_000, 105_900, 117_800].map((ms) => `${ms} ${AT}`),
    )
    net.answer = () => ({ by: 'ash' })
    await clock.advance(12_000)
    expect(shown()).toEqual(['ash'])
  })

  test('that is silent while others answer is asked more and more rarely, every 5 min in the end, and given up after a day', async () => {
    const { clock, leap, prober, prove, net, keeper, pings, told } = start()
    prove(signedBy('elm', ELSEWHERE))
    stored(keeper)
    net.answer = (address) => (address === AT ? 'silent' : { by: 'elm' })
    prober.doubt('ash')
    prober.doubt('elm')
    await clock.advance(60_000)
    leap(3_600_000)
    pings.length = 0
    await clock.advance(700_000)
    expect(pings.filter((line) => line.endsWith(` ${AT}`))).toEqual([`188200 ${AT}`, `446100 ${AT}`, `748000 ${AT}`])
    for (let hour = 0; hour < 24; hour++) {
      if (hour === 20) expect(told.filter((line) => line.endsWith('dropped ash'))).toEqual([])
      leap(3_600_000)
      await clock.advance(310_000)
    }
    expect(told.filter((line) => line.endsWith('dropped ash')).length).toEqual(1)
  })

  test('is not given up because this machine slept for a day, or its clock was set', async () => {
    const { clock, leap, prober, prove, net, keeper, pings } = start()
    prove(signedBy('elm', ELSEWHERE))
    stored(keeper)
    net.answer = (address) => (address === AT ? 'silent' : { by: 'elm' })
    prober.doubt('ash')
    prober.doubt('elm')
    await clock.advance(60_000)
    leap(5 * DAY)
    await clock.advance(20_000)
    expect([[...keeper.current().rows.keys()], pings.filter((line) => line.endsWith(` ${AT}`)).length > 6]).toEqual([['elm', 'ash'], true])
  })

  test('is not given up, having been silent for a day, when nobody answered meanwhile', async () => {
    const { clock, leap, prober, prove, net, keeper, shown } = start()
    prove(signedBy('elm', ELSEWHERE))
    stored(keeper)
    net.answer = () => 'silent'
    prober.doubt('ash')
    prober.doubt('elm')
    await clock.advance(60_000)
    leap(2 * DAY)
    await clock.advance(60_000)
    expect([shown(), [...keeper.current().rows.keys()]]).toEqual([[], ['ash']])
  })
})
