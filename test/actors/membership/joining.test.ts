import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { createJoining } from '../../../src/actors/membership/joining.ts'
import type { Probed } from '../../../src/actors/membership/prober.ts'
import { parseAddress } from '../../../src/domain/address.ts'
import { keepAway, NOT_MEASURED, recordBurst, removeRow, restoreRows } from '../../../src/domain/ip-table.ts'
import { OPEN } from '../../../src/domain/network-kind.ts'
import { type PeerRecord, unsignedRecord } from '../../../src/domain/record.ts'
import { seal } from '../../../src/v2/envelope.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const AT = '192.0.2.1:8088'
const ELSEWHERE = '192.0.2.2:8088'
const NAME = 'ash.example:8088'
const ash = signedBy('ash', AT)

/** Who is at an address: a node with this record, this node itself, another process with its key, a P2PRC node. */
type Resident = PeerRecord | 'itself' | 'twin' | 'p2prc'

interface Setting {
  readonly seeds?: readonly string[]
  /** Rows of the file. */
  readonly file?: readonly PeerRecord[]
  readonly residents?: Readonly<Record<string, Resident>>
  readonly policy?: 'any' | 'lan'
  /** So long a hello takes. */
  readonly helloMs?: number
}

function start({ seeds = [], file = [], residents = {}, policy = 'any', helloMs = 0 }: Setting = {}) {
  const parts = stateParts()
  const { clock, keeper, own, identity } = parts
  const at = new Map(Object.entries(residents))
  const asked: string[] = []
  const facts: string[] = []
  const found: string[] = []
  const probed = new Subject<Probed>()
  const twin = seal(identity, { name: 'me', address: ELSEWHERE, seq: 2 ** 50, via: null, offersTurn: true, left: false })
  const recordAt = (address: string): PeerRecord | null => {
    const resident = at.get(address)
    if (resident === undefined || resident === 'p2prc') return null
    if (resident === 'itself') return signedBy(own.id, address, { envelope: own.envelope() })
    return resident === 'twin' ? signedBy(own.id, ELSEWHERE, { envelope: twin }) : resident
  }
  const joining = createJoining({
    ...parts,
    policy,
    networkKind: OPEN,
    calls: {
      hello: async (address) => {
        asked.push(`${clock.now()} ${address}`)
        if (helloMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, helloMs))
        const record = recordAt(address)
        if (record) return { type: 'met', record, observed: null, dialBack: { type: 'untried' } }
        return at.has(address) ? { type: 'stranger' } : { type: 'failed', reason: 'refused', text: 'connection refused' }
      },
    },
    ipOf: (address) => parseAddress(address)?.host ?? null,
    ownHosts: () => ['192.0.2.9'],
    gossip: {
      exchange: async () => false,
    },
    reach: { ask: () => ({ port: 8_088, advertise: null }), found: ({ record }) => void found.push(record.name) },
    p2prc: {
      join: async (address) => {
        if (at.get(address) !== 'p2prc') return null
        parts.hear(unsignedRecord(address))
        return address
      },
    },
    prober: { probed$: probed },
    firstSeeds: () => seeds,
    restore: () =>
      void keeper.apply((table) =>
        restoreRows(
          table,
          file.map((record) => ({ record, stored: NOT_MEASURED, written: record.address === NAME ? NAME : null })),
        ),
      ),
  })
  const running = joining.facts$.subscribe((fact) => facts.push(`${clock.now()} ${fact.type}`))
  running.add(joining.runs$.subscribe({ error: parts.onBug }))
  joining.start()
  return {
    ...parts,
    joining,
    at,
    asked,
    facts,
    found,
    /** A ping of that row: who is at its address answers, or nobody. */
    ping: async (key: string): Promise<void> => {
      const row = keeper.current().rows.get(key)
      if (!row) throw new Error(`there is no row ${key}`)
      const resident = at.get(row.record.address)
      const id = resident === undefined || resident === 'p2prc' ? null : (recordAt(row.record.address)?.id ?? null)
      const by = id === null ? null : { id, run: resident === 'twin' ? 'another' : own.run }
      const burst = resident ? ({ type: 'answered', rttMs: 5 } as const) : ({ type: 'silent', refused: false, why: 'no answer' } as const)
      if (resident !== 'itself') keeper.apply((table, wallMs) => recordBurst(table, key, burst, wallMs, id))
      probed.next({ row, by })
      await clock.settle()
    },
    rows: (): readonly string[] =>
      [...keeper.current().rows.values()].map(
        ({ key, state, record, written }) =>
          `${key === own.id ? 'me' : key} ${state} at ${record.address}${written ? ` as ${written}` : ''}`,
      ),
    end: (): void => {
      running.unsubscribe()
      joining.stop()
    },
  }
}

