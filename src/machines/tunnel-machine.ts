// One tunnel to one TURN, from asking for its port to the end. P2PRC's steps, with a proof wherever P2PRC waits a fixed time.
import { type ActorRef, assign, type EventObject, fromCallback, fromPromise, type Snapshot, sendTo, setup } from 'xstate'
import { RETURN_TIMEOUT, TUNNEL_OPEN_TIMEOUT, TURN_BAR } from '../domain/timings.ts'
import type { TurnCandidate } from '../domain/turn-choice.ts'
import { notProvided } from './not-provided.ts'

/** What a tunnel tells the one who started it. `turn`: the TURN's key. */
export type TunnelFact =
  /** This node answers at `address`. `atMs`: wall time of the proof. */
  | { readonly type: 'tunnel.opened'; readonly turn: string; readonly address: string; readonly atMs: number }
  /** It does so still. */
  | { readonly type: 'tunnel.proven'; readonly turn: string; readonly address: string; readonly atMs: number }
  /** Not open any more, but tried again at the same TURN: one of the other two follows. */
  | { readonly type: 'tunnel.broke'; readonly turn: string; readonly why: string }
  | { readonly type: 'tunnel.closed'; readonly turn: string; readonly why: string }

/** What it is told. */
export type TunnelCommand =
  /** Nothing is announced at its address any more: it ends once its users are gone, or their time is up. */
  | { readonly type: 'tunnel.retire' }
  /** One that retires is needed again: it is open once it is proven anew. */
  | { readonly type: 'tunnel.resume' }

/** What it tells the link. */
export type LinkCommand = { readonly type: 'link.retire' | 'link.resume' }

/** What the link tells the tunnel. */
export type LinkFact =
  | { readonly type: 'link.loggedIn' }
  /** This node answered at `address`, asked through the TURN, at that wall time. Told again with each renewed proof. */
  | { readonly type: 'link.proven'; readonly address: string; readonly atMs: number }
  /** Nobody comes through there any more, though the link stands: `link.proven` or `link.closed` follows. */
  | { readonly type: 'link.unproven'; readonly why: string }
  /** `cut`: the connection was reset or closed from outside, which says nothing against the TURN yet. */
  | { readonly type: 'link.closed'; readonly why: string; readonly cut?: boolean }

/** The address to log in at, or why there is none. */
export type PortAnswer = { readonly address: string } | { readonly why: string }

export interface TunnelInput {
  readonly turn: TurnCandidate
  readonly parent: ActorRef<Snapshot<unknown>, TunnelFact>
}
export interface TunnelContext extends TunnelInput {
  /** The TURN's: tells one tunnel from another. */
  readonly name: string
  readonly frpAddress: string
  readonly address: string
  /** Wall time of the first proof since it is open; 0 before. */
  readonly openedAtMs: number
  readonly why: string
  /** Why the tunnel that was open broke off, while it is tried again. */
  readonly broke: string | null
  /** A TURN that breaks off again and again is left: one return in `TURN_BAR` of an open tunnel. */
  readonly mayReturn: boolean
}

export const tunnelMachine = setup({
  types: { input: {} as TunnelInput, context: {} as TunnelContext, events: {} as LinkFact | TunnelCommand },
  actors: {
    /** Asks the TURN's `/FRPPort`; answers the address to log in at, or why not. */
    askPort: fromPromise<PortAnswer, { turn: TurnCandidate }>(notProvided('askPort')),
    link: fromCallback<LinkCommand | EventObject, { turn: TurnCandidate; frpAddress: string }>(notProvided('link')),
  },
  guards: {
    hasPort: (_, { answer }: { answer: PortAnswer }) => 'address' in answer,
    mayReturn: ({ context }, { cut }: { cut: boolean }) => cut && context.mayReturn,
  },
  actions: {
    tell: sendTo(
      ({ context }) => context.parent,
      (_, fact: TunnelFact) => fact,
    ),
    retireLink: sendTo('link', { type: 'link.retire' }),
    resumeLink: sendTo('link', { type: 'link.resume' }),
    recordPort: assign((_, { frpAddress }: { frpAddress: string }) => ({ frpAddress })),
    recordAddress: assign((_, { address, atMs }: { address: string; atMs: number }) => ({ address, openedAtMs: atMs, broke: null })),
    recordBreak: assign((_, { why }: { why: string }) => ({ broke: why, mayReturn: false })),
    allowReturn: assign({ mayReturn: true }),
    recordEnd: assign(({ context: { broke } }, { why }: { why: string }) => ({
      why: broke === null ? why : `${broke}; then, logging in again: ${why}`,
    })),
  },
  delays: {
    openTimeout: TUNNEL_OPEN_TIMEOUT,
    loginTimeout: ({ context }) => (context.broke === null ? TUNNEL_OPEN_TIMEOUT : RETURN_TIMEOUT),
    calmPeriod: TURN_BAR,
  },
}).createMachine({
  id: 'tunnel',
  context: ({ input }) => ({
    ...input,
    name: input.turn.name,
    frpAddress: '',
    address: '',
    openedAtMs: 0,
    why: '',
    broke: null,
    mayReturn: true,
  }),
  initial: 'asking',
  on: { 'tunnel.retire': { target: '.closed', actions: { type: 'recordEnd', params: { why: 'it was not needed any more' } } } },
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
            loginTimeout: {
              target: '#tunnel.closed',
              actions: { type: 'recordEnd', params: { why: 'the TURN did not answer the login in time' } },
            },
          },
        },
        proving: {
          on: {
            'link.proven': { target: 'open', actions: { type: 'recordAddress', params: ({ event }) => event } },
          },
          after: {
            openTimeout: {
              target: '#tunnel.closed',
              actions: { type: 'recordEnd', params: { why: 'nothing came through the TURN in time' } },
            },
          },
        },
        open: {
          entry: {
            type: 'tell',
            params: ({ context: { turn, address, openedAtMs } }) => ({ type: 'tunnel.opened', turn: turn.key, address, atMs: openedAtMs }),
          },
          on: {
            'link.proven': {
              actions: {
                type: 'tell',
                params: ({ context: { turn }, event: { address, atMs } }) => ({ type: 'tunnel.proven', turn: turn.key, address, atMs }),
              },
            },
            'link.unproven': {
              target: 'proving',
              actions: {
                type: 'tell',
                params: ({ context: { turn }, event: { why } }) => ({ type: 'tunnel.broke', turn: turn.key, why }),
              },
            },
            'tunnel.retire': 'retiring',
            'link.closed': {
              guard: { type: 'mayReturn', params: ({ event }) => ({ cut: event.cut === true }) },
              target: '#tunnel.linked',
              reenter: true,
              actions: [
                { type: 'recordBreak', params: ({ event }) => ({ why: event.why }) },
                { type: 'tell', params: ({ context: { turn }, event: { why } }) => ({ type: 'tunnel.broke', turn: turn.key, why }) },
              ],
            },
          },
          after: { calmPeriod: { actions: 'allowReturn' } },
        },
        retiring: {
          entry: 'retireLink',
          on: { 'tunnel.resume': { target: 'proving', actions: 'resumeLink' }, 'tunnel.retire': {} },
        },
      },
    },
    closed: {
      type: 'final',
      entry: { type: 'tell', params: ({ context: { turn, why } }) => ({ type: 'tunnel.closed', turn: turn.key, why }) },
    },
  },
})
