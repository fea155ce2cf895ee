import { expect, test } from 'vitest'
import { createActor, type EventObject, fromCallback, fromPromise, setup } from 'xstate'
import type { TurnCandidate } from '../../src/domain/turn-choice.ts'
import { pathOf } from '../../src/feed/inspection.ts'
import { type LinkFact, type TunnelCommand, type TunnelFact, tunnelMachine } from '../../src/machines/tunnel-machine.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const TURN: TurnCandidate = {
  key: 'ash',
  id: 'ash',
  name: 'ash',
  address: '192.0.2.7:8088',
  kind: 'moonwalk',
  rttMs: 1,
  alive: true,
  offersTurn: true,
  behindNat: false,
}

/** The node, as far as its tunnel knows it. */
const listener = (told: TunnelFact[]) =>
  setup({ types: { events: {} as TunnelFact } }).createMachine({ on: { '*': { actions: ({ event }) => told.push(event) } } })

type Port = { readonly address: string } | { readonly why: string } | null

/** `port` null: the TURN never says. Numbers let time pass, facts come from the link. */
async function play(port: Port, steps: readonly (LinkFact | TunnelCommand | number)[]) {
  const clock = new VirtualClock()
  const told: TunnelFact[] = []
  const links: string[] = []
  const parent = createActor(listener(told), { clock }).start()
  const machine = tunnelMachine.provide({
    actors: {
      askPort: fromPromise(() => (port === null ? new Promise(() => {}) : Promise.resolve(port))),
      link: fromCallback<EventObject, { turn: TurnCandidate; frpAddress: string }>(({ input, receive }) => {
        links.push(`linked to ${input.turn.name} at ${input.frpAddress}`)
        receive(({ type }) => links.push(type))
        return () => links.push('link ended')
      }),
    },
  })
  const actor = createActor(machine, { clock, input: { turn: TURN, parent } })
  const path: string[] = []
  actor.subscribe(({ value }) => {
    const state = pathOf(value)
    if (state !== path.at(-1)) path.push(state)
  })
  actor.start()
  await clock.settle()
  for (const step of steps) {
    if (typeof step === 'number') await clock.advance(step)
    else actor.send(step)
  }
  return { actor, told, links, path, timers: clock.timerCount }
}

const AT: Port = { address: '192.0.2.7:7000' }
const loggedIn: LinkFact = { type: 'link.loggedIn' }
const proven: LinkFact = { type: 'link.proven', address: '192.0.2.7:20000', atMs: 5_000 }
const provenAgain: LinkFact = { ...proven, atMs: 9_000 }
const closed: LinkFact = { type: 'link.closed', why: 'connection reset' }
const unproven: LinkFact = { type: 'link.unproven', why: 'nobody comes through' }
const retire: TunnelCommand = { type: 'tunnel.retire' }
const resume: TunnelCommand = { type: 'tunnel.resume' }
const cut: LinkFact = { ...closed, cut: true }
const refused: LinkFact = { type: 'link.closed', why: 'connection refused', cut: false }
const broke: TunnelFact = { type: 'tunnel.broke', turn: 'ash', why: 'connection reset' }
const opened: TunnelFact = { type: 'tunnel.opened', turn: 'ash', address: '192.0.2.7:20000', atMs: 5_000 }
const openedAgain: TunnelFact = { ...opened, atMs: 9_000 }
const OPEN = ['asking', 'linked.loggingIn', 'linked.proving', 'linked.open']