describe('there is nobody to ask', () => {
  test.each<[string, Setting]>([
    ['without seeds and rows', {}],
    ['with this node itself as its seed', { seeds: [AT], residents: { [AT]: 'itself' } }],
    ['with this node itself as its seed twice', { seeds: [AT, ELSEWHERE], residents: { [AT]: 'itself', [ELSEWHERE]: 'itself' } }],
  ])('%s', async (_, setting) => {
    const { clock, facts, joining, rows, end } = start(setting)
    await clock.advance(60_000)
    expect([facts, joining.seeds(), rows()]).toEqual([['0 network.empty'], [], []])
    end()
    expect(clock.timerCount).toEqual(0)
  })

  test('is said at once where every seed is an address of this machine, and none is asked', async () => {
    const { facts, joining, asked, clock } = start({ seeds: ['127.0.0.1:8088', '192.0.2.9:8088', '0.0.0.0:8088'] })
    await clock.settle()
    expect([facts, joining.seeds(), asked]).toEqual([['0 network.empty'], [], []])
  })

  test.each<[string, Setting, readonly string[]]>([
    ['while a seed is silent', { seeds: [AT] }, [AT]],
    ['while another seed is silent', { seeds: [AT, ELSEWHERE], residents: { [AT]: 'itself' } }, [ELSEWHERE]],
    ['while a row of the file is silent', { file: [ash] }, []],
    ['where another process with its key answers', { seeds: [AT], residents: { [AT]: 'twin' } }, [AT]],
  ])('is not said %s', async (_, setting, seeds) => {
    const { clock, facts, joining, end } = start(setting)
    await clock.advance(60_000)
    expect([facts, joining.seeds()]).toEqual([[], seeds])
    end()
  })
})

describe('a seed', () => {
  test('that answers is met: the network is found and told, and settled once its row was pinged', async () => {
    const { clock, facts, found, ping, rows, end } = start({ seeds: [AT], residents: { [AT]: ash } })
    await clock.settle()
    expect([new Set(facts), found, rows()]).toEqual([new Set(['0 network.found', '0 network.told']), ['ash'], [`ash alive at ${AT}`]])
    facts.length = 0
    await ping('ash')
    end()
    expect(facts).toEqual(['0 probes.settled'])
  })

  test.each([
    ['still counts after a slow answer', 3_000, ['ash']],
    ['says nothing any more where this process stood still meanwhile', 27_000, []],
  ])('what it has found of the way back %s', async (_, helloMs, expected) => {
    const { clock, found } = start({ seeds: [AT], residents: { [AT]: ash }, helloMs })
    await clock.advance(30_000)
    expect([...new Set(found)]).toEqual(expected)
  })

  test('that is a P2PRC node is met as one', async () => {
    const { facts, clock, found, rows, end } = start({ seeds: [AT], residents: { [AT]: 'p2prc' } })
    await clock.settle()
    end()
    expect([facts, found, rows()]).toEqual([['0 network.found', '0 network.told'], [], [`${AT} unknown at ${AT}`]])
  })

  test('of the configuration does not bring back whom a person removed', async () => {
    const { keeper, clock, rows, end } = start({ seeds: [ELSEWHERE], residents: { [ELSEWHERE]: signedBy('ash', ELSEWHERE, { seq: 2 }) } })
    keeper.apply((table, wallMs) => keepAway(table, 'ash', AT, wallMs))
    await clock.settle()
    end()
    expect([rows(), [...keeper.current().removed]]).toEqual([[], [['ash', AT]]])
  })

  test('brings back whom a person removed, by its address and whatever its id is', async () => {
    const { keeper, joining, at, clock, rows, end } = start()
    keeper.apply((table, wallMs) => keepAway(table, 'ash', AT, wallMs))
    at.set(ELSEWHERE, signedBy('ash', ELSEWHERE, { seq: 2 }))
    joining.addSeed(ELSEWHERE)
    await clock.settle()
    end()
    expect([rows(), [...keeper.current().removed]]).toEqual([[`ash alive at ${ELSEWHERE}`], []])
  })
})

describe('a row of the file', () => {
  test('whose owner comes 8 s later is found then', async () => {
    const { clock, facts, at, ping, rows, end } = start({ file: [ash] })
    await ping('ash')
    await clock.advance(8_000)
    expect([facts, rows()]).toEqual([[], [`ash unknown at ${AT}`]])
    at.set(AT, ash)
    await ping('ash')
    end()
    expect([facts, rows()]).toEqual([['8000 network.found', '8000 network.told', '8000 probes.settled'], [`ash alive at ${AT}`]])
  })

  test('that was not asked yet is waited for, one that was silent is not', async () => {
    const elm = signedBy('elm', ELSEWHERE)
    const { facts, ping, end } = start({ file: [ash, elm], residents: { [AT]: ash } })
    await ping('ash')
    expect(facts).toEqual(['0 network.found', '0 network.told'])
    await ping('elm')
    end()
    expect(facts).toEqual(['0 network.found', '0 network.told', '0 probes.settled'])
  })
})

