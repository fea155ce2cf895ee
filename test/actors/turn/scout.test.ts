import { describe, expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { createScout } from '../../../src/actors/turn/scout.ts'
import { createTurnWish } from '../../../src/actors/turn/turn-wish.ts'
import type { TurnSource } from '../../../src/answers.ts'
import { recordBurst } from '../../../src/domain/ip-table.ts'
import { BY_LATENCY } from '../../../src/domain/turn-choice.ts'
import type { HeldTurn } from '../../../src/domain/turn-plan.ts'
import type { ScoutFact, ScoutNews } from '../../../src/machines/node-machine.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'
import { fakeStock, frpsAt } from './turns.ts'

const ash = signedBy('ash', '192.0.2.1:8088')
const elm = signedBy('elm', '192.0.3.2:8088')
const oak = signedBy('oak', '192.0.4.3:8088')
const FRPS = '192.0.5.9:7000'
const NODES: readonly TurnSource[] = [{ type: 'moonwalk' }]

/** A scout and a node that does as it says: what is found is opening, until the test has it open, fail or go. */
function start({ turns = NODES, tunnels = 2 }: { readonly turns?: readonly TurnSource[]; readonly tunnels?: number } = {}) {
  const parts = stateParts()
  const { clock, keeper, own } = parts
  const fake = fakeStock(clock.now)
  const told: string[] = []
  let held: readonly HeldTurn[] = []
  const wish = createTurnWish(BY_LATENCY)
  const scout = createScout({ ...parts, external: fake.external, self: own.id, turns, tunnels, wish })
  const actor = createActor(
    setup({ types: { events: {} as ScoutFact | { type: 'say'; news: ScoutNews } }, actors: { scout } }).createMachine({
      invoke: { id: 'scout', src: 'scout' },
      on: {
        say: { actions: ({ event, self }) => self.getSnapshot().children.scout?.send(event.news) },
        'turn.found': {
          actions: ({ event: { choice, replaces, isFirst } }) => {
            const { key, name } = choice.turn
            told.push(`${clock.now()} ${name}${replaces === null ? '' : ` for ${replaces}`}${isFirst ? ', first' : ''}: ${choice.reason}`)
            put([...held, { key, state: 'opening', replaces }])
          },
        },
        'turn.first': { actions: ({ event }) => void told.push(`${clock.now()} ${event.turn} first`) },
        'turn.retire': { actions: ({ event }) => void told.push(`${clock.now()} ${event.turn} retires`) },
      },
    }),
  )
  const say = (news: ScoutNews): void => actor.send({ type: 'say', news })
  let isWanted = false
  const put = (next: readonly HeldTurn[]): void => {
    held = next
    say({ type: 'turns.held', isWanted, held })
  }
  actor.start()
  return {
    ...parts,
    actor,
    fake,
    told,
    pin: wish.pin,
    measure: (key: string, rttMs: number): void =>
      void keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs }, wallMs)),
    want: (wanted = true): void => {
      isWanted = wanted
      put(wanted ? held : [])
    },
    open: (key: string): void => put(held.map((one) => (one.key === key ? { ...one, state: 'open', replaces: null } : one))),
    fail: (key: string): void => {
      say({ type: 'turn.failed', turn: key })
      put(held.filter((one) => one.key !== key))
    },
  }
}

describe('the scout', () => {
  test('finds the nearest at once where the table has one, and a second once it is open', async () => {
    const { clock, prove, measure, want, open, told } = start()
    for (const one of [ash, elm, oak]) prove(one)
    measure('ash', 50)
    measure('oak', 90)
    want()
    await clock.advance(0)
    await clock.advance(20)
    open('elm')
    await clock.advance(0)
    expect(told).toEqual([
      '0 elm: least latency of 3: 5.00 ms; next ash 50.0 ms',
      '20 ash: least latency of 2 others: 50.0 ms; next oak 90.0 ms',
    ])
  })

  test('finds a second after a second of the first’s silence', async () => {
    const { clock, prove, measure, want, told } = start()
    for (const one of [ash, elm]) prove(one)
    measure('ash', 50)
    want()
    await clock.advance(5_000)
    expect(told).toEqual(['0 elm: least latency of 2: 5.00 ms; next ash 50.0 ms', '1000 ash: the only other one: 50.0 ms'])
  })

  test('waits for the table to get one', async () => {
    const { clock, prove, hear, want, told } = start()
    hear(elm)
    want()
    await clock.advance(10_000)
    expect(told).toEqual([])
    prove(ash)
    await clock.advance(0)
    expect(told).toEqual(['10000 ash: the only one: 5.00 ms'])
  })

  test('leaves no timer and finds nobody once it is not wanted', async () => {
    const { clock, prove, want, told } = start()
    want()
    await clock.advance(5_000)
    want(false)
    prove(ash)
    await clock.advance(5_000)
    expect([told, clock.timerCount]).toEqual([[], 0])
  })

  test('moves at once to whom a person pins, and has it be the first once it is open', async () => {
    const { clock, prove, measure, want, open, pin, told } = start()
    for (const one of [ash, elm, oak]) prove(one)
    measure('ash', 50)
    measure('oak', 90)
    want()
    await clock.advance(20)
    open('elm')
    await clock.advance(20)
    open('ash')
    await clock.advance(10_000)
    pin(['oak'])
    await clock.advance(40)
    open('oak')
    await clock.advance(0)
    expect(told.slice(2)).toEqual(['10040 oak for elm: pinned by a person: 90.0 ms', '10080 oak first'])
  })

  test('leaves nodes of the table alone where the configuration does not name them', async () => {
    const { clock, prove, want, told } = start({ turns: [] })
    prove(ash)
    want()
    await clock.advance(60_000)
    expect(told).toEqual([])
  })
})

