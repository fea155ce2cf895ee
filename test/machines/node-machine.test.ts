import { expect, test } from 'vitest'
import { createActor, type EventFromLogic, type EventObject, fromCallback, fromPromise } from 'xstate'
import type { TurnCandidate, TurnChoice } from '../../src/domain/turn-choice.ts'
import { pathOf } from '../../src/feed/inspection.ts'
import { type NodeContext, nodeMachine } from '../../src/machines/node-machine.ts'
import { tunnelMachine } from '../../src/machines/tunnel-machine.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

type NodeEvent = EventFromLogic<typeof nodeMachine>

const turnCalled = (name: string): TurnCandidate => ({
  key: name,
  id: name,
  name,
  address: `${name}.test:8088`,
  kind: 'moonwalk',
  rttMs: 1,
  alive: true,
  offersTurn: true,
  behindNat: false,
})

const choiceOf = (name: string): TurnChoice => ({ turn: turnCalled(name), reason: `because of ${name}` })

/** The tunnel's own machine has its own tests: here it does nothing of itself. */
const idleTunnel = tunnelMachine.provide({
  actors: { askPort: fromPromise(() => new Promise(() => {})) },
  delays: { openTimeout: 2 ** 30 },
})

/** A node whose TURNs are the names given, one for every search; null: that search finds nobody. */
function start(input: Pick<NodeContext, 'mayTunnel' | 'reach'>, found: readonly (string | null)[] = []) {
  const clock = new VirtualClock()
  const told: string[] = []
  const searches: (readonly string[])[] = []
  const machine = nodeMachine.provide({
    actors: {
      membership: fromCallback(() => () => told.push('membership ended')),
      turnServer: fromCallback(() => () => told.push('turnServer ended')),
      findTurn: fromPromise<TurnChoice, { barred: readonly string[] }>(({ input: { barred } }) => {
        const name = found[searches.length] ?? null
        searches.push(barred)
        return name === null ? new Promise(() => {}) : Promise.resolve(choiceOf(name))
      }),
      tunnel: idleTunnel,
      directServices: fromCallback(() => {
        told.push('directServices')
        return () => told.push('directServices ended')
      }),
      reviewTurn: fromCallback<EventObject, { turn: TurnCandidate }>(({ input: { turn } }) => {
        told.push(`reviewTurn of ${turn.name}`)
        return () => told.push('reviewTurn ended')
      }),
    },
    actions: {
      tellChoice: (_, { choice }) => told.push(`chosen ${choice.turn.name}: ${choice.reason}`),
      announceTunnel: (_, { turn, address }) => told.push(`announce ${address} through ${turn?.name}`),
      withdrawTunnel: () => told.push('withdraw'),
      tellBreak: (_, { turn, why }) => told.push(`${turn?.name ?? 'nobody'} broke: ${why}`),
      doubtTurn: (_, { turn, why }) => told.push(`doubt ${turn?.name ?? 'nobody'}: ${why}`),
    },
  })
  const actor = createActor(machine, { clock, input })
  const path: string[] = []
  actor.subscribe(({ value }) => {
    const state = pathOf(value)
    if (state !== path.at(-1)) path.push(state)
  })
  actor.start()
  return { actor, clock, told, searches, path }
}

type Step = NodeEvent | number

async function play(input: Pick<NodeContext, 'mayTunnel' | 'reach'>, found: readonly (string | null)[], steps: readonly Step[]) {
  const run = start(input, found)
  for (const step of steps) {
    if (typeof step === 'number') await run.clock.advance(step)
    else run.actor.send(step)
    await run.clock.settle()
  }
  return run
}

const NEW = { mayTunnel: true, reach: 'unknown' } as const
const INSIDE = { mayTunnel: true, reach: 'refused' } as const
const found: NodeEvent = { type: 'network.found' }
const toldAll: NodeEvent = { type: 'network.told' }
const settled: NodeEvent = { type: 'probes.settled' }
const refused: NodeEvent = { type: 'reach.told', verdict: { type: 'refused' } }
const proven: NodeEvent = { type: 'reach.told', verdict: { type: 'proven', address: '192.0.2.1:8088', by: 'ash', atMs: 0 } }
const opened: NodeEvent = { type: 'tunnel.opened', address: '192.0.2.9:20000', atMs: 5_000 }
const provenAgain: NodeEvent = { type: 'tunnel.proven', address: '192.0.2.9:20000', atMs: 9_000 }
const closed: NodeEvent = { type: 'tunnel.closed', why: 'cut' }
const broke: NodeEvent = { type: 'tunnel.broke', why: 'cut' }
const better: NodeEvent = { type: 'turn.better', reason: 'elm is much nearer' }
const stop: NodeEvent = { type: 'node.stop' }
const JOINED = [found, toldAll, settled]

