import { describe, expect, test } from 'vitest'
import type { PeerCalls } from '../../../src/actors/membership/peer-calls.ts'
import type { Pinged } from '../../../src/actors/membership/peer-ping.ts'
import { createProber } from '../../../src/actors/membership/prober.ts'
import { type Coordinate, UNPLACED } from '../../../src/domain/coordinates.ts'
import { merge, NOT_MEASURED, offlineRows, putOwn, removeRow, restoreRows, shownRows } from '../../../src/domain/ip-table.ts'
import { OPEN } from '../../../src/domain/network-kind.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { ALONE } from '../../../src/domain/suspicion.ts'
import { PROBES_AT_ONCE, PROBES_HEARD_AT_ONCE } from '../../../src/domain/timings.ts'
import { ToldAll } from '../../../src/io/network/told-all.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { stateParts } from '../state-parts.ts'

const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'
const ash = signedBy('ash', AT)
const addressOf = (i: number): string => `10.0.${i >> 8}.${i & 255}:8088`
const peers = (count: number) => Array.from({ length: count }, (_, i) => signedBy(`peer${i}`, addressOf(i)))

type Answer = 'silent' | 'refused' | 'withheld' | { readonly by: string | null; readonly run?: string; readonly place?: Coordinate }

/** How each address answers, and after how long. */
interface Net {
  answer(address: string): Answer
  /** How long an answer takes; silence and refusals take their own time. */
  tookMs: number
}

const SILENCE_MS = 2_000
const DAY = 24 * 3_600_000

function start({ random }: Partial<Pick<ReturnType<typeof stateParts>, 'random'>> = {}) {
  const parts = stateParts()
  const { clock, keeper, own } = parts
  const net: Net = { answer: (address) => ({ by: nameAt(address) }), tookMs: 5 }
  const pings: string[] = []
  const closely: string[] = []
  const told: string[] = []
  let under = 0
  let most = 0
  const nameAt = (address: string): string | null =>
    [...keeper.current().rows.values()].find(({ record }) => record.address === address)?.record.id ?? null
  const ping: PeerCalls['ping'] = async (address, _, closeness): Promise<Pinged> => {
    pings.push(`${clock.now()} ${address}`)
    closely.push(closeness)
    most = Math.max(most, ++under)
    const answer = net.answer(address)
    await new Promise<void>((resolve) =>
      clock.setTimeout(resolve, answer === 'silent' ? SILENCE_MS : answer === 'refused' ? 1 : answer === 'withheld' ? 0 : net.tookMs),
    )
    under--
    if (answer === 'withheld') {
      const burst = { type: 'silent', refused: false, why: 'too many tries' } as const
      return { burst, withheld: true, retryMs: 5_000, by: null, samplesMs: [], discarded: 0, connectMs: null }
    }
    if (typeof answer === 'string') {
      const why = answer === 'refused' ? 'connection refused' : 'it did not answer in time'
      return { burst: { type: 'silent', refused: answer === 'refused', why }, by: null, samplesMs: [], discarded: 0, connectMs: null }
    }
    const by = answer.by === null ? null : { id: answer.by, run: answer.run ?? 'r', ...(answer.place ? { place: answer.place } : {}) }
    return { burst: { type: 'answered', rttMs: net.tookMs }, by, samplesMs: [net.tookMs], discarded: 0, connectMs: 1 }
  }
  const loaded = new Set<string>()
  const company = { judged: ALONE }
  const closed = new ToldAll<string>()
  const prober = createProber({
    ...{ ...parts, random: random ?? parts.random, networkKind: OPEN, clock: parts.time, calls: { ping } },
    http: { onClosed: closed.add },
    company: { of: () => company.judged, answered: () => {} },
    load: { wasLoaded: (names) => names.some((name) => loaded.has(name)) },
    places: { sampled: (place, rttMs) => told.push(`${clock.now()} sampled ${place.heightMs} ${rttMs}`) },
  })
  prober.isolated$.subscribe((isolated) => told.push(`${clock.now()} ${isolated ? 'isolated' : 'together'}`))
  prober.probed$.subscribe(({ row, by }) => told.push(`${clock.now()} probed ${row.key} by ${by?.id ?? 'nobody'}`))
  keeper.changes$.subscribe(({ type, row }) => {
    if (type === 'removed' || type === 'dropped') {
      prober.forget(row.key)
      told.push(`${clock.now()} ${type} ${row.key}`)
    }
  })
  const running = prober.runs$.subscribe({ error: parts.onBug })
  return {
    ...parts,
    prober,
    net,
    pings,
    closely,
    closed,
    loaded,
    company,
    told,
    most: () => most,
    strikes: (key: string) => keeper.current().rows.get(key)?.strikes,
    shown: () => shownRows(keeper.current()).map(({ key }) => key),
    announce: (address: string) => {
      own.announce(address, null)
      const record = own.record()
      if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    },
    end: () => running.unsubscribe(),
  }
}

