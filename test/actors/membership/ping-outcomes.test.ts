import { describe, expect, test } from 'vitest'
import { type Coordinate, UNPLACED } from '../../../src/domain/coordinates.ts'
import { merge, recordLooks, recordVouched, removeRow } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { ALONE, suspicionMs } from '../../../src/domain/suspicion.ts'
import { signedBy } from '../../records.ts'
import { AT, ash, ELSEWHERE, SILENCE_MS, start } from './scripted-prober.ts'

describe('what an answer says', () => {
  test('another node at its address ends a row', async () => {
    const { clock, prober, prove, net, told } = start()
    prove(ash)
    net.answer = () => ({ by: 'elm' })
    await clock.until(prober.prove(['ash']))
    expect(told).toEqual(['5 removed ash', '5 probed ash by elm'])
  })

  test('who stands in the table is not listed by another of its addresses as well', async () => {
    const { clock, prober, prove, keeper, net, told, shown } = start()
    prove(ash)
    keeper.apply((table, wallMs) => merge(table, [unsignedRecord(ELSEWHERE)], wallMs))
    net.answer = () => ({ by: 'ash' })
    await clock.until(prober.prove([ELSEWHERE]))
    expect([shown(), told]).toEqual([['ash'], [`5 probed ${ELSEWHERE} by ash`]])
  })

  test('somebody without an identity at the address of who has one proves nothing', async () => {
    const { clock, prober, prove, net, keeper, told } = start()
    prove(ash)
    net.answer = () => ({ by: null })
    await clock.until(prober.prove(['ash']))
    expect(keeper.current().rows.get('ash')?.state).toEqual('suspect')
    await clock.advance(10_000)
    expect(told.filter((line) => line.includes('removed')).map((line) => line.split(' ')[1])).toEqual(['removed'])
  })

  test('who is listed by word alone, and was missed by others too, goes although it may not be asked for long', async () => {
    const { clock, prober, keeper, net, company, told } = start()
    company.judged = { ...ALONE, canAsk: true, members: 60 }
    keeper.apply((table, wallMs) => merge(table, [ash], wallMs))
    keeper.apply((table) => recordVouched(table, 'ash', ['elm', 'fir']))
    net.answer = () => 'silent'
    await clock.until(prober.prove(['ash']))
    keeper.apply((table, wallMs) => recordLooks(table, 'ash', { reachedBy: [], missedBy: ['elm', 'fir'] }, 'no answer', wallMs))
    net.answer = () => 'withheld'
    await clock.advance(20_000)
    const gone = told.filter((line) => line.includes('removed')).map((line) => Number(line.split(' ')[0]))
    expect([gone.length, gone.every((ms) => ms > SILENCE_MS + suspicionMs(0, company.judged) && ms < 18_000)]).toEqual([1, true])
  })

  test('a refusal is looked at again sooner than silence', async () => {
    const { clock, prober, prove, net, pings, told } = start()
    net.answer = (address) => (address === AT ? 'refused' : 'silent')
    prove(ash)
    prove(signedBy('elm', ELSEWHERE))
    prober.doubt('ash')
    prober.doubt('elm')
    await clock.advance(9_000)
    expect(pings).toEqual([`0 ${AT}`, `0 ${ELSEWHERE}`, `300 ${AT}`, `600 ${AT}`, `2900 ${ELSEWHERE}`, `5800 ${ELSEWHERE}`])
    expect(told.filter((line) => line.includes('removed'))).toEqual(['601 removed ash', '7800 removed elm'])
  })

  test("this node's own answer measures its row and proves nothing; a twin's says nothing", async () => {
    const { clock, prober, net, own, keeper, announce, pings } = start()
    announce(AT)
    const row = () => {
      const found = keeper.current().rows.get(own.id)
      return found && [found.latency.rttMs, found.lastProofMs, found.strikes, found.state]
    }
    const wallMs = clock.wallMs()
    await clock.advance(100)
    net.answer = () => ({ by: own.id, run: 'another' })
    await clock.until(prober.prove([own.id]))
    expect(row()).toEqual([null, wallMs, 0, 'alive'])
    net.answer = () => ({ by: own.id, run: own.run })
    await clock.advance(200)
    await clock.until(prober.prove([own.id]))
    expect(row()).toEqual([5, wallMs, 0, 'alive'])
    net.answer = () => 'silent'
    await clock.advance(200)
    await clock.until(prober.prove([own.id]))
    expect(row()).toEqual([5, wallMs, 0, 'alive'])
    expect(new Set(pings.map((line) => line.split(' ')[1]))).toEqual(new Set(['127.0.0.1:8088']))
  })

  test('an address that leads back to this node is no peer, and is told', async () => {
    const { clock, prober, hear, net, own, shown, told } = start()
    hear(unsignedRecord(AT))
    net.answer = () => ({ by: own.id, run: own.run })
    await clock.until(prober.prove([AT]))
    expect([shown(), told]).toEqual([[], [`5 probed ${AT} by ${own.id}`]])
  })

  test('who is removed while it is pinged has not been probed', async () => {
    const { clock, prober, prove, keeper, told } = start()
    prove(ash)
    prober.doubt('ash')
    keeper.apply((table, wallMs) => removeRow(table, 'ash', 'no address', wallMs))
    await clock.advance(1_000)
    expect(told).toEqual(['0 removed ash'])
  })
})

test('who says where it is has this node placed by the time it took; who does not, or answers for another, has not', async () => {
  const { clock, net, prove, told, prober } = start()
  prove(signedBy('ash', AT))
  const sampled = async (place?: Coordinate) => {
    net.answer = () => ({ by: 'ash', ...(place ? { place } : {}) })
    await clock.until(prober.prove(['ash']))
    await clock.advance(1_000)
    return told
      .splice(0)
      .filter((line) => line.includes('sampled'))
      .map((line) => line.replace(/^\d+ /, ''))
  }
  expect([await sampled({ ...UNPLACED, heightMs: 7 }), await sampled()]).toEqual([['sampled 7 5'], []])
})
