import { describe, expect, test } from 'vitest'
import { createGossip, type Gossip } from '../../../src/actors/membership/gossip.ts'
import { type AddressPolicy, parseAddress } from '../../../src/domain/address.ts'
import { merge, putOwn, recordBurst } from '../../../src/domain/ip-table.ts'
import { OPEN } from '../../../src/domain/network-kind.ts'
import { type PeerRecord, unsignedRecord } from '../../../src/domain/record.ts'
import type { Identity } from '../../../src/ports.ts'
import { recordOf, seal } from '../../../src/v2/envelope.ts'
import { type GossipMessage, MAX_GOSSIP_BYTES } from '../../../src/v2/messages.ts'
import { SeededRandom, seedFor } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'
import { stateParts } from '../state-parts.ts'

const SILENCE = { type: 'failed', reason: 'timeout', text: 'it did not answer in time' } as const
const hostOf = (address: string): string | null => parseAddress(address)?.host ?? null
const addressOf = (i: number): string => `10.1.${i >> 8}.${i & 255}:8088`

/** What an owner says of itself, as a record. */
function word(owner: Identity, address: string, seq = 1, left = false): PeerRecord {
  const said = { name: owner.id.slice(0, 6), address, seq, via: null, offersTurn: true, left }
  const record = recordOf({ id: owner.id, ...said }, seal(owner, said), null)
  if (!record) throw new Error('it has an address')
  return record
}

/** Nodes that can reach one another, and what they asked of whom. */
class Net {
  readonly clock = new VirtualClock()
  readonly asked: string[] = []
  /** Of the longest message that was said. */
  bytes = 0
  /** What is said to be lost on the way back. */
  losesAnswers = false
  readonly #nodes = new Map<string, Gossip>()

  node(name: string, address: string, identity: Identity = newIdentity(), policy: AddressPolicy = 'any') {
    const parts = stateParts({ clock: this.clock, random: new SeededRandom(seedFor(1, `${name} ${this.#nodes.size}`)), identity })
    const { keeper, own } = parts
    const gossip = createGossip({
      ...parts,
      policy,
      ipOf: hostOf,
      ownHosts: () => [hostOf(address) ?? ''],
      networkKind: OPEN,
      calls: {
        gossip: async (to, message) => {
          const rows = message.records.length + message.unsigned.length
          this.asked.push(`${this.clock.now()} ${name} > ${to}: ${rows} rows${message.doubts.length > 0 ? ', a doubt' : ''}`)
          this.bytes = Math.max(this.bytes, Buffer.byteLength(JSON.stringify(message)))
          const reply = await this.#nodes.get(to)?.answer(JSON.parse(JSON.stringify(message)), null, hostOf(address))
          return reply && !this.losesAnswers ? JSON.parse(JSON.stringify(reply)) : SILENCE
        },
      },
    })
    this.#nodes.set(address, gossip)
    own.announce(address, null)
    const record = own.record()
    if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    const running = gossip.runs$.subscribe({ error: parts.onBug })
    const proveAll = (): void => {
      for (const { key, state } of keeper.current().rows.values())
        if (state === 'unknown') keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs: 5 }, wallMs))
    }
    return {
      ...parts,
      name,
      address,
      gossip,
      running,
      record: (): PeerRecord => own.record() ?? unsignedRecord(address),
      /** As its prober would. */
      proveAll,
      /** Known and proven at once. */
      learn: (records: readonly PeerRecord[]): void => {
        keeper.apply((table, wallMs) => merge(table, records, wallMs))
        proveAll()
      },
      size: (): number => keeper.current().rows.size,
      states: (): readonly string[] => [...keeper.current().rows.values()].map(({ key, state }) => `${key} ${state}`).sort(),
    }
  }
}

function pair() {
  const net = new Net()
  return { net, clock: net.clock, ash: net.node('ash', '192.0.2.1:8088'), elm: net.node('elm', '192.0.2.2:8088') }
}

