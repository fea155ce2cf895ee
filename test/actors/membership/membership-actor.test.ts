import { Observable, Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { createMembershipActor } from '../../../src/actors/membership/membership-actor.ts'
import { absorb, merge, NOT_MEASURED, putOwn, recordBurst, removeRow, restoreRows } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { CROWDED_REST } from '../../../src/domain/timings.ts'
import type { MembershipFact } from '../../../src/machines/node-machine.ts'
import type { Verdict } from '../../../src/machines/reach-machine.ts'
import { open } from '../../../src/v2/envelope.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const AT = '192.0.2.1:8088'
const ash = signedBy('ash', AT)

/** Parts that tell what is asked of them. */
function start(before: (parts: ReturnType<typeof stateParts>) => void = () => {}, waitedShare = 0) {
  const parts = stateParts()
  before(parts)
  const { own, identity } = parts
  const told: string[] = []
  const bugs: unknown[] = []
  const facts: MembershipFact[] = []
  const running = new Set<string>()
  const says = {
    fact: new Subject<MembershipFact>(),
    verdict: new Subject<Verdict>(),
    isolated: new Subject<boolean>(),
    ownWord: new Subject<{ word: NonNullable<ReturnType<typeof open>>; envelope: string }>(),
    speedTest: new Subject<never>(),
  }
  const runs = (name: string): Observable<never> =>
    new Observable(() => {
      running.add(name)
      return () => running.delete(name)
    })
  const tell = (what: string) => (): void => void told.push(what)
  const membership = createMembershipActor({
    ...parts,
    clock: { waitedShare: () => waitedShare },
    onBug: (error) => void bugs.push(error),
    prober: {
      prove: async () => {},
      look: async () => null,
      missed$: new Subject(),
      doubt: (key) => void told.push(`doubt ${key}`),
      lookLater: (key, ms) => void told.push(`look at ${key} in ${ms}`),
      isPlanned: () => false,
      ensure: (key) => void told.push(`ensure ${key}`),
      forget: (key) => void told.push(`forget ${key}`),
      byHand: () => new Promise(() => {}),
      probed$: new Subject(),
      isolated$: says.isolated,
      runs$: runs('prober'),
    },
    gossip: {
      exchange: async () => false,
      answer: async () => null,
      spread: async (extra, toHowMany) => void told.push(`tell ${toHowMany} peers ${JSON.stringify(extra)}`),
      tell: async () => {},
      runs$: runs('gossip'),
      suspicions$: new Subject(),
      ownWords$: says.ownWord,
    },
    vouching: {
      heard: ({ key }) => void told.push(`doubt ${key}`),
      saidMore: ({ key }) => void told.push(`said more ${key}`),
      runs$: runs('vouching'),
    },
    firstLooks: { runs$: runs('first looks') },
    silentPeers: { runs$: runs('silentPeers') },
    p2prc: { join: async () => null, answer: async () => new Uint8Array(), runs$: runs('p2prc') },
    speedTests$: says.speedTest,
    reach: {
      ask: () => ({ port: null, advertise: null }),
      found: () => {},
      provenAt: () => {},
      arrivedAt: () => {},
      findings: () => [],
      verdict: () => ({ type: 'unknown' }),
      verdicts$: says.verdict,
      runs$: runs('reach'),
      start: tell('reach starts'),
      stop: tell('reach ends'),
    },
    joining: {
      greeted: () => {},
      mayTry: () => false,
      addSeed: () => {},
      forget: () => [],
      seeds: () => [],
      seedStates: () => [],
      facts$: says.fact,
      runs$: runs('joining'),
      start: () => {
        told.push(`joining starts, ${running.size} run`)
        says.fact.next({ type: 'network.empty' })
      },
      stop: tell('joining ends'),
    },
    announcer: {
      reachedThrough: () => {},
      outrun: () => {},
      reachability: () => 'unknown',
      start: tell('announcer starts'),
      stop: tell('announcer ends'),
    },
    twins: {
      heard: ({ seq }, envelope, seenAt) =>
        void told.push(`word ${seq} of ${own.hasSaid(envelope) ? 'its own' : 'a stranger'}, seen at ${seenAt}`),
      stop: tell('watch for twins ends'),
    },
  })
  const parent = setup({ types: { events: {} as MembershipFact }, actors: { membership } }).createMachine({
    invoke: { src: 'membership' },
    on: { '*': { actions: ({ event }) => facts.push(event) } },
  })
  const actor = createActor(parent).start()
  return { ...parts, actor, told, facts, running, bugs, says, identity }
}

const STARTED = ['announcer starts', 'reach starts', 'joining starts, 8 run']

test('its parts run before anybody is met, and end with it', () => {
  const { actor, told, running } = start()
  expect(told).toEqual(STARTED)
  actor.stop()
  expect([told.slice(3), [...running]]).toEqual([['joining ends', 'watch for twins ends', 'reach ends', 'announcer ends'], []])
})

test('who was heard of before, since the port was open already, is looked at', () => {
  const { told } = start(({ hear }) => hear(ash))
  expect(told).toEqual(['announcer starts', 'reach starts', 'ensure ash', 'joining starts, 8 run'])
})

test("what the node's machine must know is told: what the joining finds, and every verdict on how it is reached", () => {
  const { facts, says } = start()
  says.verdict.next({ type: 'refused' })
  says.fact.next({ type: 'network.found' })
  expect(facts).toEqual([{ type: 'network.empty' }, { type: 'reach.told', verdict: { type: 'refused' } }, { type: 'network.found' }])
})

test('a bug in any of them is heard of', () => {
  const { bugs, says } = start()
  const bug = new Error('bug')
  says.speedTest.error(bug)
  expect(bugs).toEqual([bug])
})

test('words with its own id are watched', () => {
  const { told, says, own, identity } = start()
  const word = open(own.envelope(), identity)
  if (word) says.ownWord.next({ word, envelope: own.envelope() })
  expect(told.slice(3)).toEqual([`word ${own.seq()} of its own, seen at null`])
})

test('whose link is back speaks to four peers at once; whose link is in doubt to nobody', () => {
  const { told, says } = start()
  says.isolated.next(true)
  expect(told.slice(3)).toEqual([])
  says.isolated.next(false)
  expect(told.slice(3)).toEqual(['tell 4 peers {}'])
})

const announced = (parts: ReturnType<typeof stateParts>) => {
  parts.own.announce(AT, null)
  return parts.own.record() ?? ash
}
const answered = { type: 'answered', rttMs: 5 } as const

test.each<[string, (run: ReturnType<typeof start>) => void, readonly string[]]>([
  ['heard of', ({ hear }) => hear(ash), ['doubt ash']],
  [
    'read from the file',
    ({ keeper }) => keeper.apply((table) => restoreRows(table, [{ record: ash, stored: NOT_MEASURED, written: null }])),
    ['doubt ash'],
  ],
  ['proven', ({ prove }) => prove(ash), ['doubt ash']],
  [
    'moved',
    ({ prove, hear }) => {
      prove(ash)
      hear(signedBy('ash', '192.0.2.2:8088', { seq: 2 }))
    },
    ['doubt ash', 'doubt ash'],
  ],
  [
    'proven, and carries others that were not reached so far',
    ({ hear, keeper }) => {
      hear(signedBy('fir', '192.0.2.1:20001', { via: 'ash' }))
      hear(signedBy('elm', '192.0.2.3:20001', { via: 'oak' }))
      hear(ash)
      keeper.apply((table, wallMs) => recordBurst(table, 'ash', answered, wallMs))
    },
    ['doubt fir', 'doubt elm', 'doubt ash', 'doubt fir'],
  ],
  [
    'known to have an id, and with it another key',
    ({ prove }) => {
      prove(unsignedRecord(AT))
      prove(ash)
    },
    [`doubt ${AT}`, 'doubt ash', `forget ${AT}`, 'ensure ash'],
  ],
  [
    'removed',
    ({ prove, keeper }) => {
      prove(ash)
      keeper.apply((table, wallMs) => removeRow(table, 'ash', 'no answer', wallMs))
    },
    ['doubt ash', 'forget ash'],
  ],
  [
    'taken up by another',
    ({ hear, keeper }) => {
      hear(unsignedRecord('ash.example:1'))
      hear(ash)
      keeper.apply((table, wallMs) => absorb(table, 'ash.example:1', 'ash', wallMs))
    },
    ['doubt ash.example:1', 'doubt ash', 'forget ash.example:1'],
  ],
  [
    'measured',
    ({ prove, keeper }) => {
      prove(ash)
      keeper.apply((table, wallMs) => recordBurst(table, 'ash', answered, wallMs))
    },
    ['doubt ash'],
  ],
  [
    'said something newer',
    ({ prove, keeper }) => {
      prove(ash)
      keeper.apply((table, wallMs) => merge(table, [signedBy('ash', AT, { seq: 2 })], wallMs))
    },
    ['doubt ash', 'ensure ash'],
  ],
])('a row that is %s is pinged as that needs', (_, happen, expected) => {
  const run = start()
  happen(run)
  expect(run.told.slice(3)).toEqual(expected)
})

test.each<[string, number, number]>([
  ['', 0, 0],
  [', and later where many wait for a processor', 0.9, CROWDED_REST],
])('its own row is pinged when it is announced%s', (_, waitedShare, ms) => {
  const run = start(() => {}, waitedShare)
  const record = announced(run)
  run.keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
  expect(run.told.slice(3)).toEqual([`look at ${run.own.id} in ${ms}`])
})

test('who has said something newer before it was reached may be listed by those who vouch for it', () => {
  const { told, hear } = start()
  hear(ash)
  hear(signedBy('ash', AT, { seq: 2 }))
  expect(told.slice(3)).toEqual(['doubt ash', 'said more ash'])
})
