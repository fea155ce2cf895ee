import { expect, test } from 'vitest'
import { createActor, type EventFromLogic, type EventObject, fromCallback, fromPromise } from 'xstate'
import type { TurnCandidate, TurnChoice } from '../../src/domain/turn-choice.ts'
import { pathOf } from '../../src/feed/inspection.ts'
import { announced } from '../../src/machines/held-tunnels.ts'
import { type NodeContext, nodeMachine, type ScoutNews } from '../../src/machines/node-machine.ts'
import { type PortAnswer, tunnelMachine } from '../../src/machines/tunnel-machine.ts'
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

/** The tunnel's own machine has its own tests: here it does nothing of itself, and ends at once when it is to retire. */
const idleTunnel = tunnelMachine.provide({
  actors: { askPort: fromPromise(() => new Promise(() => {})) },
  delays: { openTimeout: 2 ** 30 },
})

/** One that opens by itself. */
const openTunnel = tunnelMachine.provide({
  actors: {
    askPort: fromPromise<PortAnswer, { turn: TurnCandidate }>(async () => ({ address: '192.0.2.7:7000' })),
    link: fromCallback<EventObject, { turn: TurnCandidate; frpAddress: string }>(({ input: { turn }, sendBack, receive }) => {
      const prove = (): void => sendBack({ type: 'link.proven', address: AT[turn.name], atMs: 5_000 })
      sendBack({ type: 'link.loggedIn' })
      prove()
      receive(({ type }) => type === 'link.resume' && prove())
    }),
  },
})

/** A node whose scout says what the test has it say. */
function start(input: Pick<NodeContext, 'mayTunnel' | 'reach'>, tunnel: typeof tunnelMachine = idleTunnel) {
  const clock = new VirtualClock()
  const told: string[] = []
  /** What the scout was told last. */
  const scouted: string[] = []
  const machine = nodeMachine.provide({
    actors: {
      membership: fromCallback(() => () => told.push('membership ended')),
      turnServer: fromCallback(() => () => told.push('turnServer ended')),
      scout: fromCallback<ScoutNews, undefined>(({ receive }) => {
        receive((news) => {
          const held = news.type === 'turns.held' ? news.held.map(({ key, state }) => `${key} ${state}`).join(', ') : ''
          scouted.push(news.type === 'turn.failed' ? `${news.turn} failed` : `${news.isWanted ? 'wanted' : 'not wanted'}: ${held}`)
        })
      }),
      tunnel,
      directServices: fromCallback<EventObject, undefined>(({ receive }) => receive(({ type }) => void told.push(type))),
    },
    actions: {
      tellChoice: (_, { choice }) => told.push(`chosen ${choice.turn.name}: ${choice.reason}`),
      announceTunnels: ({ context: { tunnels } }) => {
        const places = announced(tunnels).map(({ turn, address }) => `${address} through ${turn.name}`)
        const said = places.length === 0 ? 'withdraw' : `announce ${places.join(', ')}`
        if (said !== (told.findLast((line) => /^(announce|withdraw)/.test(line)) ?? 'withdraw')) told.push(said)
      },
      tellBreak: (_, { turn, why }) => told.push(`${turn.name} broke: ${why}`),
      doubtTurn: (_, { turn, why }) => told.push(`doubt ${turn.name}: ${why}`),
    },
  })
  const actor = createActor(machine, { clock, input })
  const path: string[] = []
  actor.subscribe(({ value }) => {
    const state = pathOf(value)
    if (state !== path.at(-1)) path.push(state)
  })
  actor.start()
  return {
    actor,
    clock,
    told,
    scouted,
    path,
    held: () => actor.getSnapshot().context.tunnels.map(({ choice, state }) => `${choice.turn.name} ${state}`),
  }
}

type Step = NodeEvent | number