describe('one exchange', () => {
  test('tells both what the other does not know; what was told is to be proven', async () => {
    const { ash, elm } = pair()
    const [oak, fir] = [newIdentity(), newIdentity()]
    ash.learn([word(oak, addressOf(1))])
    elm.learn([word(fir, addressOf(2))])
    expect(await ash.gossip.exchange(elm.address, elm.own.id)).toEqual(true)
    const heard = [`${ash.own.id} unknown`, `${elm.own.id} alive`, `${fir.id} alive`, `${oak.id} unknown`].sort()
    expect(elm.states()).toEqual(heard)
    expect(ash.states()).toEqual([`${ash.own.id} alive`, `${elm.own.id} unknown`, `${fir.id} unknown`, `${oak.id} alive`].sort())
  })

  test('carries nothing that was told already, neither there nor back', async () => {
    const { net, ash, elm } = pair()
    ash.learn([word(newIdentity(), addressOf(1))])
    await ash.gossip.exchange(elm.address, elm.own.id)
    await elm.gossip.exchange(ash.address, ash.own.id)
    await ash.gossip.exchange(elm.address, elm.own.id)
    expect(net.asked.map((line) => line.split(': ')[1])).toEqual(['2 rows', '0 rows', '0 rows'])
  })

  test('of which the answer is lost is told again', async () => {
    const { net, ash, elm } = pair()
    ash.learn([word(newIdentity(), addressOf(1))])
    net.losesAnswers = true
    expect(await ash.gossip.exchange(elm.address, elm.own.id)).toEqual(false)
    net.losesAnswers = false
    await ash.gossip.exchange(elm.address, elm.own.id)
    expect(net.asked.map((line) => line.split(': ')[1])).toEqual(['2 rows', '2 rows'])
  })

  test('with nobody answers that nobody was there', async () => {
    const { ash } = pair()
    expect(await ash.gossip.exchange('192.0.2.9:1', null)).toEqual(false)
  })

  test('passes on only what this node has proven itself', async () => {
    const { ash, elm } = pair()
    ash.hear(word(newIdentity(), addressOf(1)))
    ash.hear(unsignedRecord(addressOf(2)))
    await ash.gossip.exchange(elm.address, elm.own.id)
    expect(elm.states()).toEqual([`${ash.own.id} unknown`, `${elm.own.id} alive`].sort())
  })

  test('brings rows that nobody signs by their addresses, but not this node itself and none that may not be contacted', async () => {
    const { ash, elm } = pair()
    ash.learn([unsignedRecord(addressOf(1), 'pc'), unsignedRecord(elm.address, 'elm?'), unsignedRecord('0.0.0.1:1', 'nowhere')])
    await ash.gossip.exchange(elm.address, elm.own.id)
    expect(elm.states()).toEqual([`${addressOf(1)} unknown`, `${ash.own.id} unknown`, `${elm.own.id} alive`].sort())
  })
})

test('who has no room for all it is told is told the rest again, fewer at a time: of two nodes that meet the second knows all of 300 rows in the end', async () => {
  const { net, clock, ash, elm } = pair()
  ash.running.unsubscribe()
  elm.running.unsubscribe()
  ash.learn(Array.from({ length: 300 }, (_, i) => word(newIdentity(), addressOf(i))))
  const sizes: number[] = []
  for (let meeting = 0; meeting < 6; meeting++) {
    await clock.until(elm.gossip.exchange(ash.address, ash.own.id))
    elm.proveAll()
    sizes.push(elm.size())
    await clock.advance(2_000)
  }
  expect([sizes, net.asked.map((line) => line.split(': ')[1])]).toMatchInlineSnapshot(`
    [
      [
        65,
        65,
        129,
        193,
        257,
        302,
      ],
      [
        "1 rows",
        "63 rows",
        "0 rows",
        "64 rows",
        "192 rows",
        "64 rows",
      ],
    ]
  `)
})

test('of two nodes the second knows all of 1,200 rows in the end where it proves each at once', async () => {
  const { clock, ash, elm } = pair()
  ash.running.unsubscribe()
  elm.running.unsubscribe()
  for (const half of [0, 600]) ash.learn(Array.from({ length: 600 }, (_, i) => word(newIdentity(), addressOf(half + i))))
  let meetings = 0
  while (elm.size() < 1_202 && meetings < 60) {
    await clock.until(elm.gossip.exchange(ash.address, ash.own.id))
    elm.proveAll()
    meetings++
    await clock.advance(2_000)
  }
  expect([elm.size(), meetings]).toEqual([1_202, 20])
})

test('who can prove none of what one node tells of takes 64 rows of it', async () => {
  const { clock, ash, elm } = pair()
  ash.running.unsubscribe()
  elm.running.unsubscribe()
  ash.learn(Array.from({ length: 1_200 }, (_, i) => unsignedRecord(addressOf(i))))
  const sizes: number[] = []
  for (let meeting = 0; meeting < 4; meeting++) {
    await ash.gossip.exchange(elm.address, elm.own.id)
    sizes.push(elm.size())
    await clock.advance(6_000)
  }
  expect(sizes).toEqual([65, 65, 65, 65])
})

