import { describe, expect, test } from 'vitest'
import { signedBy } from '../../records.ts'
import { type Answer, AT, ash, ELSEWHERE, start } from './scripted-prober.ts'

test('what was timed beside a speed test over the same path, known by its address or its id, is kept apart', async () => {
  const { clock, prober, prove, net, keeper, loaded } = start()
  const latency = () => {
    const found = keeper.current().rows.get('ash')?.latency
    return found && [found.rttMs, found.loaded?.ms ?? null]
  }
  prove(ash)
  await clock.until(prober.byHand(AT, 'ash'))
  net.tookMs = 50
  loaded.add(AT)
  const { isLoaded } = await clock.until(prober.byHand(AT, 'ash'))
  expect([isLoaded, latency()]).toEqual([true, [5, 50]])
  loaded.clear()
  loaded.add('ash')
  net.tookMs = 60
  await clock.until(prober.byHand(AT, 'ash'))
  expect(latency()).toEqual([5, 60])
  loaded.clear()
  await clock.until(prober.byHand(AT, 'ash'))
  expect(latency()).toEqual([60, 60])
})

describe('a peer with a further address', () => {
  const both = signedBy('ash', AT, { alsoAt: [ELSEWHERE] })
  const shownAt = ({ keeper }: ReturnType<typeof start>) => {
    const row = keeper.current().rows.get('ash')
    return `${row?.state} at ${row?.record.address}`
  }
  test('that is silent at the first is asked at the other before anybody suspects it, and stands there from then on', async () => {
    const run = start()
    run.prove(both)
    run.net.answer = (address) => (address === AT ? 'silent' : { by: 'ash' })
    run.prober.doubt('ash')
    await run.clock.advance(2_100)
    expect([run.pings, shownAt(run), run.strikes('ash')]).toEqual([[`0 ${AT}`, `2000 ${ELSEWHERE}`], `alive at ${ELSEWHERE}`, 0])
    await run.clock.advance(8_000)
    expect([new Set(run.pings.slice(2).map((line) => line.split(' ')[1])), shownAt(run)]).toEqual([
      new Set([AT, ELSEWHERE]),
      `alive at ${ELSEWHERE}`,
    ])
    run.net.answer = () => ({ by: 'ash' })
    await run.clock.advance(8_000)
    expect(shownAt(run)).toEqual(`alive at ${AT}`)
    run.pings.length = 0
    await run.clock.advance(8_000)
    expect(run.pings.filter((line) => line.endsWith(ELSEWHERE))).toEqual([])
  })

  test.each<[string, Answer, string]>([
    ['is refused there too', 'refused', `suspect at ${AT}`],
    ['has another answer there', { by: 'oak' }, `suspect at ${AT}`],
    ['may not be asked there', 'withheld', `suspect at ${AT}`],
  ])('is suspect where it %s', async (_, answer, expected) => {
    const run = start()
    run.prove(both)
    run.net.answer = (address) => (address === AT ? 'refused' : answer)
    run.prober.doubt('ash')
    await run.clock.advance(100)
    expect([shownAt(run), run.pings.slice(0, 2)]).toEqual([expected, [`0 ${AT}`, `1 ${ELSEWHERE}`]])
  })

  test('is not asked there while it is only heard of', async () => {
    const run = start()
    run.hear(both)
    run.net.answer = () => 'silent'
    run.prober.doubt('ash')
    await run.clock.advance(2_500)
    expect(run.pings).toEqual([`0 ${AT}`])
  })
})