describe('who failed', () => {
  test('once, being the only one, is tried again half a second after it was begun, and then less and less often', async () => {
    const { clock, prove, want, fail, told } = start()
    prove(ash)
    want()
    for (let times = 0; times < 6; times++) {
      const before = told.length
      while (told.length === before) await clock.advance(100)
      fail('ash')
    }
    const atMs = told.map((line) => Number(line.split(' ')[0]))
    const waits = atMs.slice(1).map((ms, i) => ms - (atMs[i] ?? 0))
    expect(waits[0]).toEqual(500)
    expect(waits.slice(1).map((ms, i) => ms >= 500 * 2 ** i && ms <= 2_100 * 2 ** i)).toEqual([true, true, true, true])
  })

  test('and answers again after a silence is tried at once', async () => {
    const { clock, prove, want, fail, keeper, told, measure } = start()
    prove(ash)
    want()
    await clock.advance(0)
    for (let times = 0; times < 6; times++) {
      fail('ash')
      await clock.advance(20_000)
    }
    keeper.apply((table, wallMs) => recordBurst(table, 'ash', { type: 'silent', refused: false, why: 'no answer' }, wallMs))
    fail('ash')
    await clock.advance(1_000)
    const before = told.length
    measure('ash', 5)
    await clock.advance(0)
    expect(told.slice(before)).toEqual([`${clock.now()} ash: the only one: 5.00 ms`])
  })

  test('gives way to another', async () => {
    const { clock, prove, want, fail, told, measure } = start()
    for (const one of [ash, elm]) prove(one)
    measure('elm', 50)
    want()
    await clock.advance(0)
    fail('ash')
    await clock.advance(0)
    expect(told.at(-1)).toEqual('0 elm: the only one: 50.0 ms; 1 left out since it failed lately')
  })
})

describe('a better TURN', () => {
  const held = async (inUse = 40) => {
    const run = start({ tunnels: 1 })
    const { clock, prove, measure, want, open } = run
    prove(ash)
    measure('ash', inUse)
    measure('ash', inUse)
    want()
    await clock.advance(0)
    open('ash')
    await clock.advance(0)
    prove(elm)
    run.told.length = 0
    return run
  }

  test('is moved to at the second look', async () => {
    const { clock, told } = await held()
    await clock.advance(11_000)
    expect(told).toEqual([])
    await clock.advance(15_000)
    expect(told.map((line) => line.replace(/^\d+\.?\d* /, ''))).toEqual([
      'elm for ash, first: least latency of 2: 5.00 ms; next ash 40.0 ms',
    ])
  })

  test('is no reason to move where it is not much nearer', async () => {
    const { clock, told } = await held(14)
    await clock.advance(60_000)
    expect(told).toEqual([])
  })
})

describe('a stock frps', () => {
  const withStock = () => {
    const run = start({ turns: [...NODES, { type: 'frp', address: FRPS, token: '', tls: null, wire: 1 }], tunnels: 1 })
    run.fake.known = [frpsAt(FRPS, null)]
    run.fake.allAsked = false
    const wait = (ms: number) => new Promise<void>((resolve) => run.clock.setTimeout(resolve, ms))
    return { ...run, wait }
  }

  test('that was never asked is waited for, to be ranked with the nodes', async () => {
    const { clock, fake, prove, measure, want, told, wait } = withStock()
    prove(ash)
    measure('ash', 50)
    measure('ash', 50)
    fake.answer = async () => {
      await wait(20)
      fake.known = [frpsAt(FRPS, 1)]
    }
    want()
    await clock.advance(100)
    expect([told, fake.asked]).toEqual([[`20 ${FRPS}: least latency of 2: 1.00 ms; next ash 50.0 ms`], ['0 not heard of for Infinity']])
  })

  test('that does not answer is waited for no longer than one nearer than the nearest node would take', async () => {
    const { clock, fake, prove, want, told, wait } = withStock()
    prove(ash)
    fake.answer = () => wait(60_000)
    want()
    await clock.advance(1_000)
    expect(told).toEqual(['130 ash: the only one: 5.00 ms'])
  })

  test('that does not answer is waited for 2.5 s where there is no node', async () => {
    const { clock, fake, prove, want, told, wait } = withStock()
    fake.answer = () => wait(60_000)
    want()
    await clock.advance(100)
    prove(ash)
    await clock.advance(10_000)
    expect(told).toEqual(['2500 ash: the only one: 5.00 ms'])
  })

  test('is asked again every 2 s while there is nobody, and chosen when it answers', async () => {
    const { clock, fake, want, told } = withStock()
    fake.allAsked = true
    want()
    await clock.advance(5_000)
    expect(fake.asked.slice(0, 2)).toEqual(['200 not heard of for 100', '2000 not heard of for 1000'])
    fake.known = [frpsAt(FRPS, 3)]
    fake.change()
    await clock.advance(0)
    expect(told).toEqual([`5000 ${FRPS}: the only one: 3.00 ms`])
  })

  test('is asked every minute while it is not in use', async () => {
    const { clock, fake, prove, want, open } = withStock()
    fake.allAsked = true
    prove(ash)
    want()
    await clock.advance(0)
    open('ash')
    await clock.advance(30_000)
    expect(new Set(fake.asked.map((line) => line.replace(/^\d+\.?\d* /, '')))).toEqual(new Set(['not heard of for 60000 but ash']))
  })
})
