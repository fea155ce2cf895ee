import { expect, test } from 'vitest'
import { createAddressWatch } from '../../../src/actors/membership/address-watch.ts'
import { createReach, type Reach } from '../../../src/actors/membership/reach.ts'
import { ASKED_MOST, ASKED_MOST_MOVED, HELLO_TIMEOUT } from '../../../src/domain/timings.ts'
import type { Verdict } from '../../../src/machines/reach-machine.ts'
import type { DialBack } from '../../../src/v2/messages.ts'
import { signedBy } from '../../records.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { stateParts } from '../state-parts.ts'

const ash = signedBy('ash', '192.0.2.7:8088')
const elm = signedBy('elm', '192.0.2.8:8088')
const oak = signedBy('oak', '192.0.2.9:8088')
const fir = signedBy('fir', '192.0.2.10:8088')
const yew = signedBy('yew', '192.0.2.11:8088')
const MINE = '192.0.2.1:8088'
const OTHER = '192.0.2.2:8088'

const REACHED: DialBack = { type: 'reached', address: MINE }
const REFUSED: DialBack = { type: 'missed', why: 'refused' }
const SILENT: DialBack = { type: 'missed', why: 'silent' }
const UNTRIED: DialBack = { type: 'untried' }
const BUSY: DialBack = { type: 'busy' }

interface Setting {
  readonly port?: number | null
  readonly advertise?: string | null
  readonly slowness?: number
  /** Of the time in which this process would run it waits for so much. */
  readonly waitedShare?: number
  /** The names of those to whom a connection stands. */
  readonly warm?: readonly string[]
  /** What each peer tells when asked to connect back; null: it does not answer at all. */
  readonly answer?: (name: string) => DialBack | null | Promise<DialBack | null>
}

function start({ port = 8_088, advertise = null, slowness = 0, waitedShare = 0, warm = [], answer = () => REACHED }: Setting = {}) {
  const parts = stateParts({ port, advertise })
  const { clock, keeper } = parts
  const asked: string[] = []
  const told: string[] = []
  let hosts: readonly string[] = ['192.0.2.1']
  let dropped = 0
  const reach = createReach({
    ...parts,
    clock: { ...parts.time, waitedShare: () => waitedShare },
    company: { slowness: () => slowness },
    watch: createAddressWatch({ ...parts, network: { ownHosts: () => hosts } }),
    http: {
      dropWarm: () => {
        dropped++
      },
    },
    calls: {
      isWarm: (address) =>
        [...keeper.current().rows.values()].some(({ record }) => record.address === address && warm.includes(record.name)),
      forgetWarm: () => {},
      hello: async (address, { port: at, advertise: first }) => {
        const record = [...keeper.current().rows.values()].find((row) => row.record.address === address)?.record
        if (!record) throw new Error(`nobody is at ${address}`)
        asked.push(`${clock.now()} ${record.name} to try ${first ?? at}`)
        const dialBack = await answer(record.name)
        if (dialBack === null) return { type: 'failed', reason: 'timeout', text: 'it did not answer in time' }
        return { type: 'met', record, observed: '192.0.2.1', dialBack }
      },
    },
    listens: port !== null,
    policy: 'lan',
    inspect: () => {},
  })
  reach.verdicts$.subscribe((verdict) => {
    const { type } = verdict
    told.push(`${clock.now()} ${type}${verdict.type === 'proven' ? ` ${verdict.address} by ${verdict.by}` : ''}`)
  })
  reach.start()
  const running = reach.runs$.subscribe({ error: parts.onBug })
  return {
    ...parts,
    reach,
    asked,
    told,
    move: (...next: readonly string[]) => {
      hosts = next
    },
    dropped: () => dropped,
    end: () => {
      running.unsubscribe()
      reach.stop()
    },
  }
}

const found = (reach: Reach, dialBack: DialBack, record = ash): void =>
  reach.found({ type: 'met', record, observed: '192.0.2.1', dialBack })

