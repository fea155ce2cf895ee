// The life of a node. Pure: every effect is an actor or action named here and provided by src/node-implementations.ts.
//
// Membership (joining, gossip, pings, speed tests, how this node is reached) lives as long as the node does, beside
// everything else; what it finds out arrives as events.
import { assign, type EventObject, fromCallback, fromPromise, setup } from 'xstate'
import { DISCOVER_TIMEOUT, FIRST_PROBES_TIMEOUT, TURN_BAR } from '../domain/timings.ts'
import type { TurnCandidate, TurnChoice } from '../domain/turn-choice.ts'
import { notProvided } from './not-provided.ts'
import type { Verdict } from './reach-machine.ts'
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
  /** How this node is reached from outside has changed, or was proven again. */
  | { readonly type: 'reach.told'; readonly verdict: Verdict }

/** What the review of the TURN in use tells. */
export type ReviewFact =
  /** A TURN that is much nearer than the one in use, twice in a row. */
  { readonly type: 'turn.better'; readonly reason: string }

export interface NodeContext {
  /** A TURN may be looked for: the configuration names one kind at least. */
  readonly mayTunnel: boolean
  readonly reach: Verdict['type']
  readonly choice: TurnChoice | null
  /** Wall time since when the tunnel in use is up; null while none is. */
  readonly upSinceMs: number | null
  /** Wall time of the last proof that this node answers through it. */
  readonly provenAtMs: number | null
  /** Keys of TURNs that failed within `TURN_BAR`, once for each time. */
  readonly barred: readonly string[]
}

/** Failures remembered at once; the oldest makes room. */
const MOST_BARRED = 32

type NodeEvent = MembershipFact | ReviewFact | TunnelFact | { readonly type: 'node.stop' }

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
    /** Looks now and then for a TURN that is much nearer than the one given. */
    reviewTurn: fromCallback<EventObject, { turn: TurnCandidate }>(notProvided('reviewTurn')),
    /** Opens ports of this node's own for its services. */
    directServices: fromCallback<EventObject, undefined>(notProvided('directServices')),
  },
  guards: {
    isReachable: ({ context }) => context.reach === 'proven',
    mustTunnel: ({ context }) => context.reach === 'refused' && context.mayTunnel,
  },
  actions: {
    recordReach: assign((_, { reach }: { reach: NodeContext['reach'] }) => ({ reach })),
    recordChoice: assign((_, { choice }: { choice: TurnChoice }) => ({ choice })),
    barTurn: assign(({ context: { barred, choice } }) => ({ barred: choice ? [...barred, choice.turn.key].slice(-MOST_BARRED) : barred })),
    forgiveAll: assign({ barred: [] }),
    forgetTurn: assign({ choice: null }),
    recordUp: assign((_, { atMs }: { atMs: number }) => ({ upSinceMs: atMs, provenAtMs: atMs })),
    recordProof: assign((_, { atMs }: { atMs: number }) => ({ provenAtMs: atMs })),
    forgetProof: assign({ upSinceMs: null, provenAtMs: null }),
    tellChoice: (_, _params: { choice: TurnChoice }) => notProvided('tellChoice')(),
    announceTunnel: (_, _params: { turn: TurnCandidate | null; address: string }) => notProvided('announceTunnel')(),
    withdrawTunnel: notProvided('withdrawTunnel'),
    tellBreak: (_, _params: { turn: TurnCandidate | null; why: string }) => notProvided('tellBreak')(),
    doubtTurn: (_, _params: { turn: TurnCandidate | null; why: string }) => notProvided('doubtTurn')(),
  },
  delays: { discoverTimeout: DISCOVER_TIMEOUT, firstProbesTimeout: FIRST_PROBES_TIMEOUT, forgivePeriod: TURN_BAR },
}).createMachine({
  id: 'node',
  context: ({ input }) => ({ ...input, choice: null, upSinceMs: null, provenAtMs: null, barred: [] }),
  invoke: [
    { id: 'membership', src: 'membership' },
    { id: 'turnServer', src: 'turnServer' },
  ],
  initial: 'bootstrapping',
  on: {
    'node.stop': '.stopped',
    'reach.told': { actions: { type: 'recordReach', params: ({ event }) => ({ reach: event.verdict.type }) } },
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
      invoke: { id: 'directServices', src: 'directServices' },
    },
    selectingTurn: {
      entry: 'forgetTurn',
      always: { guard: 'isReachable', target: 'serving' },
      invoke: {
        id: 'findTurn',
        src: 'findTurn',
        input: ({ context: { barred } }) => ({ barred }),
        onDone: {
          target: 'tunnelling',
          actions: [
            { type: 'recordChoice', params: ({ event }) => ({ choice: event.output }) },
            { type: 'tellChoice', params: ({ event }) => ({ choice: event.output }) },
          ],
        },
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
      exit: ['forgetProof', 'withdrawTunnel'],
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
        down: {
          on: {
            'tunnel.opened': {
              target: 'up',
              actions: [
                { type: 'recordUp', params: ({ event }) => event },
                {
                  type: 'announceTunnel',
                  params: ({ context, event }) => ({ turn: context.choice?.turn ?? null, address: event.address }),
                },
              ],
            },
          },
        },
        up: {
          invoke: { id: 'reviewTurn', src: 'reviewTurn', input: ({ context }) => ({ turn: (context.choice as TurnChoice).turn }) },
          on: {
            'tunnel.proven': {
              actions: [
                { type: 'recordProof', params: ({ event }) => event },
                {
                  type: 'announceTunnel',
                  params: ({ context, event }) => ({ turn: context.choice?.turn ?? null, address: event.address }),
                },
              ],
            },
            'tunnel.broke': {
              target: 'down',
              actions: [
                'forgetProof',
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