describe('a row known by its address alone', () => {
  const pc = unsignedRecord(AT)

  test('that is this node is forgotten, and not looked at again when others tell of it', async () => {
    const { hear, ping, rows, asked, end } = start({ file: [pc], residents: { [AT]: 'itself' } })
    await ping(AT)
    hear(pc)
    end()
    expect([rows(), asked]).toEqual([[], []])
  })

  test('that is this node was the last to ask: there is nobody', async () => {
    const { facts, ping, end } = start({ file: [pc], residents: { [AT]: 'itself' } })
    await ping(AT)
    end()
    expect(facts).toEqual(['0 network.empty'])
  })

  test('that is another process with its key is not taken for this node', async () => {
    const { ping, rows, keeper, end } = start({ file: [pc], residents: { [AT]: 'twin' } })
    await ping(AT)
    end()
    expect([rows(), keeper.current().mine.size]).toEqual([[`${AT} alive at ${AT}`], 0])
  })

  test('says who it is once it has answered with an id, and is one row with it', async () => {
    const { ping, rows, asked, end } = start({ file: [pc], residents: { [AT]: ash } })
    await ping(AT)
    expect([asked, rows()]).toEqual([[`0 ${AT}`], [`ash alive at ${AT}`]])
    end()
  })

  test('that answers without one is not asked', async () => {
    const { ping, rows, asked, end } = start({ file: [pc], residents: { [AT]: 'p2prc' } })
    await ping(AT)
    end()
    expect([asked, rows()]).toEqual([[], [`${AT} alive at ${AT}`]])
  })

  test('by a name that a person wrote is the row of the node it leads to, which keeps the name', async () => {
    const { ping, rows, hear, end } = start({ file: [unsignedRecord(NAME)], residents: { [NAME]: ash } })
    hear(ash)
    await ping(NAME)
    end()
    expect(rows()).toEqual([`ash unknown at ${AT} as ${NAME}`])
  })

  test('by a name that a person wrote brings back whom a person removed; one that was told does not', async () => {
    const { keeper, ping, rows, end } = start({ file: [unsignedRecord(NAME)], residents: { [NAME]: ash } })
    keeper.apply((table, wallMs) => keepAway(table, 'ash', AT, wallMs))
    await ping(NAME)
    expect(rows()).toEqual([`ash unknown at ${AT} as ${NAME}`])
    end()
    const other = start({ file: [unsignedRecord(ELSEWHERE)], residents: { [ELSEWHERE]: ash } })
    other.keeper.apply((table, wallMs) => keepAway(table, 'ash', AT, wallMs))
    await other.ping(ELSEWHERE)
    other.end()
    expect(other.rows()).toEqual([`${ELSEWHERE} alive at ${ELSEWHERE}`])
  })
})

describe('who said hello', () => {
  test.each<[string, PeerRecord | null, readonly string[]]>([
    ['is remembered', ash, [`ash unknown at ${AT}`]],
    ['is not, where it was not reached', null, []],
    ['is not, at an address that may not be contacted', signedBy('ash', '127.0.0.1:8088'), []],
  ])('%s', (_, record, expected) => {
    const { joining, rows, end } = start({ policy: 'lan' })
    joining.greeted(record, '192.0.2.1', false)
    end()
    expect(rows()).toEqual(expected)
  })

  test.each([
    ['was reached is taken in, though others at its IP address have filled their share', true, 65],
    ['was not is one too many there', false, 64],
  ])('and %s', (_, isReached, count) => {
    const { joining, keeper, end } = start()
    for (let i = 0; i < 64; i++) joining.greeted(signedBy(`eve${i}`, `192.0.2.${100 + i}:8088`), '192.0.2.1', false)
    joining.greeted(ash, '192.0.2.1', isReached)
    end()
    expect(keeper.current().rows.size).toEqual(count)
  })

  test('counts for itself, though it was removed lately', () => {
    const { joining, prove, keeper, rows, end } = start()
    prove(ash)
    keeper.apply((table, wallMs) => removeRow(table, 'ash', 'no answer', wallMs))
    joining.greeted(ash, '192.0.2.1', false)
    end()
    expect(rows()).toEqual([`ash unknown at ${AT}`])
  })
})

describe('who was lost', () => {
  const lose = ({ prove, keeper }: ReturnType<typeof start>): void => {
    prove(ash)
    keeper.apply((table, wallMs) => removeRow(table, 'ash', 'no answer', wallMs))
  }
  test('is visited again until it is back', async () => {
    const run = start()
    lose(run)
    await run.clock.advance(60_000)
    const before = run.asked.length
    run.at.set(AT, ash)
    await run.clock.advance(30_000)
    await run.ping('ash')
    const after = run.asked.length
    await run.clock.advance(600_000)
    run.end()
    expect([before > 2, after - before, run.asked.length - after, run.rows(), run.clock.timerCount]).toEqual([
      true,
      1,
      0,
      [`ash alive at ${AT}`],
      0,
    ])
  })

  test('and is to stay away is not visited', async () => {
    const run = start()
    lose(run)
    run.joining.forget('ash', AT)
    await run.clock.advance(600_000)
    run.end()
    expect(run.asked).toEqual([])
  })
})