test.each<[string, Setting, (reach: Reach) => void, ReturnType<Reach['ask']>]>([
  ['its port', {}, () => {}, { port: 8_088, advertise: null }],
  ['no port where it listens nowhere', { port: null }, () => {}, { port: null, advertise: null }],
  [
    'the address it was told to advertise, before all',
    { advertise: OTHER },
    (reach) => {
      found(reach, REACHED)
      reach.arrivedAt(MINE)
    },
    { port: 8_088, advertise: OTHER },
  ],
  ['the host it was told to advertise, with its own port', { advertise: '192.0.2.2' }, () => {}, { port: 8_088, advertise: OTHER }],
  [
    'the address that is proven',
    {},
    (reach) => {
      reach.arrivedAt(OTHER)
      found(reach, REACHED)
    },
    { port: 8_088, advertise: MINE },
  ],
  [
    'the first address somebody reached it by',
    {},
    (reach) => {
      reach.arrivedAt(MINE)
      reach.arrivedAt(OTHER)
    },
    { port: 8_088, advertise: MINE },
  ],
])('it asks to be tried at %s', (_, setting, happen, expected) => {
  const { reach, end } = start(setting)
  happen(reach)
  end()
  expect(reach.ask()).toEqual(expected)
})

test.each<[string, readonly (readonly [DialBack, typeof ash])[], Verdict, readonly string[]]>([
  ['nobody has tried', [], { type: 'unknown' }, []],
  [
    'one that reached it',
    [[REACHED, ash]],
    { type: 'proven', address: MINE, by: 'ash', atMs: VirtualClock.epochMs },
    [`0 proven ${MINE} by ash`],
  ],
  ['one that did not try', [[UNTRIED, ash]], { type: 'unknown' }, []],
  ['one that was busy', [[BUSY, ash]], { type: 'unknown' }, []],
  ['one to whom its host refused', [[REFUSED, ash]], { type: 'refused' }, ['0 refused']],
  ['one to whom it was silent', [[SILENT, ash]], { type: 'unknown' }, []],
  [
    'two to whom it was silent',
    [
      [SILENT, ash],
      [SILENT, elm],
    ],
    { type: 'refused' },
    ['0 refused'],
  ],
])('what peers that meet it find is its verdict: %s', (_, findings, verdict, expected) => {
  const { reach, told, end } = start()
  for (const [dialBack, record] of findings) found(reach, dialBack, record)
  end()
  expect([reach.verdict(), told]).toEqual([verdict, expected])
})

test('who listens nowhere is refused from the start, asks nobody and sets no timer', async () => {
  const { reach, clock, asked, told, prove } = start({ port: null })
  prove(ash)
  found(reach, REACHED)
  await clock.advance(60_000)
  expect([reach.verdict(), asked, told, clock.timerCount]).toEqual([{ type: 'refused' }, [], [], 0])
})

test('while nothing is known somebody is asked every 2 s, one at once when it is new; a proof is renewed every 20 s', async () => {
  let answer: DialBack = UNTRIED
  const { clock, prove, asked, told, end } = start({ answer: () => answer })
  await clock.advance(1_000)
  prove(ash)
  await clock.advance(4_000)
  expect(asked).toEqual(['1000 ash to try 8088', '2000 ash to try 8088', '4000 ash to try 8088'])
  answer = REACHED
  await clock.advance(55_000)
  expect(asked.slice(3)).toEqual([
    '6000 ash to try 8088',
    `20000 ash to try ${MINE}`,
    `40000 ash to try ${MINE}`,
    `60000 ash to try ${MINE}`,
  ])
  expect(told).toEqual([6_000, 20_000, 40_000, 60_000].map((ms) => `${ms} proven ${MINE} by ash`))
  end()
  expect(clock.timerCount).toEqual(0)
})

test('only nodes with an identity that are alive are asked, and never itself', async () => {
  const { clock, prove, hear, own, keeper, asked, end } = start({ answer: () => UNTRIED })
  prove({ ...ash, id: null, envelope: null })
  hear(elm)
  prove(signedBy(own.id, OTHER))
  await clock.advance(10_000)
  end()
  expect([keeper.current().rows.size, asked]).toEqual([3, []])
})

