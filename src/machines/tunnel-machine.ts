// One tunnel to one TURN, from asking for its port to the end. The seed's steps, with proofs where it sleeps.
import { type ActorRef, assign, type EventObject, fromCallback, fromPromise, type Snapshot, sendTo, setup } from 'xstate'
import { TUNNEL_OPEN_TIMEOUT } from '../domain/timings.ts'
import type { TurnCandidate } from '../domain/turn-choice.ts'
import { notProvided } from './not-provided.ts'

/** What a tunnel tells the one who started it. */
export type TunnelFact =
  | { readonly type: 'tunnel.opened'; readonly address: string }
  | { readonly type: 'tunnel.closed'; readonly why: string }

/** What the link tells the tunnel. */
export type LinkFact =
  | { readonly type: 'link.loggedIn' }
  /** This node answered at `address`, asked through the TURN. */
  | { readonly type: 'link.proven'; readonly address: string }
  | { readonly type: 'link.closed'; readonly why: string }

/** The address to log in at, or why there is none. */
export type PortAnswer = { readonly address: string } | { readonly why: string }

export interface TunnelInput {
  readonly turn: TurnCandidate
  readonly parent: ActorRef<Snapshot<unknown>, TunnelFact>
}
export interface TunnelContext extends TunnelInput {
  readonly frpAddress: string
  readonly address: string
  readonly why: string
}

export const tunnelMachine = setup({
  types: { input: {} as TunnelInput, context: {} as TunnelContext, events: {} as LinkFact },
  actors: {
    /** Asks the TURN's `/FRPPort`; answers the address to log in at, or why not. */
    askPort: fromPromise<PortAnswer, { turn: TurnCandidate }>(notProvided('askPort')),
    link: fromCallback<EventObject, { turn: TurnCandidate; frpAddress: string }>(notProvided('link')),
  },
  guards: { hasPort: (_, { answer }: { answer: PortAnswer }) => 'address' in answer },
  actions: {
    tell: sendTo(
      ({ context }) => context.parent,
      (_, fact: TunnelFact) => fact,
    ),
    recordPort: assign((_, { frpAddress }: { frpAddress: string }) => ({ frpAddress })),
    recordAddress: assign((_, { address }: { address: string }) => ({ address })),
    recordEnd: assign((_, { why }: { why: string }) => ({ why })),
  },
  delays: { openTimeout: TUNNEL_OPEN_TIMEOUT },
}).createMachine({
  id: 'tunnel',
  context: ({ input }) => ({ ...input, frpAddress: '', address: '', why: '' }),
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'askPort',
        src: 'askPort',
        input: ({ context: { turn } }) => ({ turn }),
        onDone: [
          {
            guard: { type: 'hasPort', params: ({ event }) => ({ answer: event.output }) },
            target: 'linked',
            actions: { type: 'recordPort', params: ({ event }) => ({ frpAddress: 'address' in event.output ? event.output.address : '' }) },
          },
          {
            target: 'closed',
            actions: { type: 'recordEnd', params: ({ event }) => ({ why: 'why' in event.output ? event.output.why : '' }) },
          },
        ],
      },
      after: {
        openTimeout: { target: 'closed', actions: { type: 'recordEnd', params: { why: 'the TURN did not say its frp port in time' } } },
      },
    },
    linked: {
      invoke: { id: 'link', src: 'link', input: ({ context: { turn, frpAddress } }) => ({ turn, frpAddress }) },
      on: { 'link.closed': { target: 'closed', actions: { type: 'recordEnd', params: ({ event }) => ({ why: event.why }) } } },
      initial: 'loggingIn',
      states: {
        loggingIn: {
          on: { 'link.loggedIn': 'proving' },
          after: {
            openTimeout: {
              target: '#tunnel.closed',
              actions: { type: 'recordEnd', params: { why: 'the TURN did not answer the login in time' } },
            },
          },
        },
        proving: {
          on: {
            'link.proven': { target: 'open', actions: { type: 'recordAddress', params: ({ event }) => ({ address: event.address }) } },
          },
          after: {
            openTimeout: {
              target: '#tunnel.closed',
              actions: { type: 'recordEnd', params: { why: 'nothing came through the TURN in time' } },
            },
          },
        },
        open: { entry: { type: 'tell', params: ({ context }) => ({ type: 'tunnel.opened', address: context.address }) } },
      },
    },
    closed: { type: 'final', entry: { type: 'tell', params: ({ context }) => ({ type: 'tunnel.closed', why: context.why }) } },
  },
})
