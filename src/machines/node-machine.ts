// The life of a node. Pure: every effect is an actor or action named here and provided in src/node.ts.
//
// Membership (joining, gossip, pings, speed tests, how this node is reached) lives as long as the node does, beside
// everything else; what it finds out arrives as events.
import { assign, type EventObject, fromCallback, fromPromise, setup } from 'xstate'
import { DISCOVER_TIMEOUT, FIRST_PROBES_TIMEOUT, TURN_BAR } from '../domain/timings.ts'
import type { TurnCandidate, TurnChoice } from '../domain/turn-choice.ts'
import { notProvided } from './not-provided.ts'
import { type TunnelFact, tunnelMachine } from './tunnel-machine.ts'

/** What membership tells the node. */
export type MembershipFact =
  /** There is nobody to ask: no seeds, an empty table. */
  | { readonly type: 'network.empty' }
  /** Somebody of the network answered. */
  | { readonly type: 'network.found' }
  /** Every seed that answered has told what it knows. */
  | { readonly type: 'network.told' }
  /** Every row has been pinged once. */
  | { readonly type: 'probes.settled' }
  /** Another node connected to this one at its address. */
  | { readonly type: 'reach.proven'; readonly address: string }
  /** Others could not connect to it, or it listens nowhere. */
  | { readonly type: 'reach.failed' }
  /** A TURN that is much nearer than the one in use, twice in a row. */
  | { readonly type: 'turn.better'; readonly reason: string }

export interface NodeContext {
  /** A TURN may be looked for: the configuration names one kind at least. */
  readonly mayTunnel: boolean
  /** `none`: others have tried and could not connect. */
  readonly reach: 'unknown' | 'proven' | 'none'
  readonly choice: TurnChoice | null
  /** Keys of TURNs that failed within `TURN_BAR`, once for each time. */
  readonly barred: readonly string[]
}

/** Failures remembered at once; the oldest makes room. */
const MOST_BARRED = 32

type NodeEvent = MembershipFact | TunnelFact | { readonly type: 'node.stop' }

export const nodeMachine = setup({
  types: {
    input: {} as Pick<NodeContext, 'mayTunnel' | 'reach'>,
    context: {} as NodeContext,
    events: {} as NodeEvent,
  },
  actors: {
    membership: fromCallback<EventObject, undefined>(notProvided('membership')),
    turnServer: fromCallback<EventObject, undefined>(notProvided('turnServer')),
    /** Settles as soon as there is a TURN to choose. */
    findTurn: fromPromise<TurnChoice, { barred: readonly string[] }>(notProvided('findTurn')),
    tunnel: tunnelMachine,
  },
  guards: {
    isReachable: ({ context }) => context.reach === 'proven',
    mustTunnel: ({ context }) => context.reach === 'none' && context.mayTunnel,
  },
  actions: {
    recordReach: assign((_, { reach }: { reach: NodeContext['reach'] }) => ({ reach })),
    recordChoice: assign((_, { choice }: { choice: TurnChoice }) => ({ choice })),
    barTurn: assign(({ context: { barred, choice } }) => ({ barred: choice ? [...barred, choice.turn.key].slice(-MOST_BARRED) : barred })),
    forgiveAll: assign({ barred: [] }),
    forgetTurn: assign({ choice: null }),
    announceTunnel: (_, _params: { turn: TurnCandidate | null; address: string }) => notProvided('announceTunnel')(),
    withdrawTunnel: notProvided('withdrawTunnel'),
    tellBreak: (_, _params: { turn: TurnCandidate | null; why: string }) => notProvided('tellBreak')(),
    doubtTurn: (_, _params: { turn: TurnCandidate | null; why: string }) => notProvided('doubtTurn')(),
  },
  delays: { discoverTimeout: DISCOVER_TIMEOUT, firstProbesTimeout: FIRST_PROBES_TIMEOUT, forgivePeriod: TURN_BAR },
}).createMachine({
  id: 'node',
  context: ({ input }) => ({ ...input, choice: null, barred: [] }),
  invoke: [
    { id: 'membership', src: 'membership' },
    { id: 'turnServer', src: 'turnServer' },
  ],
  initial: 'bootstrapping',
  on: {
    'node.stop': '.stopped',
    'reach.proven': { actions: { type: 'recordReach', params: { reach: 'proven' } } },
    'reach.failed': { actions: { type: 'recordReach', params: { reach: 'none' } } },
  },
  states: {
    bootstrapping: {
      on: { 'network.empty': 'serving', 'network.found': 'discovering' },
    },
    discovering: {
      on: { 'network.told': 'probing' },
      after: { discoverTimeout: 'probing' },
    },
    probing: {
      on: { 'probes.settled': 'deciding' },
      after: { firstProbesTimeout: 'deciding' },
    },
    deciding: {
      always: [{ guard: 'mustTunnel', target: 'selectingTurn' }, { target: 'serving' }],
    },
    serving: {
      entry: 'forgetTurn',
      always: { guard: 'mustTunnel', target: 'selectingTurn' },
    },
    selectingTurn: {
      entry: 'forgetTurn',
      always: { guard: 'isReachable', target: 'serving' },
      invoke: {
        id: 'findTurn',
        src: 'findTurn',
        input: ({ context: { barred } }) => ({ barred }),
        onDone: { target: 'tunnelling', actions: { type: 'recordChoice', params: ({ event }) => ({ choice: event.output }) } },
      },
      after: { forgivePeriod: { target: 'selectingTurn', reenter: true, actions: 'forgiveAll' } },
    },
    tunnelling: {
      always: { guard: 'isReachable', target: 'serving' },
      invoke: {
        id: 'tunnel',
        src: 'tunnel',
        systemId: 'tunnel',
        input: ({ context, self }) => ({ turn: (context.choice as TurnChoice).turn, parent: self }),
      },
      exit: 'withdrawTunnel',
      on: {
        'tunnel.closed': {
          target: 'selectingTurn',
          actions: [
            'barTurn',
            { type: 'doubtTurn', params: ({ context, event }) => ({ turn: context.choice?.turn ?? null, why: event.why }) },
          ],
        },
        'turn.better': 'selectingTurn',
      },
      initial: 'down',
      states: {
        down: { on: { 'tunnel.opened': 'up' } },
        up: {
          entry: {
            type: 'announceTunnel',
            params: ({ context, event }) => ({
              turn: context.choice?.turn ?? null,
              address: event.type === 'tunnel.opened' ? event.address : '',
            }),
          },
          on: {
            'tunnel.broke': {
              target: 'down',
              actions: [
                'withdrawTunnel',
                { type: 'tellBreak', params: ({ context, event }) => ({ turn: context.choice?.turn ?? null, why: event.why }) },
              ],
            },
          },
          after: { forgivePeriod: { actions: 'forgiveAll' } },
        },
      },
    },
    stopped: { type: 'final' },
  },
})
