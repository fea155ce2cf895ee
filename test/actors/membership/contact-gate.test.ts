import { describe, expect, test } from 'vitest'
import { createContactGate } from '../../../src/actors/membership/contact-gate.ts'
import type { Standing } from '../../../src/actors/membership/standing.ts'
import type { AddressPolicy } from '../../../src/domain/address.ts'
import {
  CONTACT_GAPS,
  CONTACT_WAIT,
  CONTACT_WINDOW,
  LAST_CONTACT_GAP,
  LATE_PROOF,
  MOST_CONTACTS_MEMBERS,
  TRIED_ANEW_GAP,
} from '../../../src/domain/timings.ts'
import type { Failure, PeerAnswer, PeerRequest } from '../../../src/ports.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const REFUSED: Failure = { type: 'failed', reason: 'refused', text: 'connection refused' }
const TOO_SLOW: Failure = { type: 'failed', reason: 'timeout', text: 'it did not answer in time' }
const TOO_MANY = 'too many tries to an address that has not proven itself'
const P2PRC = '{"Hostname":"pc","Platform":"linux","CPU":"","RAM":1,"Disk":1,"GPU":null}'
const PING: PeerRequest = { method: 'GET', path: '/server_info', timeoutMs: 2_000 }
const HELLO: PeerRequest = { method: 'POST', over: 'channel', path: '/v2/hello', body: Buffer.alloc(1_200), timeoutMs: 4_000 }

const answer = (body: string, by: string | null = null, status = 200): PeerAnswer => ({
  ...{ type: 'answer', by, status, headers: {}, body: Buffer.from(body), timing: { connectMs: 1, answerMs: 1 } },
})

/** What answers at each address, after how many ms. Absent: nobody, at once. */
interface World {
  readonly answers?: Readonly<Record<string, PeerAnswer>>
  readonly ms?: number
  readonly policy?: AddressPolicy
  readonly networkKind?: 'open' | 'private'
  readonly standing?: (address: string) => Standing
  /** Where names lead. */
  readonly names?: Readonly<Record<string, string>>
  /** Connections are kept warm. */
  readonly warm?: boolean
}

function start({
  answers = {},
  ms = 0,
  policy = 'any',
  networkKind = 'open',
  standing = () => null,
  names = {},
  warm = false,
}: World = {}) {
  const clock = new VirtualClock()
  const connected: string[] = []
  const timeouts: number[] = []
  const ended: string[] = []
  const warmTo = new Set<string>()
  const lateProofs: string[] = []
  const gate = createContactGate({
    clock,
    policy,
    networkKind,
    standing,
    onLateProof: (address, by) => void lateProofs.push(`${clock.now()} ${by} at ${address}`),
    http: {
      request: async (address, { admit, timeoutMs, signal }) => {
        timeouts.push(timeoutMs)
        signal?.addEventListener('abort', () => ended.push(`${clock.now()} ${address}`))
        const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
        if (!warmTo.has(address)) {
          const kept = await admit?.(names[host] ?? host)
          if (kept) return kept
          connected.push(address)
        }
        if (warm) warmTo.add(address)
        await new Promise<void>((resolve) => clock.setTimeout(resolve, Math.min(ms, timeoutMs)))
        return ms > timeoutMs ? TOO_SLOW : (answers[address] ?? REFUSED)
      },
    },
  })
  const ask = async (address: string, request = PING): Promise<string> => {
    const got = await gate.request(address, request)
    return got.type === 'failed' ? got.text : `${got.status}`
  }
  /** All at once. */
  const askAll = (addresses: readonly string[], request = PING): Promise<readonly string[]> =>
    clock.until(Promise.all(addresses.map((address) => ask(address, request))))
  return {
    ...{ gate, clock, connected, timeouts, ended, lateProofs, askAll },
    ask: (address: string, request = PING) => clock.until(ask(address, request)),
  }
}

const at = (port: number): string => `192.0.2.1:${port}`
const ports = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => at(20_000 + i))
const answering = (addresses: readonly string[], with_: PeerAnswer) => Object.fromEntries(addresses.map((address) => [address, with_]))