test('tables that still differ once all was told are told in full again, every 5 s at the most', async () => {
  const { net, clock, ash, elm } = pair()
  ash.running.unsubscribe()
  elm.running.unsubscribe()
  ash.learn([unsignedRecord(addressOf(1))])
  // Elm can prove none of it, so the tables differ for good.
  for (let meeting = 0; meeting < 9; meeting++) {
    await ash.gossip.exchange(elm.address, elm.own.id)
    await clock.advance(2_000)
  }
  const told = net.asked.map((line) => `${line.split(' ')[0]} ${line.split(': ')[1]}`)
  expect(told).toMatchInlineSnapshot(`
    [
      "0 2 rows",
      "2000 0 rows",
      "4000 0 rows",
      "6000 0 rows",
      "8000 2 rows",
      "10000 0 rows",
      "12000 0 rows",
      "14000 2 rows",
      "16000 0 rows",
    ]
  `)
})

test('who has started anew is told everything again', async () => {
  const { net, ash, elm } = pair()
  ash.learn([word(newIdentity(), addressOf(1)), elm.record()])
  await elm.gossip.exchange(ash.address, null)
  expect(elm.size()).toEqual(3)
  const again = net.node('elm', elm.address, elm.identity)
  await ash.gossip.exchange(elm.address, elm.own.id)
  expect(again.size()).toEqual(2)
  await ash.gossip.exchange(elm.address, elm.own.id)
  expect(again.size()).toEqual(3)
})

test('of more than 4,096 peers the one not met for the longest is told everything again', async () => {
  const { ash } = pair()
  const meet = async (id: Identity): Promise<number | undefined> => {
    const from = word(id, '192.0.2.7:1').envelope ?? ''
    const answer = await ash.gossip.answer({ from, run: 'r', digest: '', records: [], unsigned: [], doubts: [] }, null, '192.0.2.7')
    return answer?.unsigned.length
  }
  ash.learn([unsignedRecord(addressOf(1))])
  const [first, second] = [newIdentity(), newIdentity()]
  const told: (number | undefined)[] = []
  for (const id of [first, second, first, second, first]) told.push(await meet(id))
  expect(told).toEqual([1, 1, 0, 0, 0])
  for (let i = 0; i < 4_095; i++) await meet(newIdentity())
  expect([await meet(first), await meet(second)]).toEqual([0, 1])
})

describe('what is news', () => {
  test('is pushed once it is 15 ms old, to four peers that do not know it', async () => {
    const net = new Net()
    const ash = net.node('ash', '192.0.2.1:8088')
    const others = ['b', 'c', 'd', 'e', 'f', 'g'].map((name, i) => net.node(name, `192.0.2.${i + 2}:8088`))
    for (const { running } of [ash, ...others]) running.unsubscribe()
    ash.learn(others.map((other) => other.record()))
    for (const other of others) await ash.gossip.exchange(other.address, other.own.id)
    net.asked.length = 0
    const running = ash.gossip.runs$.subscribe()
    ash.learn([unsignedRecord(addressOf(1))])
    await net.clock.advance(10)
    ash.learn([unsignedRecord(addressOf(2))])
    await net.clock.advance(1_000)
    running.unsubscribe()
    expect(net.asked.map((line) => line.replace(/ > .*: /, ': '))).toEqual(Array(4).fill('25 ash: 2 rows'))
    expect(new Set(net.asked).size).toEqual(4)
  })

  test('with one peer, about every 2 s, heals what pushes missed', async () => {
    const { net, clock, ash, elm } = pair()
    ash.learn([elm.record()])
    elm.learn([ash.record()])
    await clock.advance(100)
    elm.running.unsubscribe()
    net.asked.length = 0
    await clock.advance(60_000)
    const lines = net.asked.map((line) => line.replace(/^\S+ /, ''))
    expect([new Set(lines), lines.length]).toEqual([new Set([`ash > ${elm.address}: 0 rows`]), 30])
  })

  test('a farewell is taken at its word', async () => {
    const { ash, elm } = pair()
    ash.learn([elm.record()])
    elm.learn([ash.record()])
    await ash.gossip.spread({ records: [ash.own.farewell()] }, 8)
    expect(elm.states()).toEqual([`${elm.own.id} alive`])
  })
})

test('what a peer says of silent rows is told with who said it', async () => {
  const { ash, elm } = pair()
  const heard: unknown[] = []
  elm.gossip.suspicions$.subscribe((one) => heard.push(one))
  ash.learn([elm.record()])
  const doubts = [{ id: 'f'.repeat(32), seq: 1 }]
  await ash.gossip.spread({ doubts }, 1)
  await ash.gossip.spread({}, 1)
  expect(heard).toEqual([{ from: ash.own.id, doubts, deaths: [] }])
})