test('two are asked at once, others beside those who do not answer soon, six in all, and nobody twice', async () => {
  const { clock, prove, asked, end } = start({ answer: () => new Promise(() => {}) })
  const more = Array.from({ length: 9 }, (_, i) => signedBy(`more${i}`, `192.0.2.${50 + i}:8088`))
  for (const record of [ash, elm, oak, ...more]) prove(record)
  await clock.advance(60_000)
  end()
  expect([asked.map((line) => line.split(' ')[0]), new Set(asked.map((line) => line.split(' ')[1])).size]).toEqual([
    ['0', '0', '600', '600', '1200', '1200'],
    6,
  ])
})

test('nobody else is asked beside those who are late where this process waits for a processor itself', async () => {
  const { clock, prove, asked, end } = start({ answer: () => new Promise(() => {}), waitedShare: 0.3 })
  for (const record of [ash, elm, oak, fir]) prove(record)
  await clock.advance(60_000)
  end()
  expect(asked.length).toEqual(2)
})

test('nobody else is asked beside those who do not answer where the address is known and no vouches are wanted', async () => {
  let isSilent = false
  const { clock, prove, asked, reach, end } = start({ answer: () => (isSilent ? new Promise(() => {}) : REACHED) })
  for (const record of [ash, elm]) prove(record)
  await clock.advance(5_000)
  isSilent = true
  const before = asked.length
  await clock.advance(60_000)
  end()
  expect([reach.verdict().type, asked.length - before]).toEqual(['proven', 2])
})

test('where one has reached it, others who hear nothing must be four', async () => {
  const { prove, reach, end } = start({ answer: () => new Promise(() => {}) })
  const others = ['oak', 'fir', 'yew', 'ivy', 'bay'].map((name, i) => signedBy(name, `198.51.${i}.1:8088`))
  for (const record of [ash, elm, ...others]) prove(record)
  found(reach, REACHED, ash)
  const verdicts = others.map((record) => {
    found(reach, SILENT, record)
    return reach.verdict().type
  })
  end()
  expect(verdicts).toEqual(['unknown', 'unknown', 'unknown', 'refused', 'refused'])
})

test('a peer that does not answer has told nothing', async () => {
  const { clock, prove, reach, told, end } = start({ answer: () => null })
  prove(ash)
  await clock.advance(60_000)
  end()
  expect([reach.verdict(), told]).toEqual([{ type: 'unknown' }, []])
})

test('when one that tried could not connect, another is asked at once, and its proof stands', async () => {
  const { clock, prove, reach, asked, told, end } = start({ answer: (name) => (name === 'ash' ? REFUSED : REACHED) })
  found(reach, REACHED, oak)
  prove(ash)
  prove(elm)
  await clock.advance(1_000)
  found(reach, REFUSED, ash)
  await clock.settle()
  end()
  expect(asked).toEqual([`1000 elm to try ${MINE}`])
  expect(told).toEqual([`0 proven ${MINE} by oak`, `1000 proven ${MINE} by elm`])
})

test('when two that tried could not connect the address falls', async () => {
  const { clock, prove, reach, told, end } = start({ answer: () => REFUSED })
  found(reach, REACHED, oak)
  prove(ash)
  prove(elm)
  found(reach, REFUSED, ash)
  await clock.settle()
  end()
  expect(told).toEqual([`0 proven ${MINE} by oak`, '0 refused'])
})