describe('an IP address that has proven nothing', () => {
  test('is connected to three times in ten minutes, whatever port is told of: twice at once, and once much later', async () => {
    const { connected, clock, askAll } = start()
    const first = await askAll(ports(500))
    expect([connected.length, [...new Set(first)].sort()]).toEqual([2, ['connection refused', TOO_MANY]])
    const told: number[] = []
    for (const gapMs of [LAST_CONTACT_GAP - 1, 1, CONTACT_WINDOW - LAST_CONTACT_GAP - CONTACT_WAIT, CONTACT_WAIT]) {
      await clock.advance(gapMs)
      await askAll(ports(500))
      told.push(connected.length)
    }
    expect(told).toEqual([2, 3, 3, 4])
  })

  test('is one, however it is written', async () => {
    const { connected, askAll } = start()
    await askAll(['192.0.2.1:80', '192.0.2.1:8088', '192.0.2.1:8089', '192.0.2.1:9000'])
    expect(connected.length).toEqual(2)
  })

  test('does not keep others from being tried', async () => {
    const { connected, askAll } = start()
    await askAll([...ports(9), '192.0.2.2:8088'])
    expect(connected).toContain('192.0.2.2:8088')
  })

  test.each<[string, PeerAnswer]>([
    ['a web server that answers everything', answer('{}')],
    ['one that answers with a page', answer('<html>')],
    ["one that answers with part of P2PRC's keys", answer('{"Hostname":"x"}')],
    ['one that has nothing there', answer(P2PRC, null, 404)],
  ])('proves nothing by %s', async (_, page) => {
    const { connected, askAll } = start({ answers: answering(ports(20), page) })
    await askAll(ports(20))
    expect(connected.length).toEqual(2)
  })

  test.each<[string, PeerAnswer]>([
    ["the members' channel", answer('{}', 'ash')],
    ["P2PRC's own answer", answer(P2PRC)],
  ])('gets its places back by %s, so that any number of nodes behind it are met at once', async (_, genuine) => {
    const { connected, clock, askAll } = start({ answers: answering(ports(40), genuine), ms: 5 })
    const told = await askAll(ports(40))
    expect([connected.length, new Set(told), clock.now()]).toEqual([40, new Set(['200']), (40 / 2) * 5])
  })

  test('with one dead node among ten is still met by the nine', async () => {
    const [dead, ...alive] = ports(10)
    const { askAll } = start({ answers: answering(alive, answer('{}', 'ash')), ms: 5 })
    expect(await askAll([dead ?? '', ...alive])).toEqual(['connection refused', ...alive.map(() => '200')])
  })

  test('has one address of it tried at once, after 5 s, and after 45 s more', async () => {
    const { ask, connected, clock } = start()
    const told: string[] = []
    for (let s = 0; s < 600; s++) {
      const before = connected.length
      await ask(at(8088))
      if (connected.length > before) told.push(`${s} s`)
      await clock.advance(1_000 - (clock.now() % 1_000))
    }
    expect(told).toEqual(['0 s', '5 s', '50 s'])
  })

  test('says when it may be asked again', async () => {
    const { gate, ask } = start()
    await ask(at(8088))
    expect(await gate.request(at(8088), PING)).toEqual({ type: 'failed', reason: 'withheld', text: TOO_MANY, retryMs: 5_000 })
  })

  test('has those who wait told within 2 s, and no later than they asked for', async () => {
    const { clock, gate } = start({ ms: 60_000 })
    const open = ports(3).map((address) => gate.request(address, { ...PING, timeoutMs: 90_000 }))
    const told: string[] = []
    for (const timeoutMs of [500, 90_000])
      gate.request(at(8088), { ...PING, timeoutMs }).then(() => told.push(`${timeoutMs} after ${clock.now()}`))
    await clock.advance(3_000)
    expect(told).toEqual(['500 after 500', '90000 after 2000'])
    await clock.until(Promise.all(open))
  })

  test('whoever waited has so much less time left for the answer', async () => {
    const { clock, gate } = start({ answers: answering(ports(2), answer('{}', 'ash')), ms: 1_500 })
    const told: string[] = []
    const asked = ports(3).map(async (address) => {
      const got = await gate.request(address, PING)
      told.push(`${clock.now()} ${got.type === 'failed' ? got.text : got.status}`)
    })
    await clock.until(Promise.all(asked))
    expect(told).toEqual(['1500 200', '1500 200', '2000 it did not answer in time'])
  })

  test('is proven by an answer that comes late too, for which whoever asked does not wait', async () => {
    const { ask, clock, connected, timeouts, lateProofs } = start({ answers: answering([at(8088)], answer('{}', 'ash')), ms: 9_000 })
    expect([await ask(at(8088)), clock.now()]).toEqual(['it did not answer in time', 2_000])
    await clock.advance(7_000)
    expect(lateProofs).toEqual([`9000 ash at ${at(8088)}`])
    const [asked] = [ask(at(8088)), ask(at(8088))]
    expect([await asked, clock.now(), connected.length]).toEqual(['it did not answer in time', 11_000, 3])
    expect(timeouts).toEqual([LATE_PROOF, 2_000, 2_000])
  })

  test('is not asked twice at once: who is free to ask ends what is still waited for', async () => {
    const { clock, gate, ask, ended } = start({ answers: answering([at(8088)], answer('{}', 'ash')), ms: 3_000 })
    expect(await ask(at(8088))).toEqual('it did not answer in time')
    gate.name(at(8088))
    const asked = gate.request(at(8088), { ...PING, timeoutMs: 4_000 })
    expect([ended, await clock.until(asked)]).toEqual([[`2000 ${at(8088)}`], expect.objectContaining({ status: 200 })])
  })

  test('in a private network, whose members alone tell of it, has room for a machine that runs many nodes', async () => {
    const { connected, askAll } = start({ networkKind: 'private' })
    await askAll(ports(500))
    expect(connected.length).toEqual(MOST_CONTACTS_MEMBERS - 1)
  })

  test('is sent no more than 2 KiB', async () => {
    const large = { ...HELLO, over: 'clear' } as const
    const { connected, askAll } = start()
    expect(await askAll([at(1024), at(1025)], large)).toEqual(['connection refused', TOO_MANY])
    const { connected: none, ask } = start()
    expect(await ask(at(1024), { ...PING, body: { type: 'filler', bytes: 256 * 1024 } })).toEqual(TOO_MANY)
    expect([connected.length, none.length]).toEqual([1, 0])
  })

  test("in the members' channel the request is not counted, which goes out only to who is proven", async () => {
    const { connected, askAll } = start()
    await askAll(ports(9), { ...HELLO, body: Buffer.alloc(100_000) })
    expect(connected.length).toEqual(2)
  })

  test('over a warm connection is asked no more often', async () => {
    const { ask, connected, clock } = start({ answers: { [at(8088)]: answer('{}') }, warm: true })
    const told: string[] = []
    for (const gapMs of [0, ...CONTACT_GAPS, 1_000]) {
      await clock.advance(gapMs)
      told.push(await ask(at(8088)))
    }
    expect([told, connected.length]).toEqual([['200', '200', '200', TOO_MANY], 1])
  })
})

