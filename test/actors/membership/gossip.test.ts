import { describe, expect, test } from 'vitest'
import { createGossip, type Gossip } from '../../../src/actors/membership/gossip.ts'
import { type AddressPolicy, parseAddress } from '../../../src/domain/address.ts'
import { merge, putOwn, recordBurst, recordVouched } from '../../../src/domain/ip-table.ts'
import { OPEN } from '../../../src/domain/network-kind.ts'
import { type PeerRecord, unsignedRecord } from '../../../src/domain/record.ts'
import { GOSSIP_LATE } from '../../../src/domain/timings.ts'
import type { Identity } from '../../../src/ports.ts'
import { recordOf, seal } from '../../../src/v2/envelope.ts'
import { type GossipMessage, gossipJson, MAX_GOSSIP_BYTES, readGossip } from '../../../src/v2/messages.ts'
import { SeededRandom, seedFor } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'
import { stateParts } from '../state-parts.ts'

const SILENCE = { type: 'failed', reason: 'timeout', text: 'it did not answer in time' } as const
/** What a message says that says nothing. */
const EMPTY: GossipMessage = {
  ...{ seq: 1, knows: null, from: null, digest: null },
  ...{ ranges: [], lists: [], offers: [], wants: [], records: [], unsigned: [], doubts: [], deaths: [] },
}
/** On its way to somebody else. */
const sent = (message: GossipMessage): GossipMessage => readGossip(Buffer.from(JSON.stringify(gossipJson(message)))) ?? EMPTY
const hostOf = (address: string): string | null => parseAddress(address)?.host ?? null
const addressOf = (i: number): string => `10.1.${i >> 8}.${i & 255}:8088`

/** What an owner says of itself, as a record. */
function word(owner: Identity, address: string, seq = 1, left = false): PeerRecord {
  const said = { name: owner.id.slice(0, 6), address, seq, via: null, offersTurn: true, left }
  const record = recordOf({ id: owner.id, ...said }, seal(owner, said), null)
  if (!record) throw new Error('it has an address')
  return record
}

/** What a message says, in a few words. */
function sketch({ from, digest, ranges, lists, offers, wants, records, unsigned, doubts }: GossipMessage): string {
  const listed = lists.reduce((sum, { words }) => sum + words.length, 0)
  const parts = [
    from === null ? '' : 'its word',
    digest === null ? '' : 'digest',
    ranges.length === 0 ? '' : `${ranges.length} ranges`,
    lists.length === 0 ? '' : `lists of ${listed}`,
    offers.length === 0 ? '' : `offers ${offers.length}`,
    wants.length === 0 ? '' : `wants ${wants.length}`,
    records.length + unsigned.length === 0 ? '' : `${records.length + unsigned.length} rows`,
    doubts.length === 0 ? '' : 'a doubt',
  ]
  return parts.filter(Boolean).join(', ')
}

