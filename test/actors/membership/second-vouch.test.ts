// Who is asked for a second vouch, and how often.
import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { createSecondVouch } from '../../../src/actors/membership/second-vouch.ts'
import type { Row } from '../../../src/domain/ip-table.ts'
import type { Verdict } from '../../../src/machines/reach-machine.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const MINE = '192.0.2.1:8088'
const PROVEN: Verdict = { type: 'proven', address: MINE, by: 'ash', atMs: 0 }

/** This node is reached at `MINE`, one vouches for that, and nobody whom it asks will. */
function start(askable: () => readonly Row[] = () => []) {
  const parts = stateParts()
  const { clock, keeper, own } = parts
  const verdicts = new Subject<Verdict>()
  const asked: string[] = []
  let verdict: Verdict = { type: 'unknown' }
  own.announce(MINE, null)
  const second = createSecondVouch({
    ...{ clock, keeper, own, askable, hasVoted: () => false, isAsking: () => false },
    ...{ verdict: () => verdict, verdicts$: verdicts },
    ask: async ([row]) => {
      second.asked(row?.key ?? '')
      asked.push(`${clock.now()} ${row?.record.name}`)
    },
  })
  second.runs$.subscribe({ error: parts.onBug })
  const told = (next: Verdict): void => {
    verdict = next
    verdicts.next(next)
  }
  return { ...parts, asked, told }
}

test('who hears of nobody it may ask asks the first that comes', async () => {
  const { asked, told, hear, prove, clock } = start()
  told(PROVEN)
  for (let i = 0; i < 8; i++) hear(signedBy(`zz${i}`, `198.51.100.${i}:8088`))
  await clock.advance(400)
  prove(signedBy('elm', '198.51.100.99:8088'))
  expect(asked).toEqual(['400 elm'])
})

test('six are asked at the most, and as many again once it is reached at another address', () => {
  const { asked, told, prove } = start()
  const meet = (from: number): void => {
    for (let i = from; i < from + 9; i++) prove(signedBy(`peer${i}`, `198.51.100.${i}:8088`))
  }
  told(PROVEN)
  meet(0)
  const before = asked.length
  told({ ...PROVEN, address: '192.0.2.2:8088' })
  meet(10)
  expect([before, asked.length]).toEqual([6, 12])
})

test('who is not reached asks nobody, nor who has two vouches, nor who knows but one other', () => {
  const counts = (['refused', 'vouched', 'small', 'lacking'] as const).map((what) => {
    const { asked, told, prove, own, clock } = start()
    const atS = Math.floor(clock.wallMs() / 1_000)
    told(what === 'refused' ? { type: 'refused' } : PROVEN)
    for (const by of what === 'vouched' ? ['ash', 'elm'] : []) own.vouched(MINE, { by, atS, sig: '' })
    for (let i = 0; i < (what === 'small' ? 2 : 3); i++) prove(signedBy(`peer${i}`, `198.51.100.${i}:8088`))
    return asked.length
  })
  expect(counts).toEqual([0, 0, 0, 2])
})

test('in a large table it asks, of those that it has reached and others have vouched for, first the one that most are vouched for by', () => {
  const reached: Row[] = []
  const { asked, told, hear, prove, keeper, own } = start(() => reached)
  const by = (...ids: readonly string[]) => ({ vouches: ids.map((id) => ({ by: id, atS: 0, sig: '' })) })
  prove({ ...signedBy('elm', '198.51.100.1:8088'), ...by('ash', 'oak') })
  prove({ ...signedBy('ash', '198.51.100.2:8088'), ...by('elm', 'oak') })
  prove({ ...signedBy('oak', '198.51.100.3:8088'), ...by('elm') })
  prove({ ...signedBy('yew', '198.51.100.4:8088'), ...by('elm', own.id) })
  for (let i = 0; i < 60; i++) hear({ ...signedBy(`peer${i}`, `203.0.113.${i}:8088`), ...by('elm', 'oak') })
  for (const key of ['oak', 'yew', 'ash', 'elm']) {
    const row = keeper.current().rows.get(key)
    if (row) reached.push(row)
  }
  told(PROVEN)
  hear(signedBy('fir', '203.0.113.99:8088'))
  expect(asked).toEqual(['0 elm', '0 ash'])
})

test('in a large table one for whom this node has vouched is asked where two others have as well', () => {
  const asked = [['elm', 'oak'], ['elm']].map((others) => {
    const reached: Row[] = []
    const { asked, told, hear, prove, keeper, own } = start(() => reached)
    const vouches = [own.id, ...others].map((by) => ({ by, atS: 0, sig: '' }))
    prove({ ...signedBy('ash', '198.51.100.1:8088'), vouches })
    for (let i = 0; i < 60; i++) hear(signedBy(`peer${i}`, `203.0.113.${i}:8088`))
    reached.push(...[keeper.current().rows.get('ash')].filter((row) => row !== undefined))
    told(PROVEN)
    return asked
  })
  expect(asked).toEqual([['0 ash'], []])
})