async function play(input: Pick<NodeContext, 'mayTunnel' | 'reach'>, steps: readonly Step[], tunnel?: typeof tunnelMachine) {
  const run = start(input, tunnel)
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
const AT: Readonly<Record<string, string>> = { ash: '192.0.2.1:20000', elm: '192.0.3.1:20000', oak: '192.0.4.1:20000' }
const turn = (name: string, other: { readonly replaces?: string; readonly isFirst?: boolean } = {}): NodeEvent => ({
  type: 'turn.found',
  choice: choiceOf(name),
  replaces: other.replaces ?? null,
  isFirst: other.isFirst ?? false,
})
const could = (count: number): NodeEvent => ({ type: 'turns.could', count })
const opened = (name: string): NodeEvent => ({ type: 'tunnel.opened', turn: name, address: AT[name] ?? '', atMs: 5_000 })
const provenAgain = (name: string): NodeEvent => ({ type: 'tunnel.proven', turn: name, address: AT[name] ?? '', atMs: 9_000 })
const closed = (name: string): NodeEvent => ({ type: 'tunnel.closed', turn: name, why: 'cut' })
const broke = (name: string): NodeEvent => ({ type: 'tunnel.broke', turn: name, why: 'cut' })
const stop: NodeEvent = { type: 'node.stop' }
const JOINED = [found, toldAll, settled]
/** Both tunnels that could be are open. */
const BOTH = [...JOINED, could(2), turn('ash'), opened('ash'), turn('elm'), opened('elm')]

test.each<[string, Pick<NodeContext, 'mayTunnel' | 'reach'>, readonly Step[], readonly string[]]>([
  ['the first of its network serves', NEW, [{ type: 'network.empty' }], ['bootstrapping', 'serving']],
  ['who can be reached serves', NEW, [found, toldAll, proven, settled], ['bootstrapping', 'discovering', 'probing', 'serving']],
  ['who does not know yet serves', NEW, JOINED, ['bootstrapping', 'discovering', 'probing', 'serving']],
  ['discovery ends by itself', NEW, [found, 4_999], ['bootstrapping', 'discovering']],
  ['discovery ends by itself after 5 s', NEW, [found, 5_000], ['bootstrapping', 'discovering', 'probing']],
  ['the first pings hold up 2.5 s', NEW, [found, toldAll, 2_500], ['bootstrapping', 'discovering', 'probing', 'serving']],
  ['who has seeds that do not answer waits for them', NEW, [600_000], ['bootstrapping']],
  [
    'who can not be reached looks for a TURN',
    NEW,
    [found, toldAll, refused, settled],
    ['bootstrapping', 'discovering', 'probing', 'selectingTurn'],
  ],
  ['who turns out unreachable while serving looks for a TURN', NEW, [...JOINED, refused], ['serving', 'selectingTurn']],
  ['who may not tunnel serves all the same', { ...INSIDE, mayTunnel: false }, [...JOINED, refused], ['probing', 'serving']],
  ['a TURN found is tunnelled to', INSIDE, [...JOINED, turn('ash')], ['selectingTurn', 'tunnelling.down']],
  ['the only tunnel that could be is up', INSIDE, [...JOINED, could(1), turn('ash'), opened('ash')], ['tunnelling.down', 'tunnelling.up']],
  [
    'one of two that could be is degraded',
    INSIDE,
    [...JOINED, could(2), turn('ash'), opened('ash')],
    ['tunnelling.down', 'tunnelling.degraded'],
  ],
  ['both that could be are up', INSIDE, BOTH, ['tunnelling.down', 'tunnelling.degraded', 'tunnelling.up']],
  [
    'a second TURN that appears is a tunnel that is missing',
    INSIDE,
    [...JOINED, could(1), turn('ash'), opened('ash'), could(2), turn('elm'), opened('elm')],
    ['tunnelling.up', 'tunnelling.degraded', 'tunnelling.up'],
  ],
  [
    'one of two that is lost is missed while another could be',
    INSIDE,
    [...BOTH, closed('ash'), turn('oak'), opened('oak')],
    ['tunnelling.up', 'tunnelling.degraded', 'tunnelling.up'],
  ],
  [
    'one of two that is lost is not missed where no other could be',
    INSIDE,
    [...BOTH, could(1), closed('ash')],
    ['tunnelling.degraded', 'tunnelling.up'],
  ],
  [
    'a closed tunnel, the only one, has the next TURN looked for',
    INSIDE,
    [...JOINED, could(1), turn('ash'), opened('ash'), closed('ash'), turn('elm')],
    ['tunnelling.up', 'selectingTurn', 'tunnelling.down'],
  ],
  [
    'a tunnel that broke off, the only one, is down until its TURN has taken it back',
    INSIDE,
    [...JOINED, could(1), turn('ash'), opened('ash'), broke('ash'), opened('ash')],
    ['tunnelling.up', 'tunnelling.down', 'tunnelling.up'],
  ],
  ['who is reached while it looks for a TURN needs none', INSIDE, [...JOINED, proven], ['selectingTurn', 'serving']],
  ['who is reached while the tunnel opens needs none', INSIDE, [...JOINED, turn('ash'), proven], ['tunnelling.down', 'serving']],
  ['who is reached while tunnelling needs none', INSIDE, [...BOTH, proven], ['tunnelling.up', 'serving']],
  ['who is reached no more looks again', INSIDE, [...BOTH, proven, refused], ['tunnelling.up', 'serving', 'selectingTurn']],
])('%s', async (_, input, steps, expected) => {
  const { path } = await play(input, steps)
  expect(path.slice(-expected.length)).toEqual(expected)
})

test.each<[string, readonly Step[], readonly string[]]>([
  ['bootstrapping', [], []],
  ['discovering', [found], []],
  ['probing', [found, toldAll], []],
  ['selectingTurn', JOINED, []],
  ['tunnelling.down', [...JOINED, turn('ash')], []],
  ['tunnelling.degraded', [...JOINED, could(2), turn('ash'), opened('ash')], ['withdraw']],
  ['tunnelling.up', BOTH, ['withdraw']],
  ['serving', [...JOINED, proven], ['ports.retire']],
])('stop ends the node from %s, and everything it runs', async (state, steps, ended) => {
  const { actor, clock, told } = await play(INSIDE, steps)
  expect(pathOf(actor.getSnapshot().value)).toEqual(state)
  const before = told.splice(0)
  if (ended.includes('withdraw')) told.push(...before.filter((line) => line.startsWith('announce')).slice(-1))
  const kept = told.length
  actor.send(stop)
  expect([actor.getSnapshot().status, actor.getSnapshot().value, clock.timerCount]).toEqual(['done', 'stopped', 0])
  expect(told.slice(kept).toSorted()).toEqual([...ended, 'membership ended', 'turnServer ended'].toSorted())
})

const CHOSEN = { ash: 'chosen ash: because of ash', elm: 'chosen elm: because of elm', oak: 'chosen oak: because of oak' }
const [ASH, ELM, OAK] = [`${AT.ash} through ash`, `${AT.elm} through elm`, `${AT.oak} through oak`]

test.each<[string, readonly Step[], readonly string[], readonly string[]]>([
  [
    'the first that is open comes first',
    BOTH,
    ['ash open', 'elm open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`],
  ],
  [
    'when the first is lost the next is announced in the same moment',
    [...BOTH, closed('ash')],
    ['elm open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, `announce ${ELM}`, 'doubt ash: cut'],
  ],
  [
    'when the first breaks off the next is announced, and stays the first',
    [...BOTH, broke('ash'), opened('ash')],
    ['elm open', 'ash open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, `announce ${ELM}`, 'ash broke: cut', `announce ${ELM}, ${ASH}`],
  ],
  [
    'a better one is announced before the one that it replaces is left',
    [...BOTH, turn('oak', { replaces: 'elm', isFirst: true }), opened('oak')],
    ['oak open', 'ash open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, CHOSEN.oak, `announce ${OAK}, ${ASH}`],
  ],
  [
    'one that replaces another takes its place',
    [...BOTH, turn('oak', { replaces: 'ash' }), opened('oak')],
    ['oak open', 'elm open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, CHOSEN.oak, `announce ${OAK}, ${ELM}`],
  ],
  [
    'one that fails replaces nobody',
    [...BOTH, turn('oak', { replaces: 'elm' }), closed('oak')],
    ['ash open', 'elm open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, CHOSEN.oak, 'doubt oak: cut'],
  ],
  [
    'the scout may rank another first',
    [...BOTH, { type: 'turn.first', turn: 'elm' }],
    ['elm open', 'ash open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, `announce ${ELM}, ${ASH}`],
  ],
  [
    'one that retires is announced no more, and nobody is doubted when it ends',
    [...BOTH, { type: 'turn.retire', turn: 'ash' }, closed('ash')],
    ['elm open'],
    [CHOSEN.ash, `announce ${ASH}`, CHOSEN.elm, `announce ${ASH}, ${ELM}`, `announce ${ELM}`],
  ],
])('%s', async (_, steps, held, told) => {
  const run = await play(INSIDE, steps)
  expect([run.held(), run.told]).toEqual([held, told])
})

test.each<[string, readonly Step[], readonly string[], readonly string[]]>([
  ['leaves its tunnels to their users', [], ['ash retiring', 'elm retiring'], ['withdraw', 'ports.open']],
  ['misses none of them when it ends', [closed('elm')], ['ash retiring'], ['withdraw', 'ports.open']],
  [
    'takes one back that is needed again, and opens one that is new',
    [refused, turn('elm'), turn('oak')],
    ['elm open', 'oak open', 'ash retiring'],
    ['withdraw', 'ports.open', 'ports.retire', CHOSEN.elm, `announce ${ELM}`, CHOSEN.oak, `announce ${ELM}, ${OAK}`],
  ],
  ['ends them with itself', [stop], [], ['withdraw', 'ports.open', 'ports.retire']],
])('who is reached itself %s', async (_, steps, held, told) => {
  const run = await play(INSIDE, [...JOINED, could(2), turn('ash'), turn('elm'), proven, ...steps], openTunnel)
  const later = run.told.slice(run.told.lastIndexOf('withdraw')).filter((line) => !/^(membership|turnServer)/.test(line))
  expect([run.held(), later]).toEqual([held, told])
})

test('the scout hears what is held after each change, and who failed', async () => {
  const { scouted } = await play(INSIDE, [...JOINED, turn('ash'), opened('ash'), broke('ash'), closed('ash'), proven])
  expect(scouted.filter((line, i) => line !== scouted[i - 1])).toEqual([
    'wanted: ',
    'wanted: ash opening',
    'wanted: ash open',
    'wanted: ash opening',
    'ash failed',
    'wanted: ',
    'not wanted: ',
  ])
})

test('own ports carry the services whenever the node serves, and retire when it does no more', async () => {
  const { told } = await play(NEW, [{ type: 'network.empty' }, refused, proven, refused])
  expect(told).toEqual(['ports.open', 'ports.retire', 'ports.open', 'ports.retire'])
})

test.each<[string, readonly Step[], readonly object[]]>([
  ['chosen', [...JOINED, turn('ash')], [{ state: 'opening', address: null, sinceMs: null, provenAtMs: null }]],
  ['up', [...JOINED, turn('ash'), opened('ash')], [{ state: 'open', address: AT.ash, sinceMs: 5_000, provenAtMs: 5_000 }]],
  [
    'proven again',
    [...JOINED, turn('ash'), opened('ash'), provenAgain('ash')],
    [{ state: 'open', address: AT.ash, sinceMs: 5_000, provenAtMs: 9_000 }],
  ],
  [
    'broken off',
    [...JOINED, turn('ash'), opened('ash'), provenAgain('ash'), broke('ash')],
    [{ state: 'opening', address: null, sinceMs: null, provenAtMs: null }],
  ],
  ['closed', [...JOINED, turn('ash'), opened('ash'), closed('ash')], []],
  ['not needed any more', [...JOINED, turn('ash'), opened('ash'), proven], []],
])('what is known of a tunnel once it is %s', async (_, steps, expected) => {
  const { actor } = await play(INSIDE, steps)
  const { tunnels } = actor.getSnapshot().context
  expect(tunnels).toEqual(expected.map((one) => ({ choice: choiceOf('ash'), replaces: null, isFirst: false, ...one })))
})