test.each<[string, number, readonly (typeof ash)[], string]>([
  ['two others, both of whom heard nothing, falls', 0, [ash, elm], 'refused'],
  ['five others, three of whom heard nothing, stands', 0, [ash, elm, oak, fir, yew], 'proven'],
  ['five others, four of whom heard nothing, falls', 0, [ash, elm, oak, fir, yew], 'refused'],
  ['five others, four of whom heard nothing, stands where this node doubts itself', 0.5, [ash, elm, oak, fir, yew], 'proven'],
])('an address among %s', async (what, slowness, others, expected) => {
  const { clock, prove, reach, end } = start({ slowness, answer: () => BUSY })
  for (const one of others) prove(one)
  found(reach, REACHED, oak)
  found(reach, REACHED, ash)
  for (const one of others.slice(0, what.includes('three') ? 3 : 4)) found(reach, SILENT, one)
  await clock.settle()
  end()
  expect(reach.verdict().type).toBe(expected)
})

test('nor does it fall, however many fail, while others arrive at it', async () => {
  const { reach, told, end } = start()
  found(reach, REACHED, oak)
  for (const record of [ash, elm, ash, elm]) {
    found(reach, SILENT, record)
    reach.arrivedAt(MINE)
  }
  found(reach, SILENT, ash)
  reach.arrivedAt(OTHER)
  end()
  expect([reach.verdict().type, told]).toEqual(['proven', [`0 proven ${MINE} by oak`]])
})

test('when this machine loses the proven address, peers are asked at once by the next look, with no address of before', async () => {
  let at = MINE
  const { clock, prove, move, reach, asked, told, dropped, end } = start({ answer: () => ({ type: 'reached', address: at }) })
  reach.arrivedAt(MINE)
  prove(ash)
  await clock.advance(10_500)
  at = OTHER
  move('192.0.2.2')
  await clock.advance(2_000)
  end()
  expect(asked).toEqual([`0 ash to try ${MINE}`, '12000 ash to try 8088'])
  expect([told, dropped()]).toEqual([[`0 proven ${MINE} by ash`, '12000 unknown', `12000 proven ${OTHER} by ash`], 1])
})

test('whose address is gone asks five at once, others beside those who do not answer soon, sixteen in all, and first whom a connection stands to', async () => {
  let isSilent = false
  const warm = ['more20', 'more21', 'more22']
  const { clock, prove, move, asked, end } = start({ warm, answer: () => (isSilent ? new Promise(() => {}) : REACHED) })
  for (let i = 0; i < 40; i++) prove(signedBy(`more${i}`, `192.0.2.${50 + i}:8088`))
  await clock.advance(10_500)
  isSilent = true
  const before = asked.length
  move('192.0.2.2')
  await clock.advance(20_000)
  end()
  const later = asked.slice(before).map((line) => line.split(' '))
  const [[startMs] = []] = later
  const afterMs = later.map(([atMs]) => Number(atMs) - Number(startMs))
  expect([afterMs, new Set(later.map(([, name]) => name)).size]).toEqual([[...at(5, 0), ...at(5, 250), ...at(5, 500), 750], 16])
  expect(later.slice(0, 3).map(([, name]) => name)).toEqual(expect.arrayContaining(warm))
})

test('whose address is gone where nobody can be reached asks no more than six at once after ten seconds', async () => {
  let [isOut, waiting, most] = [false, 0, 0]
  const { clock, prove, move, end } = start({
    answer: async () => {
      if (!isOut) return REACHED
      most = Math.max(most, ++waiting)
      await new Promise<void>((resolve) => clock.setTimeout(resolve, HELLO_TIMEOUT))
      waiting--
      return null
    },
  })
  for (let i = 0; i < 40; i++) prove(signedBy(`more${i}`, `192.0.2.${50 + i}:8088`))
  await clock.advance(10_500)
  isOut = true
  move()
  await clock.advance(10_000)
  const soon = most
  await clock.advance(HELLO_TIMEOUT + 2_000)
  most = 0
  await clock.advance(60_000)
  end()
  expect([soon, most]).toEqual([ASKED_MOST_MOVED, ASKED_MOST])
})

const at = (count: number, ms: number): readonly number[] => Array(count).fill(ms)

test('a further address of this machine ends warm connections, asks again and takes no proof away', async () => {
  const { clock, prove, move, told, dropped, end } = start()
  prove(ash)
  await clock.advance(10_500)
  move('192.0.2.1', '192.0.2.2')
  await clock.advance(5_000)
  end()
  expect([told, dropped()]).toEqual([[`0 proven ${MINE} by ash`, `12000 proven ${MINE} by ash`], 1])
})

