import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { candidateOf, candidates, createFindTurnActor } from '../../../src/actors/turn/find-turn-actor.ts'
import type { TurnSource } from '../../../src/answers.ts'
import { recordBurst } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { NO_P2PRC_FIELDS } from '../../../src/p2prc/wire-table.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'
import { fakeStock, frpsAt } from './turns.ts'

const ash = signedBy('ash', '192.0.2.1:8088')
const elm = signedBy('elm', '192.0.2.2:8088')
const FRPS = '192.0.2.9:7000'
const NODES: readonly TurnSource[] = [{ type: 'moonwalk' }]

function start({ turns = NODES }: { readonly turns?: readonly TurnSource[] } = {}) {
  const parts = stateParts()
  const { clock, keeper, own } = parts
  const fake = fakeStock(clock.now)
  const needs = { ...parts, external: fake.external, self: own.id, turns }
  return {
    ...parts,
    fake,
    needs,
    measure: (key: string, rttMs: number): void =>
      void keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs }, wallMs)),
    /** A search; its choice as `1000 elm: …`. */
    search: (barred: readonly string[] = []) => {
      const found: string[] = []
      const actor = createActor(createFindTurnActor(needs), { input: { barred } })
      actor.subscribe(({ output }) => {
        if (output) found.push(`${clock.now()} ${output.turn.name}: ${output.reason}`)
      })
      actor.start()
      return { actor, found }
    },
  }
}

describe('a search', () => {
  test('ends at once where the table has one', async () => {
    const { clock, prove, measure, search } = start()
    prove(ash)
    prove(elm)
    measure('elm', 2)
    const { found } = search()
    await clock.settle()
    expect(found).toEqual(['0 elm: least latency of 2: 2.00 ms; next ash 5.00 ms'])
    expect(clock.timerCount).toEqual(0)
  })

  test('waits for the table to get one', async () => {
    const { clock, prove, hear, search } = start()
    hear(elm)
    const { found } = search()
    await clock.advance(10_000)
    expect(found).toEqual([])
    prove(ash)
    await clock.settle()
    expect(found).toEqual(['10000 ash: the only one: 5.00 ms'])
  })

  test('that is called off leaves no timer and chooses nobody', async () => {
    const { clock, prove, search } = start()
    const { actor, found } = search()
    await clock.advance(5_000)
    actor.stop()
    prove(ash)
    await clock.advance(5_000)
    expect([found, clock.timerCount]).toEqual([[], 0])
  })

  test('leaves nodes of the table alone where the configuration does not name them', async () => {
    const { clock, prove, search } = start({ turns: [] })
    prove(ash)
    const { actor, found } = search()
    await clock.advance(60_000)
    actor.stop()
    expect(found).toEqual([])
  })
})

describe('who failed lately', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['gives way to another', ['ash'], ['0 elm: the only one: 5.00 ms; 1 left out since it failed lately']],
    [
      'once, being the only one, is tried again after 200 ms',
      ['ash', 'elm', 'elm'],
      ['200 ash: least latency of 2: 5.00 ms; next elm 5.00 ms'],
    ],
    [
      'more than once, being the only one, is tried again after 2 s',
      ['ash', 'ash', 'elm', 'elm'],
      ['2000 ash: least latency of 2: 5.00 ms; next elm 5.00 ms'],
    ],
  ])('%s', async (_, barred, expected) => {
    const { clock, prove, search } = start()
    prove(ash)
    prove(elm)
    const { found } = search(barred)
    await clock.advance(10_000)
    expect(found).toEqual(expected)
  })

  test('once, being the only one, is tried again as soon as it answers', async () => {
    const { clock, prove, measure, search } = start()
    prove(ash)
    const { found } = search(['ash'])
    await clock.advance(100)
    measure('ash', 5)
    await clock.settle()
    expect(found).toEqual(['100 ash: the only one: 5.00 ms'])
  })
})