test('an address that proved itself is asked freely for a day, and its neighbours are not', async () => {
  const answers: Record<string, PeerAnswer> = { [at(8088)]: answer('{}', 'ash') }
  const { ask, connected, clock } = start({ answers })
  await ask(at(8088))
  delete answers[at(8088)]
  for (let i = 0; i < 20; i++) await ask(at(8088))
  for (const port of ports(20)) await ask(port)
  expect(connected.length).toEqual(1 + 20 + 2)
  await clock.advance(24 * 3_600_000)
  for (let i = 0; i < 20; i++) await ask(at(8088))
  expect(connected.length).toEqual(1 + 20 + 2 + 1)
})

test.each<[string, (gate: ReturnType<typeof start>['gate']) => void, Standing]>([
  ['a person named by hand', (gate) => gate.name(at(8088)), null],
  ['a person named, or that stands in the table', () => {}, 'known'],
  ['is its own', () => {}, 'own'],
  ['is its own at a TURN', (gate) => void gate.atTurn(at(8088)), null],
])('an address that %s is asked freely', async (_, told, stands) => {
  const { gate, ask, connected } = start({ standing: (address) => (address === at(8088) ? stands : null) })
  told(gate)
  for (let i = 0; i < 9; i++) await ask(at(8088))
  expect(connected.length).toEqual(9)
})

