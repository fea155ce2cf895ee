// The TURN's side of one client: from its first byte to its end.
import { assign, setup } from 'xstate'
import { LOGIN_TIMEOUT } from '../domain/timings.ts'
import { notProvided } from './not-provided.ts'

export interface TurnSessionContext {
  readonly session: number
  readonly proxies: number
  readonly why: string
}

/** What the frp server tells of one session. */
export type TurnSessionFact =
  | { readonly type: 'session.loggedIn' }
  | { readonly type: 'session.closed'; readonly why: string }
  | { readonly type: 'proxy.opened' }
  | { readonly type: 'proxy.closed' }

export const turnSessionMachine = setup({
  types: { input: {} as { session: number }, context: {} as TurnSessionContext, events: {} as TurnSessionFact },
  guards: { isLastProxy: ({ context }) => context.proxies <= 1 },
  actions: {
    countProxy: assign(({ context }, { by }: { by: 1 | -1 }) => ({ proxies: context.proxies + by })),
    recordEnd: assign((_, { why }: { why: string }) => ({ why })),
    endSession: (_, _params: { session: number; why: string }) => notProvided('endSession')(),
  },
  delays: { loginTimeout: LOGIN_TIMEOUT },
}).createMachine({
  id: 'turnSession',
  context: ({ input }) => ({ ...input, proxies: 0, why: '' }),
  initial: 'awaitingLogin',
  on: { 'session.closed': { target: '.closed', actions: { type: 'recordEnd', params: ({ event }) => ({ why: event.why }) } } },
  states: {
    awaitingLogin: {
      on: { 'session.loggedIn': 'idle' },
      after: { loginTimeout: 'expelled' },
    },
    expelled: { entry: { type: 'endSession', params: ({ context: { session } }) => ({ session, why: 'no login in time' }) } },
    idle: {
      on: { 'proxy.opened': { target: 'carrying', actions: { type: 'countProxy', params: { by: 1 } } } },
    },
    carrying: {
      on: {
        'proxy.opened': { actions: { type: 'countProxy', params: { by: 1 } } },
        'proxy.closed': [
          { guard: 'isLastProxy', target: 'idle', actions: { type: 'countProxy', params: { by: -1 } } },
          { actions: { type: 'countProxy', params: { by: -1 } } },
        ],
      },
    },
    closed: { type: 'final' },
  },
})