/** Nodes that can reach one another, and what they asked of whom. */
class Net {
  readonly clock = new VirtualClock()
  readonly asked: string[] = []
  readonly answered: string[] = []
  /** Of the longest message that was said. */
  bytes = 0
  /** What is said to be lost on the way back. */
  losesAnswers = false
  /** How long each answer takes. */
  answerMs = 0
  readonly #nodes = new Map<string, { readonly gossip: Gossip; readonly id: string }>()

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
        isWarm: () => false,
        gossip: async (to, message) => {
          this.asked.push(`${this.clock.now()} ${name} > ${to}: ${sketch(message)}`)
          this.bytes = Math.max(this.bytes, Buffer.byteLength(JSON.stringify(gossipJson(message))))
          const other = this.#nodes.get(to)
          if (this.answerMs > 0) await new Promise<void>((resolve) => this.clock.setTimeout(resolve, this.answerMs))
          const reply = await other?.gossip.answer(sent(message), identity.id, hostOf(address))
          if (!other || !reply || this.losesAnswers) return SILENCE
          this.answered.push(sketch(reply))
          return { type: 'gossip', by: other.id, message: sent(reply) }
        },
      },
    })
    this.#nodes.set(address, { gossip, id: identity.id })
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
  test('with one that is listed by the word of others proves that it is there', async () => {
    const { ash, elm } = pair()
    ash.hear(elm.record())
    ash.keeper.apply((table) => recordVouched(table, elm.own.id, ['oak', 'fir']))
    const how = (): unknown => {
      const row = ash.keeper.current().rows.get(elm.own.id)
      return [row?.state, row?.told, row?.isUntimed]
    }
    const before = how()
    await ash.gossip.exchange(elm.address, elm.own.id)
    expect([before, how()]).toEqual([
      ['alive', ['oak', 'fir'], undefined],
      ['alive', undefined, true],
    ])
  })

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

  test('of equal tables says a digest, and nothing is answered', async () => {
    const { net, clock, ash, elm } = pair()
    ash.learn([word(newIdentity(), addressOf(1))])
    await ash.gossip.exchange(elm.address, elm.own.id)
    ash.proveAll()
    elm.proveAll()
    for (const { running } of [ash, elm]) running.unsubscribe()
    await clock.advance(11_000)
    await ash.gossip.exchange(elm.address, elm.own.id)
    await elm.gossip.exchange(ash.address, ash.own.id)
    Object.assign(net, { bytes: 0 })
    for (const said of [net.asked, net.answered]) said.length = 0
    await ash.gossip.exchange(elm.address, elm.own.id)
    await elm.gossip.exchange(ash.address, ash.own.id)
    expect([net.asked.map((line) => line.split(': ')[1]), net.answered, net.bytes < 75]).toEqual([['digest', 'digest'], ['', ''], true])
  })

  test('of which the answer is lost is told again', async () => {
    const { net, clock, ash, elm } = pair()
    ash.learn([word(newIdentity(), addressOf(1))])
    net.losesAnswers = true
    expect(await ash.gossip.exchange(elm.address, elm.own.id)).toEqual(false)
    net.losesAnswers = false
    await clock.advance(GOSSIP_LATE)
    await ash.gossip.exchange(elm.address, elm.own.id)
    expect(elm.size()).toEqual(3)
  })

  test.each([
    [3, '3 rows'],
    [4, 'offers 4'],
  ])('of tables that differ in %d words that one has: %s', async (count, expected) => {
    const { net, clock, ash, elm } = pair()
    const shared = [ash.record(), elm.record(), ...Array.from({ length: 10 }, (_, i) => word(newIdentity(), addressOf(i)))]
    for (const node of [ash, elm]) node.learn(shared)
    for (const { running } of [ash, elm]) running.unsubscribe()
    elm.learn(Array.from({ length: count }, (_, i) => word(newIdentity(), addressOf(40 + i))))
    await clock.advance(11_000)
    const meet = async (): Promise<readonly unknown[]> => {
      for (const lines of [net.asked, net.answered]) lines.length = 0
      await ash.gossip.exchange(elm.address, elm.own.id)
      const rows = net.answered.reduce((sum, line) => sum + Number(/(\d+) rows/.exec(line)?.[1] ?? 0), 0)
      return [net.answered[0], rows, ash.size()]
    }
    // What was sent waits for its proof, and stands in no list before: it is offered, and held.
    expect([await meet(), await meet()]).toEqual([
      [expected, count, 12 + count],
      [`offers ${count}`, 0, 12 + count],
    ])
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

test('who has no room for all that a peer has asks for as much as there is, and goes on half a second later: it knows all of 300 rows', async () => {
  const { net, clock, ash, elm } = pair()
  ash.running.unsubscribe()
  ash.learn(Array.from({ length: 300 }, (_, i) => word(newIdentity(), addressOf(i))))
  const sizes: number[] = []
  await clock.until(elm.gossip.exchange(ash.address, ash.own.id))
  for (let page = 0; page < 6; page++) {
    sizes.push(elm.size())
    elm.proveAll()
    await clock.advance(500)
  }
  const rows = net.answered.reduce((sum, line) => sum + Number(/(\d+) rows/.exec(line)?.[1] ?? 0), 0)
  expect([sizes, rows]).toEqual([[65, 129, 193, 257, 302, 302], 300])
})

test('who has room again by the end of a conversation goes on a tenth of a second later', async () => {
  const { clock, ash, elm } = pair()
  ash.running.unsubscribe()
  ash.learn(Array.from({ length: 300 }, (_, i) => word(newIdentity(), addressOf(i))))
  elm.keeper.changes$.subscribe(({ type }) => {
    if (type === 'heard') elm.proveAll()
  })
  await clock.until(elm.gossip.exchange(ash.address, ash.own.id))
  const sizes = [elm.size()]
  for (let page = 0; page < 4; page++) {
    await clock.advance(100)
    sizes.push(elm.size())
  }
  // Whose ids stand near each other is another matter each time.
  expect([sizes[0], sizes.at(-1), sizes.every((size, i) => size >= Math.min(302, 66 + 64 * i))]).toEqual([66, 302, true])
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
  expect([elm.size(), meetings]).toEqual([1_202, 19])
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

test('tables that differ for good by what one can not prove are compared again, and what is known is not told again', async () => {
  const { net, clock, ash, elm } = pair()
  for (const { running } of [ash, elm]) running.unsubscribe()
  ash.learn([unsignedRecord(addressOf(1))])
  for (let meeting = 0; meeting < 9; meeting++) {
    await ash.gossip.exchange(elm.address, elm.own.id)
    await clock.advance(2_000)
  }
  const told = [...net.asked, ...net.answered].filter((line) => line.includes('rows'))
  expect([told.length, elm.size()]).toEqual([1, 3])
})

test('tables of more than a few words that differ for good are compared as rarely as equal ones', async () => {
  const { net, clock, ash, elm } = pair()
  const shared = Array.from({ length: 30 }, (_, i) => unsignedRecord(addressOf(100 + i)))
  elm.learn([ash.record(), ...shared])
  ash.learn([elm.record(), ...shared, unsignedRecord(addressOf(1))])
  elm.running.unsubscribe()
  await clock.advance(120_000)
  net.asked.length = 0
  await clock.advance(240_000)
  expect(net.asked.filter((line) => line.includes('digest')).length).toBeLessThan(40)
})

test('a word that may not be taken in is asked for once a minute', async () => {
  const net = new Net()
  const ash = net.node('ash', '10.0.0.1:8088')
  const elm = net.node('elm', '192.0.2.2:8088', newIdentity(), 'public')
  for (const { running } of [ash, elm]) running.unsubscribe()
  ash.learn([word(newIdentity(), addressOf(1))])
  const told: number[] = []
  for (let second = 0; second < 130; second += 10) {
    await ash.gossip.exchange(elm.address, elm.own.id)
    told.push(net.asked.filter((line) => line.includes('rows')).length)
    await net.clock.advance(10_000)
  }
  expect([told[0], told[5], told[7], told[12]]).toEqual([1, 1, 2, 3])
})

test('who has started anew asks for everything again', async () => {
  const { net, ash, elm } = pair()
  ash.learn([word(newIdentity(), addressOf(1)), elm.record()])
  await elm.gossip.exchange(ash.address, null)
  expect(elm.size()).toEqual(3)
  const again = net.node('elm', elm.address, elm.identity)
  await ash.gossip.exchange(elm.address, elm.own.id)
  expect(again.size()).toEqual(3)
})

test('a suspicion changes nothing of what two nodes tell each other', async () => {
  const { net, clock, ash, elm } = pair()
  const oak = newIdentity()
  for (const node of [ash, elm]) node.learn([word(oak, addressOf(1)), ash.record(), elm.record()])
  for (const { running } of [ash, elm]) running.unsubscribe()
  await clock.advance(11_000)
  await ash.gossip.exchange(elm.address, elm.own.id)
  ash.keeper.apply((table, wallMs) => recordBurst(table, oak.id, { type: 'silent', refused: false, why: 'no answer' }, wallMs))
  for (const said of [net.asked, net.answered]) said.length = 0
  await ash.gossip.exchange(elm.address, elm.own.id)
  expect([net.asked.map((line) => line.split(': ')[1]), net.answered]).toEqual([['digest'], ['']])
})

describe('what is news', () => {
  test('is pushed once it is 15 ms old to four peers, and offered to three others 300 ms later', async () => {
    const net = new Net()
    const ash = net.node('ash', '192.0.2.1:8088')
    const others = ['b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name, i) => net.node(name, `192.0.2.${i + 2}:8088`))
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
    // Comparing has its own, uneven times.
    const pushes = net.asked.filter((line) => /^\d+ /.test(line))
    expect(pushes.map((line) => line.replace(/ > .*: /, ': '))).toMatchInlineSnapshot(`
      [
        "15 ash: 1 rows",
        "15 ash: 1 rows",
        "15 ash: 1 rows",
        "15 ash: 1 rows",
        "25 ash: 1 rows",
        "25 ash: 1 rows",
        "25 ash: 1 rows",
        "25 ash: 1 rows",
        "315 ash: offers 1",
        "315 ash: offers 1",
        "315 ash: offers 1",
        "315 ash: 1 rows",
        "325 ash: offers 1",
        "325 ash: offers 1",
        "325 ash: 1 rows",
        "325 ash: 1 rows",
      ]
    `)
    expect(new Set(pushes.map((line) => line.split(' ')[3])).size).toEqual(7)
    expect(others.map((other) => other.size())).toEqual(Array(7).fill(10))
  })

  test('is not pushed back to whoever told it', async () => {
    const { net, clock, ash, elm } = pair()
    ash.learn([elm.record()])
    elm.learn([ash.record()])
    await clock.advance(2_000)
    net.asked.length = 0
    ash.learn([word(newIdentity(), addressOf(1))])
    await clock.advance(100)
    elm.proveAll()
    await clock.advance(100)
    expect(net.asked.map((line) => line.replace(/^\S+ /, ''))).toEqual([`ash > ${elm.address}: 1 rows`])
  })

  test.each([
    [3, '3 rows'],
    [4, 'offers 4'],
  ])('is pushed as it is where it is little: of %d words %s', async (count, expected) => {
    const { net, clock, ash, elm } = pair()
    ash.learn([elm.record()])
    elm.learn([ash.record()])
    await clock.advance(2_000)
    net.asked.length = 0
    ash.learn(Array.from({ length: count }, (_, i) => word(newIdentity(), addressOf(i))))
    await clock.advance(100)
    const told = net.asked.find((line) => line.includes(`> ${elm.address}`))
    expect([told?.split(': ')[1], elm.size()]).toEqual([expected, count + 2])
  })

  test('missed by pushes is found by comparing with one peer: at first often, then about every 8 s', async () => {
    const { net, clock, ash, elm } = pair()
    ash.learn([elm.record()])
    elm.learn([ash.record()])
    await clock.advance(20_000)
    elm.running.unsubscribe()
    net.asked.length = 0
    await clock.advance(80_000)
    const lines = net.asked.map((line) => line.replace(/^\S+ /, ''))
    expect([new Set(lines), lines.length]).toEqual([new Set([`ash > ${elm.address}: digest`]), 10])
    net.asked.length = 0
    elm.learn([word(newIdentity(), addressOf(1))])
    await clock.advance(20_000)
    expect(ash.size()).toEqual(3)
    expect(net.asked.filter((line) => line.includes('digest')).length).toBeGreaterThan(3)
  })

  test('waits for the end of a comparison with the same peer where there is no other', async () => {
    const { net, clock, ash, elm } = pair()
    for (const { running } of [ash, elm]) running.unsubscribe()
    ash.learn([elm.record()])
    await clock.advance(11_000)
    const running = ash.gossip.runs$.subscribe()
    net.answerMs = 60
    net.asked.length = 0
    const startMs = clock.now()
    const compared = ash.gossip.exchange(elm.address, elm.own.id)
    ash.learn([word(newIdentity(), addressOf(1))])
    await clock.until(compared)
    await clock.advance(60)
    running.unsubscribe()
    const said = net.asked.map((line) => `${Number(line.split(' ')[0]) - startMs}: ${line.split(': ')[1]}`)
    const notLater = said.filter((line) => !line.includes('digest') || line.startsWith('0:'))
    expect(notLater).toEqual(['0: digest, lists of 2', '60: its word', '120: 1 rows'])
  })

  test('is compared with somebody again right after an answer that took longer than the time to the next comparison', async () => {
    const openings = async (share: number): Promise<readonly number[]> => {
      const { net, clock, ash, elm } = pair()
      ash.learn([elm.record()])
      elm.running.unsubscribe()
      Object.assign(clock, { waitedShare: () => share })
      net.answerMs = 250
      await clock.advance(3_000)
      ash.running.unsubscribe()
      return net.asked.filter((line) => line.includes('digest')).map((line) => Number(line.split(' ')[0]))
    }
    const gaps = (times: readonly number[]): readonly number[] => times.slice(1, 4).map((ms, i) => ms - (times[i] ?? 0))
    // On a crowded machine it waits for the next time.
    expect([gaps(await openings(0)), gaps(await openings(0.9)).filter((ms) => ms < 1_000)]).toEqual([[250, 500, 250], []])
  })

  test('is told at once to others than the one with whom tables are being compared', async () => {
    const net = new Net()
    const ash = net.node('ash', '192.0.2.1:8088')
    const others = Array.from({ length: 5 }, (_, i) => net.node(`other${i}`, `192.0.2.${i + 2}:8088`))
    for (const { running } of [ash, ...others]) running.unsubscribe()
    ash.learn(others.map((other) => other.record()))
    await net.clock.advance(11_000)
    const running = ash.gossip.runs$.subscribe()
    net.answerMs = 60
    net.asked.length = 0
    const [first] = others
    void ash.gossip.exchange(first?.address ?? '', first?.own.id ?? '')
    ash.learn([word(newIdentity(), addressOf(1))])
    await net.clock.advance(50)
    running.unsubscribe()
    const told = net.asked.filter((line) => line.includes('rows')).map((line) => /> (\S+):/.exec(line)?.[1])
    expect(told.toSorted()).toEqual(
      others
        .slice(1)
        .map(({ address }) => address)
        .toSorted(),
    )
  })

  test('is asked of one at a time, and of the next where that one did not answer', async () => {
    const net = new Net()
    const [ash, elm, oak] = [net.node('ash', '192.0.2.1:8088'), net.node('elm', '192.0.2.2:8088'), net.node('oak', '192.0.2.3:8088')]
    for (const { running } of [ash, elm, oak]) running.unsubscribe()
    const words = Array.from({ length: 9 }, (_, i) => word(newIdentity(), addressOf(i)))
    for (const node of [elm, oak]) node.learn(words)
    net.losesAnswers = true
    await ash.gossip.exchange(elm.address, elm.own.id)
    net.losesAnswers = false
    await Promise.all([ash.gossip.exchange(elm.address, elm.own.id), ash.gossip.exchange(oak.address, oak.own.id)])
    const given = net.answered.reduce((sum, line) => sum + Number(/(\d+) rows/.exec(line)?.[1] ?? 0), 0)
    expect([ash.size(), given < 2 * words.length]).toEqual([words.length + 3, true])
  })

  test('a farewell is taken at its word', async () => {
    const { ash, elm } = pair()
    ash.learn([elm.record()])
    elm.learn([ash.record()])
    await ash.gossip.spread({ records: [ash.own.farewell()] }, 8)
    expect(elm.states()).toEqual([`${elm.own.id} alive`])
  })

  test('a farewell is told on, by pushes and to whoever still lists its owner', async () => {
    const net = new Net()
    const [ash, elm, oak] = [net.node('ash', '192.0.2.1:8088'), net.node('elm', '192.0.2.2:8088'), net.node('oak', '192.0.2.3:8088')]
    const lastWord = ash.record()
    for (const node of [ash, elm, oak]) node.learn([ash, elm, oak].map((other) => other.record()))
    ash.running.unsubscribe()
    oak.running.unsubscribe()
    await ash.gossip.tell(ash.own.farewell(), [elm.own.id])
    await net.clock.advance(200)
    expect(oak.states()).toEqual([`${elm.own.id} alive`, `${oak.own.id} alive`].sort())
    const fir = net.node('fir', '192.0.2.4:8088')
    fir.running.unsubscribe()
    fir.learn([lastWord, elm.record()])
    await fir.gossip.exchange(elm.address, elm.own.id)
    expect(fir.keeper.current().rows.has(ash.own.id)).toEqual(false)
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
  const message = (from: string, ...records: readonly string[]): GossipMessage => ({ ...EMPTY, from, records })

  test('are told, whoever brings them, and are no rows', async () => {
    const { ash, elm } = pair()
    const words: unknown[] = []
    ash.gossip.ownWords$.subscribe(({ word: { seq, address }, envelope }) => words.push([seq, address, envelope]))
    const other = word(ash.identity, addressOf(1), 2 ** 50)
    const before = ash.states()
    await ash.gossip.answer(message(elm.own.envelope(), other.envelope ?? ''), elm.own.id, null)
    const answer = await ash.gossip.answer(message(other.envelope ?? ''), ash.own.id, null)
    expect([words, answer]).toEqual([Array(2).fill([2 ** 50, addressOf(1), other.envelope]), null])
    expect(ash.states()).toEqual([...before, `${elm.own.id} unknown`].sort())
  })

  test('that are forged are not', async () => {
    const { ash, elm } = pair()
    const words: unknown[] = []
    ash.gossip.ownWords$.subscribe((one) => words.push(one))
    const forged = (ash.own.envelope() ?? '').replace('192.0.2.1', '192.0.2.9')
    expect(await ash.gossip.answer(message(forged), ash.own.id, null)).toEqual(null)
    expect(await ash.gossip.answer(message(elm.own.envelope()), newIdentity().id, null)).toEqual(null)
    await ash.gossip.answer(message(elm.own.envelope(), forged), elm.own.id, null)
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
    await clock.until(elm.gossip.exchange(ash.address, ash.own.id))
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
  const answer = await ash.gossip.answer({ ...EMPTY, from: said }, elm.own.id, null)
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
    await me.gossip.answer({ ...EMPTY, from, records: [envelope] }, hidden.id, '10.8.8.8')
    return me.keeper.current().rows.get(hidden.id)?.record.address
  }
  expect(await hears(behind('10.7.7.6:20001', turn.id, 2))).toEqual(undefined)
  expect(await hears(behind('10.7.7.7:20001', newIdentity().id, 3))).toEqual(undefined)
  expect(await hears(behind('10.7.7.7:20001', turn.id, 4))).toEqual('10.7.7.7:20001')
})