describe("words with this node's own id", () => {
  const message = (from: string, ...records: readonly string[]): GossipMessage => ({
    from,
    run: 'r',
    digest: '',
    records,
    unsigned: [],
    doubts: [],
  })

  test('are told, whoever brings them, and are no rows', async () => {
    const { ash, elm } = pair()
    const words: unknown[] = []
    ash.gossip.ownWords$.subscribe(({ word: { seq, address }, envelope }) => words.push([seq, address, envelope]))
    const other = word(ash.identity, addressOf(1), 2 ** 50)
    const before = ash.states()
    await ash.gossip.answer(message(elm.own.envelope(), other.envelope ?? ''), null, null)
    const answer = await ash.gossip.answer(message(other.envelope ?? ''), null, null)
    expect([words, answer]).toEqual([Array(2).fill([2 ** 50, addressOf(1), other.envelope]), null])
    expect(ash.states()).toEqual([...before, `${elm.own.id} unknown`].sort())
  })

  test('that are forged are not', async () => {
    const { ash, elm } = pair()
    const words: unknown[] = []
    ash.gossip.ownWords$.subscribe((one) => words.push(one))
    const forged = (ash.own.envelope() ?? '').replace('192.0.2.1', '192.0.2.9')
    expect(await ash.gossip.answer(message(forged), null, null)).toEqual(null)
    await ash.gossip.answer(message(elm.own.envelope(), forged), null, null)
    expect(words).toEqual([])
  })
})

test('ended, it leaves no timer', async () => {
  const { clock, ash, elm } = pair()
  ash.learn([elm.record()])
  ash.running.unsubscribe()
  elm.running.unsubscribe()
  expect(clock.timerCount).toEqual(0)
})

test('records that are as long as may be make more pages, and none that is refused for its size', async () => {
  const { net, clock, ash, elm } = pair()
  const via = `frp://${`${'v'.repeat(60)}.`.repeat(4)}example:7000`
  const long = Array.from({ length: 480 }, (_, i) => {
    const owner = newIdentity()
    const said = { name: '\u{1f332}'.repeat(64), address: addressOf(i), seq: 1, via, offersTurn: true, left: false }
    return { ...word(owner, addressOf(i)), envelope: seal(owner, said) }
  })
  expect(Buffer.byteLength(long[0]?.envelope ?? '')).toBeGreaterThan(800)
  ash.learn(long)
  for (let page = 0; page < 40; page++) {
    await clock.until(ash.gossip.exchange(elm.address, elm.own.id))
    elm.proveAll()
  }
  expect([elm.size(), net.bytes < MAX_GOSSIP_BYTES]).toEqual([482, true])
})

test("whose owner's clock was set back is told its own later word, to count on from there", async () => {
  const net = new Net()
  const ash = net.node('ash', '192.0.2.1:1')
  const elm = net.node('elm', '192.0.2.2:1')
  const said = elm.own.envelope()
  elm.own.outrun(elm.own.seq() + 3_600_000)
  ash.learn([elm.record()])
  const answer = await ash.gossip.answer({ from: said, run: 'r', digest: '', records: [], unsigned: [], doubts: [] }, null, null)
  expect(answer?.records[0]).toEqual(elm.own.envelope())
})

test('with private addresses a node behind a TURN is taken in at that TURN, where this node has reached it, and nowhere else', async () => {
  const net = new Net()
  const [turn, hidden] = [newIdentity(), newIdentity()]
  const me = net.node('me', '192.168.1.9:8088', newIdentity(), 'lan')
  me.learn([word(turn, '10.7.7.7:8088')])
  const behind = (address: string, via: string, seq: number): string =>
    seal(hidden, { name: 'hidden', address, seq, via, offersTurn: false, left: false })
  const hears = async (envelope: string): Promise<string | undefined> => {
    const from = seal(hidden, { name: 'hidden', address: null, seq: 1, via: null, offersTurn: false, left: false })
    await me.gossip.answer({ from, run: 'r', digest: '', records: [envelope], unsigned: [], doubts: [] }, null, '10.8.8.8')
    return me.keeper.current().rows.get(hidden.id)?.record.address
  }
  expect(await hears(behind('10.7.7.6:20001', turn.id, 2))).toEqual(undefined)
  expect(await hears(behind('10.7.7.7:20001', newIdentity().id, 3))).toEqual(undefined)
  expect(await hears(behind('10.7.7.7:20001', turn.id, 4))).toEqual('10.7.7.7:20001')
})