test.each<[string, Pick<NodeContext, 'mayTunnel' | 'reach'>, readonly (string | null)[], readonly Step[], readonly string[]]>([
  ['the first of its network serves', NEW, [], [{ type: 'network.empty' }], ['bootstrapping', 'serving']],
  ['who can be reached serves', NEW, [], [found, toldAll, proven, settled], ['bootstrapping', 'discovering', 'probing', 'serving']],
  ['who does not know yet serves', NEW, [], JOINED, ['bootstrapping', 'discovering', 'probing', 'serving']],
  ['discovery ends by itself', NEW, [], [found, 4_999], ['bootstrapping', 'discovering']],
  ['discovery ends by itself after 5 s', NEW, [], [found, 5_000], ['bootstrapping', 'discovering', 'probing']],
  ['the first pings hold up 2.5 s', NEW, [], [found, toldAll, 2_500], ['bootstrapping', 'discovering', 'probing', 'serving']],
  ['who has seeds that do not answer waits for them', NEW, [], [600_000], ['bootstrapping']],
  [
    'who can not be reached looks for a TURN',
    NEW,
    [null],
    [found, toldAll, refused, settled],
    ['bootstrapping', 'discovering', 'probing', 'selectingTurn'],
  ],
  ['who turns out unreachable while serving looks for a TURN', NEW, [null], [...JOINED, refused], ['serving', 'selectingTurn']],
  ['who may not tunnel serves all the same', { ...INSIDE, mayTunnel: false }, [], [...JOINED, refused], ['probing', 'serving']],
  ['a TURN found is tunnelled to', INSIDE, ['ash'], JOINED, ['selectingTurn', 'tunnelling.down']],
  ['an open tunnel is up', INSIDE, ['ash'], [...JOINED, opened], ['tunnelling.down', 'tunnelling.up']],
  [
    'a closed tunnel has the next TURN looked for',
    INSIDE,
    ['ash', 'elm'],
    [...JOINED, opened, closed],
    ['tunnelling.up', 'selectingTurn', 'tunnelling.down'],
  ],
  [
    'a tunnel that broke off is down until its TURN has taken it back',
    INSIDE,
    ['ash'],
    [...JOINED, opened, broke, opened],
    ['tunnelling.up', 'tunnelling.down', 'tunnelling.up'],
  ],
  [
    'a much nearer TURN is moved to',
    INSIDE,
    ['ash', 'elm'],
    [...JOINED, opened, better],
    ['tunnelling.up', 'selectingTurn', 'tunnelling.down'],
  ],
  ['who is reached while it looks for a TURN needs none', INSIDE, [null], [...JOINED, proven], ['selectingTurn', 'serving']],
  ['who is reached while the tunnel opens needs none', INSIDE, ['ash'], [...JOINED, proven], ['tunnelling.down', 'serving']],
  ['who is reached while tunnelling needs none', INSIDE, ['ash'], [...JOINED, opened, proven], ['tunnelling.up', 'serving']],
  [
    'who is reached no more looks again',
    INSIDE,
    ['ash', null],
    [...JOINED, opened, proven, refused],
    ['tunnelling.up', 'serving', 'selectingTurn'],
  ],
])('%s', async (_, input, turns, steps, expected) => {
  const { path } = await play(input, turns, steps)
  expect(path.slice(-expected.length)).toEqual(expected)
})

test.each<[string, readonly (string | null)[], readonly Step[], readonly string[]]>([
  ['bootstrapping', [], [], []],
  ['discovering', [], [found], []],
  ['probing', [], [found, toldAll], []],
  ['selectingTurn', [null], JOINED, []],
  ['tunnelling.down', ['ash'], JOINED, ['withdraw']],
  ['tunnelling.up', ['ash'], [...JOINED, opened], ['reviewTurn ended', 'withdraw']],
  ['serving', [null], [...JOINED, proven], ['directServices ended']],
])('stop ends the node from %s, and everything it runs', async (state, turns, steps, ended) => {
  const { actor, clock, told } = await play(INSIDE, turns, steps)
  expect(pathOf(actor.getSnapshot().value)).toEqual(state)
  told.length = 0
  actor.send(stop)
  expect([actor.getSnapshot().status, actor.getSnapshot().value, clock.timerCount]).toEqual(['done', 'stopped', 0])
  expect(told.toSorted()).toEqual([...ended, 'membership ended', 'turnServer ended'].toSorted())
})

const CHOSEN = { ash: 'chosen ash: because of ash', elm: 'chosen elm: because of elm' }
const ANNOUNCED = { ash: 'announce 192.0.2.9:20000 through ash', elm: 'announce 192.0.2.9:20000 through elm' }
const REVIEWED = { ash: 'reviewTurn of ash', elm: 'reviewTurn of elm' }