describe('a row that is only heard of, reached through a TURN that is so too', () => {
  const home = signedBy('home', '192.0.2.1:20001', { via: 'ash' })

  test('leaves the tries at that IP address to its TURN, and is asked once that is proven', async () => {
    const { clock, prober, hear, net, pings } = start()
    net.answer = () => 'silent'
    hear(ash)
    hear(home)
    prober.doubt('ash')
    prober.doubt('home')
    await clock.advance(2_500)
    expect(pings).toEqual([`0 ${AT}`])
    net.answer = (address) => ({ by: address === AT ? 'ash' : 'home' })
    prober.doubt('ash')
    await clock.advance(100)
    prober.doubt('home')
    await clock.advance(100)
    expect(pings).toEqual([`0 ${AT}`, `2500 ${AT}`, '2600 192.0.2.1:20001'])
  })

  test('is asked all the same in the end, and at once where its TURN is elsewhere or it is wanted by hand', async () => {
    const { clock, prober, hear, net, pings } = start()
    net.answer = () => 'withheld'
    for (const one of [ash, home, signedBy('lab', '192.0.2.9:20001', { via: 'ash' })]) hear(one)
    for (const key of ['home', 'lab']) prober.doubt(key)
    await clock.advance(1)
    expect(pings).toEqual(['0 192.0.2.9:20001'])
    void prober.byHand('192.0.2.1:20001', 'home')
    await clock.advance(10)
    expect(pings.slice(1)).toEqual(['1 192.0.2.1:20001'])
    pings.length = 0
    await clock.advance(90_000)
    expect(pings.some((line) => line.endsWith('192.0.2.1:20001'))).toBe(true)
  })
})