describe('by the policy', () => {
  const known = (): Standing => 'known'
  test.each<[string, AddressPolicy, string, Readonly<Record<string, string>>, (() => Standing) | undefined, boolean]>([
    ['a name that a person gave is asked where it may lead', 'public', 'ash.example:8088', { 'ash.example': '1.1.1.1' }, known, true],
    ['not where it leads home', 'public', 'ash.example:8088', { 'ash.example': '192.168.1.1' }, known, false],
    ['but in a local network there too', 'lan', 'ash.example:8088', { 'ash.example': '192.168.1.1' }, known, true],
    ['never where it leads to metadata of a cloud', 'any', 'ash.example:8088', { 'ash.example': '169.254.169.254' }, known, false],
    ['by IPv6 either', 'any', 'ash.example:8088', { 'ash.example': 'fd00:ec2::254' }, known, false],
    ['nor by IPv4 in its clothes', 'lan', 'ash.example:8088', { 'ash.example': '::ffff:127.0.0.1' }, known, false],
    ['nor to a zone of this machine', 'lan', 'ash.example:8088', { 'ash.example': 'fe80::1%eth0' }, known, false],
    ['nor to what is no address', 'lan', 'ash.example:8088', { 'ash.example': 'localhost' }, known, false],
    ['a name that others told of is not looked up', 'any', 'ash.example:8088', { 'ash.example': '1.1.1.1' }, undefined, false],
    ['nor what may not be contacted asked', 'lan', '127.0.0.1:8088', {}, undefined, false],
    ['nor ports of other services', 'any', '1.1.1.1:25', {}, undefined, false],
  ])('%s', async (_, policy, address, names, standing, isAsked) => {
    const { ask, connected } = start({ policy, names, ...(standing ? { standing } : {}) })
    const text = await ask(address)
    expect([connected.length, /outside the addresses this node may contact/.test(text)]).toEqual(isAsked ? [1, false] : [0, true])
  })

  test('what a name led to is remembered', async () => {
    const { gate, ask } = start({ names: { 'ash.example': '192.0.2.7' }, standing: known })
    expect(gate.ipOf('ash.example:8088')).toEqual(null)
    await ask('ash.example:8088')
    expect([gate.ipOf('ash.example:8088'), gate.ipOf('192.0.2.9:1024'), gate.ipOf('[2a00::1]:80')]).toEqual([
      '192.0.2.7',
      '192.0.2.9',
      '2a00::1',
    ])
  })
})