test('a TURN whose tunnel closed is doubted, and barred from the next search', async () => {
  const { searches, told } = await play(INSIDE, ['ash', 'elm', 'ash'], [...JOINED, opened, closed, closed])
  expect(searches).toEqual([[], ['ash'], ['ash', 'elm']])
  expect(told).toEqual([
    CHOSEN.ash,
    ANNOUNCED.ash,
    REVIEWED.ash,
    'withdraw',
    'doubt ash: cut',
    'reviewTurn ended',
    CHOSEN.elm,
    'withdraw',
    'doubt elm: cut',
    CHOSEN.ash,
  ])
})

test('a TURN whose tunnel broke off is not looked for: its address is withdrawn, and announced again', async () => {
  const { searches, told } = await play(INSIDE, ['ash'], [...JOINED, opened, broke, opened])
  expect(searches).toEqual([[]])
  expect(told).toEqual([
    CHOSEN.ash,
    ANNOUNCED.ash,
    REVIEWED.ash,
    'withdraw',
    'ash broke: cut',
    'reviewTurn ended',
    ANNOUNCED.ash,
    REVIEWED.ash,
  ])
})

test('a TURN that is left for a nearer one is neither doubted nor barred', async () => {
  const { searches, told } = await play(INSIDE, ['ash', 'elm'], [...JOINED, opened, better])
  expect(searches).toEqual([[], []])
  expect(told).toEqual([CHOSEN.ash, ANNOUNCED.ash, REVIEWED.ash, 'withdraw', 'reviewTurn ended', CHOSEN.elm])
})

test('direct services are opened whenever the node serves, and ended when it does no more', async () => {
  const { told } = await play(NEW, [null], [{ type: 'network.empty' }, refused, proven, refused])
  expect(told).toEqual(['directServices', 'directServices ended', 'directServices', 'directServices ended'])
})

test('a search that finds nobody for 15 s forgives everybody and starts again', async () => {
  const { searches } = await play(INSIDE, ['ash', null, null], [...JOINED, closed, 14_999])
  expect(searches).toEqual([[], ['ash']])
  const later = await play(INSIDE, ['ash', null, null], [...JOINED, closed, 15_000])
  expect(later.searches).toEqual([[], ['ash'], []])
})

test('15 s of an open tunnel forgive everybody', async () => {
  const { searches } = await play(INSIDE, ['ash', 'elm', 'ash'], [...JOINED, closed, opened, 15_000, closed])
  expect(searches).toEqual([[], ['ash'], ['elm']])
})

test('a proof renewed every few seconds does not keep it from forgiving', async () => {
  const { searches } = await play(
    INSIDE,
    ['ash', 'elm', 'ash'],
    [...JOINED, closed, opened, 7_000, provenAgain, 7_000, provenAgain, 1_000, closed],
  )
  expect(searches).toEqual([[], ['ash'], ['elm']])
})

const IDLE: NodeContext = { mayTunnel: true, reach: 'refused', choice: null, upSinceMs: null, provenAtMs: null, barred: [] }

test.each<[string, readonly Step[], NodeContext]>([
  ['chosen', JOINED, { ...IDLE, choice: choiceOf('ash') }],
  ['up', [...JOINED, opened], { ...IDLE, choice: choiceOf('ash'), upSinceMs: 5_000, provenAtMs: 5_000 }],
  ['proven again', [...JOINED, opened, provenAgain], { ...IDLE, choice: choiceOf('ash'), upSinceMs: 5_000, provenAtMs: 9_000 }],
  ['broken off', [...JOINED, opened, provenAgain, broke], { ...IDLE, choice: choiceOf('ash') }],
  ['closed', [...JOINED, opened, closed], { ...IDLE, barred: ['ash'] }],
  ['left for a nearer one', [...JOINED, opened, better], IDLE],
  ['not needed any more', [...JOINED, opened, proven], { ...IDLE, reach: 'proven' }],
])('what is known of a TURN once it is %s', async (_, steps, expected) => {
  const { actor } = await play(INSIDE, ['ash', null], steps)
  expect(actor.getSnapshot().context).toEqual(expected)
})

test('a renewed proof is announced too, for the age of a proof is told with it', async () => {
  const { told } = await play(INSIDE, ['ash'], [...JOINED, opened, provenAgain])
  expect(told).toEqual([CHOSEN.ash, ANNOUNCED.ash, REVIEWED.ash, ANNOUNCED.ash])
})

test('32 failures are remembered; the oldest makes room', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `turn${i}`)
  const { searches } = await play(INSIDE, names, [...JOINED, ...names.slice(1).map(() => closed)])
  expect(searches.at(-1)).toEqual(names.slice(7, 39))
})