describe('a wish', () => {
  test('is met at once, and the next ping comes by the pace of the table', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(12_000)
    expect(pings).toEqual([`0 ${AT}`, `5000 ${AT}`, `10000 ${AT}`])
  })

  test('that comes during a ping is met by it', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(2)
    prober.doubt('ash')
    const proven = prober.prove(['ash'])
    await clock.until(proven)
    expect([clock.now(), pings]).toEqual([5, [`0 ${AT}`]])
    await clock.advance(3_000)
    expect(pings).toEqual([`0 ${AT}`])
  })

  test('to see it proven within 150 ms of a ping is met by that; a doubt then is looked at after them', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(101)
    await prober.prove(['ash'])
    prober.doubt('ash')
    expect(pings).toEqual([`0 ${AT}`])
    await clock.advance(400)
    expect(pings).toEqual([`0 ${AT}`, `300 ${AT}`])
  })

  test('that comes later is a ping of its own', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(155)
    await clock.until(prober.prove(['ash']))
    expect(pings).toEqual([`0 ${AT}`, `155 ${AT}`])
  })

  test('for who is not in the table is met at once by nothing', async () => {
    const { clock, prober, pings } = start()
    await prober.prove(['nobody'])
    prober.doubt('nobody')
    await clock.advance(1_000)
    expect(pings).toEqual([])
  })

  test('for who is removed meanwhile does not wait for ever', async () => {
    const { clock, prober, prove, net, keeper, pings } = start()
    net.answer = () => 'silent'
    for (const record of [ash, ...peers(PROBES_AT_ONCE)]) prove(record)
    for (let i = 0; i < PROBES_AT_ONCE; i++) prober.doubt(`peer${i}`)
    const proven = prober.prove(['ash'])
    await clock.advance(1_000)
    keeper.apply((table, wallMs) => removeRow(table, 'ash', 'no address', wallMs))
    await proven
    await clock.advance(2_000)
    expect(pings.filter((line) => line.endsWith(` ${AT}`))).toEqual([])
  })

  test('however many there are at once, a failed ping is one strike', async () => {
    const { clock, prober, prove, net, strikes } = start()
    prove(ash)
    net.answer = () => 'silent'
    prober.doubt('ash')
    await clock.advance(1_000)
    prober.doubt('ash')
    const both = Promise.all([prober.prove(['ash']), prober.prove(['ash']), prober.byHand(AT, 'ash')])
    await clock.until(both)
    expect([clock.now(), strikes('ash')]).toEqual([2_000, 1])
  })
})

test('who moves while it is pinged is pinged at its new address, and what the old one said counts for nobody', async () => {
  const { clock, prober, prove, hear, net, keeper, pings, told, strikes } = start()
  prove(ash)
  net.answer = (address) => (address === AT ? 'silent' : { by: 'ash' })
  const proven = prober.prove(['ash'])
  await clock.advance(1_000)
  hear(signedBy('ash', ELSEWHERE, { seq: 2 }))
  prober.doubt('ash')
  await clock.until(proven)
  expect([pings, told]).toEqual([[`0 ${AT}`, `2000 ${ELSEWHERE}`], ['2005 probed ash by ash']])
  expect([keeper.current().rows.get('ash')?.state, strikes('ash')]).toEqual(['alive', 0])
})

test('two nodes that hold one address share a ping, and its outcome; who has no id is asked in clear', async () => {
  const { prober, keeper, clock, pings, strikes, net } = start()
  net.answer = () => 'silent'
  keeper.apply((table, wallMs) => merge(table, [unsignedRecord(AT), signedBy('ash', ELSEWHERE), signedBy('elm', ELSEWHERE)], wallMs))
  keeper.apply((table, wallMs) => merge(table, [signedBy('ash', AT, { seq: 2 }), signedBy('elm', AT, { seq: 2 })], wallMs))
  void prober.prove(['ash', 'elm'])
  await clock.advance(SILENCE_MS)
  expect([pings, strikes('ash'), strikes('elm')]).toEqual([[`0 ${AT}`], 1, 1])
  void prober.prove([AT])
  await clock.advance(SILENCE_MS)
  expect(strikes(AT)).toEqual(1)
})

test('who moves away and back while it is pinged has been pinged', async () => {
  const { clock, prober, prove, hear, pings } = start()
  prove(ash)
  prober.doubt('ash')
  hear(signedBy('ash', ELSEWHERE, { seq: 2 }))
  hear(signedBy('ash', AT, { seq: 3 }))
  prober.doubt('ash')
  await clock.advance(1_000)
  expect(pings).toEqual([`0 ${AT}`])
})

