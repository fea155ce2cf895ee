import { expect, test } from 'vitest'
import { type Standing, type StandingFacts, spanText, standing, stateWords } from '../../src/feed/standing.ts'

const START = Date.parse('2026-01-02T03:04:05.000Z')
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()
const NOW = START + 3_600_000

const facts = (node: Partial<StandingFacts['node']>, more: Partial<StandingFacts> = {}): StandingFacts => ({
  node: { state: 'bootstrapping', address: null, reachability: 'unknown', startedAt: at(0), ...node },
  turn: null,
  turns: [],
  services: [],
  health: [],
  ...more,
})
const services = (...states: readonly ('up' | 'opening' | 'down')[]): StandingFacts['services'] =>
  states.map((state, i) => ({ name: `web${i}`, state }))
const cedar = { name: 'cedar', rttMs: 12.3, provenAt: at(3_597) }
const tunnelled = { state: 'tunnelling.up', address: '203.0.113.9:21734', reachability: 'tunnelled' } as const
const direct = { state: 'serving', address: '203.0.113.9:8088', reachability: 'public' } as const
const cutOff = {
  level: 'error',
  text: 'nobody answers: this node may be cut off itself',
  fix: 'Check the network of this machine.',
} as const

test.each<readonly [string, StandingFacts, Standing]>([
  [
    'two tunnels, two of three services',
    facts(tunnelled, {
      turn: cedar,
      turns: [
        { ...cedar, state: 'open' },
        { name: 'ash', rttMs: 30, provenAt: at(3_590), state: 'open' },
        { name: 'elm', rttMs: 40, provenAt: at(3_590), state: 'retiring' },
      ],
      services: services('up', 'down', 'up'),
    }),
    {
      tone: 'warn',
      text: 'Reachable at 203.0.113.9:21734 through cedar (12 ms) and ash, proven 3 s ago; 2 of 3 services up.',
      short: 'reachable',
    },
  ],
  [
    'three tunnels are listed',
    facts(tunnelled, { turns: ['a', 'b', 'c'].map((name) => ({ ...cedar, name, state: 'open' })) }),
    { tone: 'good', text: 'Reachable at 203.0.113.9:21734 through a (12 ms), b and c, proven 3 s ago.', short: 'reachable' },
  ],
  [
    'one tunnel, though it wants two',
    facts(
      { ...tunnelled, state: 'tunnelling.degraded' },
      { turns: [{ ...cedar, state: 'open', rttMs: 2.34 }], services: services('up', 'up') },
    ),
    {
      tone: 'warn',
      text: 'Reachable at 203.0.113.9:21734 through cedar (2.3 ms), proven 3 s ago; a further tunnel is not open yet; both services up.',
      short: 'reachable',
    },
  ],
  [
    'a proof that is old',
    facts(tunnelled, { turns: [{ ...cedar, state: 'open', provenAt: at(3_300) }] }),
    { tone: 'warn', text: 'Reachable at 203.0.113.9:21734 through cedar (12 ms), proven 5 min ago.', short: 'reachable' },
  ],
  [
    'directly, with three services',
    facts(direct, { services: services('up', 'up', 'up') }),
    { tone: 'good', text: 'Reachable at 203.0.113.9:8088 directly; all 3 services up.', short: 'reachable' },
  ],
  [
    'directly',
    facts(direct, { services: services('up') }),
    { tone: 'good', text: 'Reachable at 203.0.113.9:8088 directly; service web0 is up.', short: 'reachable' },
  ],
  [
    'directly, with its only service down',
    facts(direct, { services: services('down') }),
    { tone: 'bad', text: 'Reachable at 203.0.113.9:8088 directly; service web0 is down.', short: 'service web0 is down' },
  ],
  [
    'directly, with a service on its way',
    facts(direct, { services: services('opening') }),
    { tone: 'warn', text: 'Reachable at 203.0.113.9:8088 directly; service web0 is being opened.', short: 'reachable' },
  ],
  [
    'directly, with something wrong',
    facts(direct, { health: [cutOff] }),
    {
      tone: 'warn',
      text: 'Reachable at 203.0.113.9:8088 directly; nobody answers: this node may be cut off itself.',
      short: 'reachable',
    },
  ],
  [
    'nobody carries it',
    facts({ state: 'selectingTurn' }, { services: services('down', 'down'), health: [cutOff] }),
    { tone: 'bad', text: 'Not reachable: looking for a TURN; 0 of 2 services up.', short: 'not reachable' },
  ],
  [
    'its tunnel is opened again',
    facts({ state: 'tunnelling.down' }, { turn: cedar }),
    { tone: 'bad', text: 'Not reachable: opening a tunnel through cedar.', short: 'not reachable' },
  ],
  [
    'tunnels, of which none is open',
    facts({ ...tunnelled, state: 'tunnelling.down' }, { turns: [{ ...cedar, state: 'opening' }] }),
    { tone: 'bad', text: 'Not reachable: opening a tunnel through cedar.', short: 'not reachable' },
  ],
  ['it has only begun', facts({ startedAt: at(3_590) }), { tone: 'warn', text: 'Starting: looking for the network.', short: 'starting' }],
  ['the network is not there', facts({}), { tone: 'bad', text: 'Not reachable: looking for the network.', short: 'not reachable' }],
  [
    'nobody has looked yet',
    facts({ state: 'serving' }),
    { tone: 'warn', text: 'Nobody has proven yet that others can connect: listening for others.', short: 'not proven' },
  ],
  ['it has stopped', facts({ state: 'stopped' }), { tone: 'bad', text: 'Stopped.', short: 'stopped' }],
])('%s', (_, given, expected) => expect(standing(given, NOW)).toEqual(expected))

test.each([
  ['selectingTurn', null, 'Looking for a TURN'],
  ['tunnelling.down', 'cedar', 'Opening a tunnel through cedar'],
  ['tunnelling.up', null, 'Reached through a tunnel'],
  ['a.new.state', null, 'a.new.state'],
])('the state %s in words', (state, turn, words) => expect(stateWords(state, turn)).toEqual(words))

test.each([
  [-5_000, '0 s'],
  [89_000, '89 s'],
  [90_000, '2 min'],
  [5_400_000, '2 h'],
  [200_000_000, '2 d'],
])('%d ms are %s', (ms, text) => expect(spanText(ms)).toEqual(text))