test('a P2PRC peer that keeps our row proves the address', () => {
  const { reach, told, end } = start()
  reach.provenAt(OTHER, '192.0.2.7:8088')
  end()
  expect(told).toEqual([`0 proven ${OTHER} by 192.0.2.7:8088`])
})

test.each<[string, string]>([
  ['that is none', 'banana'],
  ['not written as addresses are', `${MINE}/`],
  ['with a port that is not its own', '192.0.2.1:22'],
  ['that it may not contact', '127.0.0.1:8088'],
])('a peer that says it reached it at an address %s has told nothing', (_, address) => {
  const { reach, told, end } = start()
  found(reach, { type: 'reached', address })
  end()
  expect([reach.verdict(), told]).toEqual([{ type: 'unknown' }, []])
})

test('one peer that lies moves nobody: a second opinion is asked for, and the proven address stands', async () => {
  const LIE: DialBack = { type: 'reached', address: OTHER }
  const { reach, clock, told, prove, asked, end } = start({ answer: (name) => (name === 'oak' ? LIE : REACHED) })
  prove(ash)
  prove(elm)
  prove(oak)
  found(reach, REACHED, ash)
  found(reach, REACHED, elm)
  await clock.advance(100)
  for (let i = 0; i < 20; i++) found(reach, LIE, oak)
  await clock.advance(60_000)
  expect(reach.verdict()).toMatchObject({ type: 'proven', address: MINE })
  expect(told.filter((line) => line.includes(OTHER))).toEqual([])
  expect(asked.length).toBeGreaterThan(0)
  end()
})

test('where nothing is known yet and there are others to ask, one peer that lies is not enough', async () => {
  const { reach, clock, told, prove, end } = start({ answer: () => REACHED })
  prove(ash)
  prove(elm)
  found(reach, { type: 'reached', address: OTHER }, oak)
  expect(reach.verdict()).toEqual({ type: 'unknown' })
  await clock.advance(60_000)
  expect(reach.verdict()).toMatchObject({ type: 'proven', address: MINE })
  expect(told.filter((line) => line.includes(OTHER))).toEqual([])
  end()
})

test('two peers that agree move a node to its new address', async () => {
  const { reach, clock, prove, end } = start({ answer: () => ({ type: 'reached', address: OTHER }) })
  prove(ash)
  prove(elm)
  found(reach, REACHED, ash)
  found(reach, REACHED, elm)
  expect(reach.verdict()).toMatchObject({ type: 'proven', address: MINE })
  found(reach, { type: 'reached', address: OTHER }, ash)
  await clock.advance(60_000)
  expect(reach.verdict()).toMatchObject({ type: 'proven', address: OTHER })
  end()
})

test('who gets no second vouch asks six for one without a pause, however many words come', async () => {
  const { reach, clock, own, hear, prove, asked, end } = start({ answer: () => UNTRIED })
  found(reach, REACHED, oak)
  own.announce(MINE, null)
  for (let i = 0; i < 10; i++) prove(signedBy(`peer${i}`, `198.51.100.${i}:8088`))
  for (let seq = 1; seq <= 90; seq++) {
    hear(signedBy('liar', `203.0.113.1:${1_024 + seq}`, { seq }))
    await clock.advance(100)
  }
  end()
  expect([asked.length, new Set(asked.map((line) => line.split(' ')[1])).size]).toEqual([6, 6])
})

test('nobody is asked beside one that is late after the end', async () => {
  const { clock, reach, prove, asked, end } = start({ answer: () => new Promise(() => {}) })
  for (const one of [ash, elm, oak, fir, yew]) prove(one)
  await clock.advance(300)
  const before = asked.length
  end()
  await clock.advance(5_000)
  expect([before > 0, asked.length - before, reach.verdict().type]).toEqual([true, 0, 'unknown'])
})