describe('in a quiet network', () => {
  /** Two peers, 61 s after they came: each has been looked at once in quiet. */
  const quietly = async () => {
    const started = start()
    const { clock, prober, prove, pings } = started
    prove(ash)
    prove(signedBy('elm', ELSEWHERE))
    for (const key of ['ash', 'elm']) prober.doubt(key)
    await clock.advance(61_000)
    const ofAsh = pings.flatMap((line) => (line.endsWith(` ${AT}`) ? [Number(line.split(' ')[0])] : []))
    expect(ofAsh).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 60_000])
    pings.length = 0
    return started
  }

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

  test('a peer that closes its connection is looked at at once, and for that no more often than in any other network', async () => {
    const { clock, closed, pings } = await quietly()
    closed.tell(AT)
    closed.tell('192.0.2.77:1')
    for (let i = 0; i < 15; i++) {
      await clock.advance(700)
      closed.tell(AT)
    }
    expect(pings).toEqual([`61000 ${AT}`, `65900 ${AT}`, `70900 ${AT}`])
  })

  test('a peer that closes another connection a moment later is looked at once more', async () => {
    const { clock, closed, pings } = await quietly()
    closed.tell(AT)
    await clock.advance(1_000)
    closed.tell(AT)
    await clock.advance(12_000)
    expect(pings).toEqual([`61000 ${AT}`, `65900 ${AT}`])
  })
})

test('of many peers those whose connections are closed whenever they were idle for a while are looked at for that once in their turn', async () => {
  const { clock, prove, closed, pings } = start()
  const far = Array.from({ length: 300 }, (_, i) => signedBy(`far${i}`, `192.0.${i >> 8}.${i & 255}:8088`))
  // Of those that are equally near the first by address are looked at often.
  for (const one of [...peers(20), ...far]) prove(one)
  for (let i = 0; i < 10; i++) {
    for (const { address } of far) closed.tell(address)
    await clock.advance(6_000)
  }
  expect(pings.map((line) => line.split(' ')[1])).toEqual(far.map(({ address }) => address))
})

describe('within the budget', () => {
  test(`four tables of 64 that are posted at once have no more than ${PROBES_HEARD_AT_ONCE} pings under way, of each address one`, async () => {
    const { clock, prober, hear, most, pings, shown } = start()
    const all = peers(64)
    for (const record of all) hear(record)
    const keys = all.map(({ id }) => id ?? '')
    await clock.until(Promise.all([0, 1, 2, 3].map(() => prober.prove(keys))))
    expect([most(), pings.length, new Set(pings).size, shown().length]).toEqual([PROBES_HEARD_AT_ONCE, 64, 64, 64])
  })

  test('rows only heard of, suspects and pings by hand share it', async () => {
    const { clock, prober, prove, hear, net, most, pings } = start()
    net.answer = () => 'silent'
    const [known, heard] = [peers(40).slice(0, 20), peers(40).slice(20)]
    for (const record of known) prove(record)
    for (const record of heard) hear(record)
    for (const { id } of [...known, ...heard]) prober.doubt(id ?? '')
    for (let i = 0; i < 20; i++) void prober.byHand(`10.9.0.${i}:1`, null)
    await clock.advance(SILENCE_MS * 3 - 1)
    expect([most(), pings.length]).toEqual([PROBES_AT_ONCE, PROBES_AT_ONCE * 3])
    await clock.advance(SILENCE_MS * 3)
    const byHand = pings.filter((line) => line.includes(' 10.9.')).length
    expect([most(), byHand]).toEqual([PROBES_AT_ONCE, 20])
  })
})

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

describe('by hand', () => {
  test('an address without a row is pinged and told, whatever it is', async () => {
    const { clock, prober, pings, told } = start()
    const pinged = await clock.until(prober.byHand(AT, null))
    expect([pinged.burst, pings, told]).toEqual([{ type: 'answered', rttMs: 5 }, [`0 ${AT}`], []])
  })

  test("a row's ping goes into the table like any other", async () => {
    const { clock, prober, prove, net, pings, strikes } = start()
    prove(ash)
    net.answer = () => 'silent'
    const pinged = await clock.until(prober.byHand(AT, 'ash'))
    expect([pinged.burst.type, pings, strikes('ash')]).toEqual(['silent', [`0 ${AT}`], 1])
  })

  test('is a ping of its own though one ended just now', async () => {
    const { clock, prober, prove, pings } = start()
    prove(ash)
    await clock.until(prober.prove(['ash']))
    await clock.until(prober.byHand(AT, 'ash'))
    expect(pings).toEqual([`0 ${AT}`, `5 ${AT}`])
  })
})