test('once connections to more addresses than are remembered have failed, nobody unknown is contacted until the first lapse', async () => {
  const { askAll, connected, clock } = start()
  const many = Array.from({ length: 16_384 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8088`)
  await askAll(many)
  expect(await askAll([at(8088)])).toEqual([TOO_MANY])
  await clock.advance(CONTACT_WINDOW)
  expect([await askAll([at(8088)]), connected.length]).toEqual([['connection refused'], 16_385])
})

test('ended, it leaves no timer and nobody waiting', async () => {
  const { askAll, clock } = start({ ms: 10 })
  await askAll(ports(50))
  expect(clock.timerCount).toEqual(0)
})

describe('once something new speaks for an address', () => {
  const REFUSED_TWICE = ['connection refused', 'connection refused']

  test('it is tried again at once, where it was tried in vain', async () => {
    const { gate, ask, connected } = start()
    const told = [await ask(at(8088)), await ask(at(8088))]
    gate.tryAnew(at(8088), 'itself')
    told.push(await ask(at(8088)), await ask(at(8088)))
    expect([told, connected.length]).toEqual([['connection refused', TOO_MANY, 'connection refused', TOO_MANY], 2])
  })

  test('it is met there if its node answers by now', async () => {
    const answers: Record<string, PeerAnswer> = {}
    const { gate, ask } = start({ answers })
    await ask(at(8088))
    answers[at(8088)] = answer('{}', 'ash')
    gate.tryAnew(at(8088), 'itself')
    expect([await ask(at(8088)), await ask(at(8088))]).toEqual(['200', '200'])
  })

  test('so it is once a minute at one IP address', async () => {
    const { gate, ask, clock } = start()
    const told: string[] = [await ask(at(8088))]
    gate.tryAnew(at(8088), 'itself')
    told.push(await ask(at(8088)))
    await clock.advance(TRIED_ANEW_GAP - 1)
    told.push(await ask(at(8088)))
    gate.tryAnew(at(8088), 'itself')
    told.push(await ask(at(8088)))
    await clock.advance(1)
    gate.tryAnew(at(8088), 'itself')
    told.push(await ask(at(8088)))
    expect(told).toEqual([...REFUSED_TWICE, 'connection refused', TOO_MANY, 'connection refused'])
  })

  test('whatever its port, while another IP address has its own minute', async () => {
    const { gate, askAll } = start()
    const all = [at(8088), at(8089), '192.0.2.2:8088']
    await askAll(all)
    for (const address of all) gate.tryAnew(address, 'itself')
    expect(await askAll(all)).toEqual(['connection refused', TOO_MANY, 'connection refused'])
  })

  test('others at that IP address have been tried as often as before', async () => {
    const { gate, ask, connected } = start()
    await ask(at(8088))
    await ask(at(8089))
    gate.tryAnew(at(8088), 'itself')
    const told = [await ask(at(8089)), await ask(at(8088)), await ask(at(8090))]
    expect([told, connected]).toEqual([
      [TOO_MANY, 'connection refused', TOO_MANY],
      [at(8088), at(8089), at(8088)],
    ])
  })

  test.each([
    ['that was not tried', at(8090)],
    ['at an IP address where nothing was tried', '192.0.2.7:8088'],
    ['that is none', 'nowhere'],
  ])('for one %s there is nothing to forget, and the minute does not begin', async (_, address) => {
    const { gate, ask } = start()
    await ask(at(8088))
    gate.tryAnew(address, 'itself')
    const before = await ask(at(8088))
    gate.tryAnew(at(8088), 'itself')
    expect([before, await ask(at(8088))]).toEqual([TOO_MANY, 'connection refused'])
  })

  test('it is not asked a second time while its first answer is waited for', async () => {
    const { gate, ask, connected } = start({ ms: 9_000 })
    const told = [await ask(at(8088))]
    gate.tryAnew(at(8088), 'itself')
    told.push(await ask(at(8088)))
    expect([told, connected.length]).toEqual([['it did not answer in time', TOO_MANY], 1])
  })

  test('nor where another came to nothing before that', async () => {
    const { gate, ask, connected, clock } = start({ ms: 9_000 })
    const told = [await ask(at(8088))]
    await clock.advance(8_000)
    told.push(await ask(at(8088)))
    gate.tryAnew(at(8088), 'itself')
    told.push(await ask(at(8088)))
    expect([told, connected.length]).toEqual([['it did not answer in time', 'it did not answer in time', TOO_MANY], 2])
  })

  test('whoever waits for a place at that IP address gets one', async () => {
    const { gate, clock, connected } = start({ ms: 1_500 })
    const [slow, vain] = [at(8088), at(8089)]
    await clock.until(gate.request(vain, PING))
    gate.request(slow, PING)
    const asked = gate.request(at(8090), PING)
    await clock.advance(100)
    const before = [...connected]
    gate.tryAnew(vain, 'itself')
    await clock.advance(1)
    expect([before, connected]).toEqual([
      [vain, slow],
      [vain, slow, at(8090)],
    ])
    await clock.until(asked)
  })

  test("others' word for it counts once in ten minutes, however often it is said", async () => {
    const connections = async (isSaidIn: (minute: number) => boolean): Promise<number> => {
      const { gate, ask, clock, connected } = start()
      for (let s = 0; s < CONTACT_WINDOW / 1_000; s++) {
        if (s % 60 === 0 && isSaidIn(s / 60)) gate.tryAnew(at(8088), 'others')
        await ask(at(8088))
        await clock.advance(1_000)
      }
      return connected.length
    }
    const [never, once, often] = [
      await connections(() => false),
      await connections((minute) => minute === 1),
      await connections(() => true),
    ]
    expect([once > never, often]).toEqual([true, once])
  })
})