describe('a stock frps', () => {
  const withStock = () => {
    const run = start({ turns: [...NODES, { type: 'frp', address: FRPS, token: '', tls: null, wire: 1 }] })
    run.fake.known = [frpsAt(FRPS, null)]
    run.fake.allAsked = false
    const wait = (ms: number) => new Promise<void>((resolve) => run.clock.setTimeout(resolve, ms))
    return { ...run, wait }
  }

  test('that was never asked is waited for, to be ranked with the nodes', async () => {
    const { clock, fake, prove, search, wait } = withStock()
    prove(ash)
    fake.answer = async () => {
      await wait(20)
      fake.known = [frpsAt(FRPS, 1)]
    }
    const { found } = search()
    await clock.advance(1_000)
    expect([found, fake.asked]).toEqual([[`20 ${FRPS}: least latency of 2: 1.00 ms; next ash 5.00 ms`], ['0 not heard of for Infinity']])
  })

  test('that does not answer is waited for no longer than one nearer than the nearest node would take', async () => {
    const { clock, fake, prove, search, wait } = withStock()
    prove(ash)
    fake.answer = () => wait(60_000)
    const { found } = search()
    await clock.advance(1_000)
    expect(found).toEqual(['130 ash: the only one: 5.00 ms'])
  })

  test('that does not answer is waited for 2.5 s where there is no node', async () => {
    const { clock, fake, prove, search, wait } = withStock()
    fake.answer = () => wait(60_000)
    const { found } = search()
    await clock.advance(100)
    prove(ash)
    await clock.advance(10_000)
    expect(found).toEqual(['2500 ash: the only one: 5.00 ms'])
  })

  test('is asked again every 2 s while there is nobody, and chosen when it answers', async () => {
    const { clock, fake, search } = withStock()
    fake.allAsked = true
    const { found } = search()
    await clock.advance(5_000)
    expect(fake.asked).toEqual([
      '0 not heard of for Infinity',
      '200 not heard of for 100',
      '2000 not heard of for 1000',
      '4000 not heard of for 1000',
    ])
    fake.known = [frpsAt(FRPS, 3)]
    fake.change()
    await clock.settle()
    expect(found).toEqual([`5000 ${FRPS}: the only one: 3.00 ms`])
  })
})

test('candidates are the stock frps of the configuration and the rows of the table, fit or not', () => {
  const { fake, needs, prove, hear } = start()
  fake.known = [frpsAt(FRPS, 3)]
  prove(ash)
  hear(elm)
  expect(candidates(needs).map(({ name, kind, alive }) => `${name} ${kind} ${alive ? 'alive' : 'not proven'}`)).toEqual([
    `${FRPS} frp alive`,
    'ash moonwalk alive',
    'elm moonwalk not proven',
  ])
  expect(candidates({ ...needs, turns: [] }).map(({ name }) => name)).toEqual([FRPS])
})

test.each<[string, Parameters<ReturnType<typeof stateParts>['prove']>[0], string, boolean]>([
  ['a node', ash, 'moonwalk', false],
  ['a node through a TURN', { ...ash, via: 'elm' }, 'moonwalk', true],
  ['a P2PRC node', unsignedRecord('192.0.2.1:8088'), 'p2prc', false],
  ['a P2PRC node that says it is behind NAT', unsignedRecord('192.0.2.1:8088', 'pc', { ...NO_P2PRC_FIELDS, nat: true }), 'p2prc', true],
  [
    'a P2PRC node that is reached through frp',
    unsignedRecord('192.0.2.1:8088', 'pc', { ...NO_P2PRC_FIELDS, escapeImplementation: 'FRP' }),
    'p2prc',
    true,
  ],
])('%s is a candidate of its kind', (_, record, kind, behindNat) => {
  const { prove, keeper } = stateParts()
  prove(record)
  const [row] = keeper.current().rows.values()
  expect(row && candidateOf(row)).toEqual({
    key: record.id ?? record.address,
    id: record.id,
    name: record.name,
    address: '192.0.2.1:8088',
    kind,
    rttMs: 5,
    alive: true,
    offersTurn: true,
    behindNat,
  })
})