describe('how closely', () => {
  const hidden = signedBy('fir', ELSEWHERE, { via: 'ash' })
  test('a newcomer is pinged by bursts until three were timed beside its first, and then by looks', async () => {
    const { clock, prober, prove, closely } = start()
    prove(hidden)
    prober.doubt('fir')
    await clock.advance(26_000)
    expect(closely).toEqual(['burst', 'burst', 'burst', 'look', 'look', 'look'])
  })

  test('those that may become the TURN are pinged by bursts while this node has no address', async () => {
    const { clock, prober, prove, closely } = start()
    prove(ash)
    prober.doubt('ash')
    await clock.advance(26_000)
    expect(new Set(closely)).toEqual(new Set(['burst']))
  })

  test('a node that is reached directly wants none, and looks at them once they are known', async () => {
    const { clock, prober, prove, closely, own } = start()
    own.announce('192.0.2.7:8088', null)
    prove(ash)
    prober.doubt('ash')
    await clock.advance(26_000)
    expect(closely).toEqual(['burst', 'burst', 'burst', 'look', 'look', 'look'])
  })

  test.each([
    ['by bursts, where it is so much nearer that it may be moved to', 30, 'burst'],
    ['by looks, where it is about as near', 38, 'look'],
  ] as const)('behind a TURN another one is pinged %s', async (_, tookMs, expected) => {
    const { clock, prober, prove, net, closely, pings, own } = start()
    const elm = signedBy('elm', ELSEWHERE)
    prove(ash)
    prove(elm)
    net.tookMs = 40
    for (let i = 0; i < 3; i++) await clock.until(prober.byHand(AT, 'ash'))
    net.tookMs = tookMs
    for (let i = 0; i < 3; i++) await clock.until(prober.byHand(ELSEWHERE, 'elm'))
    own.announce('192.0.2.1:20001', 'ash')
    await clock.advance(1_000)
    prober.doubt('elm')
    await clock.advance(100)
    expect([pings.at(-1)?.split(' ')[1], closely.at(-1)]).toEqual([ELSEWHERE, expected])
  })

  test('a person gets the best of more; where another ping is under way, after it', async () => {
    const { clock, prober, prove, closely, pings } = start()
    prove(hidden)
    prober.doubt('fir')
    await clock.advance(20_002)
    await clock.until(prober.byHand(ELSEWHERE, 'fir'))
    await clock.until(prober.byHand(ELSEWHERE, 'fir'))
    expect([pings.slice(-3), closely.slice(-3)]).toEqual([
      [`20000 ${ELSEWHERE}`, `20005 ${ELSEWHERE}`, `20010 ${ELSEWHERE}`],
      ['look', 'thorough', 'thorough'],
    ])
  })
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

describe('a node whose own link is dead', () => {
  const isolated = { level: 'error', text: 'nobody answers: this node may be cut off itself', fix: 'Check the network of this machine.' }

  test.each([15, 1_000])('for 20 s removes none of %i peers, says so, and is whole within 3 s of its return', async (count) => {
    const { clock, prober, prove, net, health, shown, keeper, told } = start()
    const all = peers(count)
    for (const record of all) prove(record)
    // Each has been pinged at its own time of the period.
    for (const [i, { id }] of all.entries()) clock.setTimeout(() => prober.doubt(id ?? ''), (i * Math.max(5_000, count * 250)) / count)
    await clock.advance(10_000)
    expect(health.list()).toEqual([])
    const { answer } = net
    net.answer = () => 'silent'
    await clock.advance(20_000)
    expect([shown().length, health.list()]).toEqual([count, [isolated]])
    net.answer = answer
    await clock.advance(3_000)
    const suspects = shownRows(keeper.current()).filter(({ state }) => state === 'suspect')
    expect([shown().length, suspects, health.list()]).toEqual([count, [], []])
    expect(told.filter((line) => /isolated|together|removed/.test(line)).map((line) => line.split(' ')[1])).toEqual([
      'isolated',
      'together',
    ])
  })

  test('and one whose peers all refuse is not in doubt of itself: they are gone', async () => {
    const { clock, prober, prove, net, health, shown, keeper } = start()
    const all = peers(5)
    for (const record of all) prove(record)
    net.answer = () => 'refused'
    for (const { id } of all) prober.doubt(id ?? '')
    await clock.advance(5_000)
    expect([shown(), health.list(), offlineRows(keeper.current(), clock.wallMs()).length]).toEqual([[], [], 5])
  })

  test('and one of whose peers one still answers removes the others soon, for that one is asked at once', async () => {
    const { clock, prober, prove, net, health, shown, told } = start()
    const all = peers(5)
    for (const record of all) prove(record)
    net.answer = (address) => (address === addressOf(0) ? { by: 'peer0' } : 'silent')
    for (const { id } of all) prober.doubt(id ?? '')
    await clock.advance(15_000)
    expect([shown(), health.list()]).toEqual([['peer0'], []])
    expect(told.filter((line) => /isolated|together|removed/.test(line))).toMatchInlineSnapshot(`
      [
        "2000 isolated",
        "2005 together",
        "4300 isolated",
        "4305 together",
        "6305 removed peer4",
        "6600 removed peer1",
        "9500 removed peer2",
        "9500 removed peer3",
      ]
    `)
  })

  test('and one of whose only two peers both fall silent takes them for gone: it may be the two', async () => {
    const { clock, prober, prove, net, health, shown } = start()
    const all = peers(2)
    for (const record of all) prove(record)
    net.answer = () => 'silent'
    for (const { id } of all) prober.doubt(id ?? '')
    await clock.advance(15_000)
    expect([shown(), health.list()]).toEqual([[], []])
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

test('a row that nobody has planned is looked at; one that is planned, or is being pinged, waits for that', async () => {
  const { clock, prober, prove, pings } = start()
  prove(ash)
  prober.ensure('ash')
  prober.ensure('ash')
  await clock.advance(100)
  prober.ensure('ash')
  await clock.advance(1_000)
  expect(pings).toEqual([`0 ${AT}`])
})

test('ended, it leaves no timer', async () => {
  const { clock, prober, prove, end } = start()
  prove(ash)
  prober.doubt('ash')
  await clock.advance(1_000)
  end()
  expect(clock.timerCount).toEqual(0)
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

describe('while nothing runs', () => {
  test('nobody waits for a ping: neither who asked before the end, nor who asks after it', async () => {
    const { clock, prober, prove, end, net } = start()
    net.answer = () => 'silent'
    prove(ash)
    const before = prober.prove(['ash'])
    end()
    await before
    await prober.prove(['ash'])
    expect(clock.now()).toEqual(0)
  })

  test('a ping by hand is made all the same', async () => {
    const { clock, prober, prove, end, pings } = start()
    end()
    prove(ash)
    const pinged = await clock.until(prober.byHand(AT, 'ash'))
    expect([pinged.burst.type, pings]).toEqual(['answered', [`0 ${AT}`]])
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

test('pings by hand that wait while the node stops are answered, each once', async () => {
  const { prober, end, clock, pings, keeper } = start()
  keeper.apply((table, wallMs) => merge(table, [ash], wallMs))
  prober.ensure('ash')
  const asked = [AT, ...Array.from({ length: 200 }, (_, i) => addressOf(i))]
  const all = Promise.all(asked.map((address) => prober.byHand(address, address === AT ? 'ash' : null)))
  await clock.advance(1)
  end()
  expect((await clock.until(all)).length).toEqual(asked.length)
  expect(pings.filter((line) => line.includes(' 10.0.')).length).toEqual(200)
})