test.each<[string, Port, readonly (LinkFact | TunnelCommand | number)[], readonly string[], readonly TunnelFact[]]>([
  ['it asks for the port', null, [7_999], ['asking'], []],
  [
    'a TURN that never says its port is given up after 8 s',
    null,
    [8_000],
    ['asking', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'the TURN did not say its frp port in time' }],
  ],
  [
    'a TURN that has no port is given up at once',
    { why: 'no' },
    [],
    ['asking', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'no' }],
  ],
  ['it logs in at the port', AT, [7_999], ['asking', 'linked.loggingIn'], []],
  [
    'a login without answer is given up after 8 s',
    AT,
    [8_000],
    ['asking', 'linked.loggingIn', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'the TURN did not answer the login in time' }],
  ],
  ['a login is no proof', AT, [loggedIn, 7_999], ['asking', 'linked.loggingIn', 'linked.proving'], []],
  [
    'a proof that does not come is given up after 8 s of its own',
    AT,
    [7_999, loggedIn, 8_000],
    ['asking', 'linked.loggingIn', 'linked.proving', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'nothing came through the TURN in time' }],
  ],
  [
    'a proven address opens it, for as long as the link lives',
    AT,
    [loggedIn, proven, 600_000],
    ['asking', 'linked.loggingIn', 'linked.proving', 'linked.open'],
    [opened],
  ],
  [
    'each renewed proof of an open one is told, with its own time',
    AT,
    [loggedIn, proven, provenAgain],
    OPEN,
    [opened, { type: 'tunnel.proven', turn: 'ash', address: '192.0.2.7:20000', atMs: 9_000 }],
  ],
  [
    'one that was cut is open since the first proof of its second login',
    AT,
    [loggedIn, proven, cut, loggedIn, provenAgain],
    [...OPEN, 'linked.loggingIn', 'linked.proving', 'linked.open'],
    [opened, broke, openedAgain],
  ],
  [
    'an open one that nobody comes through any more is tried for 8 s more',
    AT,
    [loggedIn, proven, unproven, 7_999, provenAgain],
    [...OPEN, 'linked.proving', 'linked.open'],
    [opened, { type: 'tunnel.broke', turn: 'ash', why: 'nobody comes through' }, openedAgain],
  ],
  [
    'and is then given up',
    AT,
    [loggedIn, proven, unproven, 8_000],
    [...OPEN, 'linked.proving', 'closed'],
    [
      opened,
      { type: 'tunnel.broke', turn: 'ash', why: 'nobody comes through' },
      { type: 'tunnel.closed', turn: 'ash', why: 'nothing came through the TURN in time' },
    ],
  ],
  [
    'one that retires says nothing until its link ends',
    AT,
    [loggedIn, proven, retire, provenAgain, 600_000],
    [...OPEN, 'linked.retiring'],
    [opened],
  ],
  [
    'one that retires ends with its link',
    AT,
    [loggedIn, proven, retire, { type: 'link.closed', why: 'its users are gone' }],
    [...OPEN, 'linked.retiring', 'closed'],
    [opened, { type: 'tunnel.closed', turn: 'ash', why: 'its users are gone' }],
  ],
  ['one that retires is told so once', AT, [loggedIn, proven, retire, retire], [...OPEN, 'linked.retiring'], [opened]],
  [
    'one that retires and is needed again is open once it is proven anew',
    AT,
    [loggedIn, proven, retire, resume, provenAgain],
    [...OPEN, 'linked.retiring', 'linked.proving', 'linked.open'],
    [opened, openedAgain],
  ],
  [
    'and has 8 s for that',
    AT,
    [loggedIn, proven, retire, resume, 8_000],
    [...OPEN, 'linked.retiring', 'linked.proving', 'closed'],
    [opened, { type: 'tunnel.closed', turn: 'ash', why: 'nothing came through the TURN in time' }],
  ],
  ['one that is open need not be needed again', AT, [loggedIn, proven, resume], OPEN, [opened]],
  [
    'one that is not open yet and is to retire ends at once',
    AT,
    [loggedIn, retire],
    ['asking', 'linked.loggingIn', 'linked.proving', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'it was not needed any more' }],
  ],
  ['a proof before the login counts for nothing', AT, [proven], ['asking', 'linked.loggingIn'], []],
  [
    'the link may end while logging in',
    AT,
    [closed],
    ['asking', 'linked.loggingIn', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'connection reset' }],
  ],
  [
    'the link may end while proving',
    AT,
    [loggedIn, closed],
    ['asking', 'linked.loggingIn', 'linked.proving', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'connection reset' }],
  ],
  [
    'the link may end while open',
    AT,
    [loggedIn, proven, closed],
    ['asking', 'linked.loggingIn', 'linked.proving', 'linked.open', 'closed'],
    [opened, { type: 'tunnel.closed', turn: 'ash', why: 'connection reset' }],
  ],
  [
    'an open one that is cut logs in again at once, without asking for the port',
    AT,
    [loggedIn, proven, cut, loggedIn, proven],
    [...OPEN, 'linked.loggingIn', 'linked.proving', 'linked.open'],
    [opened, broke, opened],
  ],
  [
    'one that is cut before it is open is given up',
    AT,
    [loggedIn, cut],
    ['asking', 'linked.loggingIn', 'linked.proving', 'closed'],
    [{ type: 'tunnel.closed', turn: 'ash', why: 'connection reset' }],
  ],
  [
    'who is refused when it logs in again gives up, and says both',
    AT,
    [loggedIn, proven, cut, refused],
    [...OPEN, 'linked.loggingIn', 'closed'],
    [opened, broke, { type: 'tunnel.closed', turn: 'ash', why: 'connection reset; then, logging in again: connection refused' }],
  ],
  ['the second login has 1.5 s', AT, [loggedIn, proven, cut, 1_499], [...OPEN, 'linked.loggingIn'], [opened, broke]],
  [
    'and no more',
    AT,
    [loggedIn, proven, cut, 1_500],
    [...OPEN, 'linked.loggingIn', 'closed'],
    [
      opened,
      broke,
      { type: 'tunnel.closed', turn: 'ash', why: 'connection reset; then, logging in again: the TURN did not answer the login in time' },
    ],
  ],
  [
    'one that is cut twice within 15 s is given up',
    AT,
    [loggedIn, proven, cut, loggedIn, proven, 14_999, cut],
    [...OPEN, 'linked.loggingIn', 'linked.proving', 'linked.open', 'closed'],
    [opened, broke, opened, { type: 'tunnel.closed', turn: 'ash', why: 'connection reset' }],
  ],
  [
    'one that was well for 15 s in between is not',
    AT,
    [loggedIn, proven, cut, loggedIn, proven, 15_000, cut],
    [...OPEN, 'linked.loggingIn', 'linked.proving', 'linked.open', 'linked.loggingIn'],
    [opened, broke, opened, broke],
  ],
])('%s', async (_, port, steps, path, told) => {
  const run = await play(port, steps)
  expect([run.path, run.told]).toEqual([path, told])
})

test('the link is made once, at the address that the TURN named, and ended with the tunnel', async () => {
  const { links, timers } = await play(AT, [loggedIn, proven, closed])
  expect([links, timers]).toEqual([['linked to ash at 192.0.2.7:7000', 'link ended'], 0])
})

test('the link is told that its tunnel retires, and that it is needed again', async () => {
  const { links } = await play(AT, [loggedIn, proven, retire, resume])
  expect(links).toEqual(['linked to ash at 192.0.2.7:7000', 'link.retire', 'link.resume'])
})

test('a tunnel that is cut ends its link before it makes the next', async () => {
  const { links } = await play(AT, [loggedIn, proven, cut])
  const made = 'linked to ash at 192.0.2.7:7000'
  expect(links).toEqual([made, 'link ended', made])
})

test('a tunnel that is stopped ends its link and tells nobody', async () => {
  const { actor, links, told } = await play(AT, [loggedIn])
  actor.stop()
  expect([links, told]).toEqual([['linked to ash at 192.0.2.7:7000', 'link ended'], []])
})
