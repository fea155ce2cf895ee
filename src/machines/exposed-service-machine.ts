// One service that this node exposes, at one of those who carry it: a tunnel to a TURN, or this node's own ports. A public
// address counts only once something sent there has come out at the service's local end, and that is tried again and again.
import { assign, fromCallback, sendTo, setup } from 'xstate'
import type { ServiceCause } from '../domain/service-cause.ts'
import { SERVICE_REFUSED_RETRY, SERVICE_RENEWAL, SERVICE_RETRY } from '../domain/timings.ts'
import { notProvided } from './not-provided.ts'

/** It may begin: whoever carries it is there for as long as the machine runs. */
export type CarrierFact = { readonly type: 'carrier.ready' }

/** What is heard of its public port or domain. */
export type PlaceFact =
  /** It is open at `address`, `host:port`; null: open, but nobody knows yet where that is. Again whenever the address changes. */
  | { readonly type: 'place.opened'; readonly address: string | null }
  | { readonly type: 'place.refused'; readonly cause: ServiceCause }
  /** Something sent there came out at the local end. `atMs`: the wall time. */
  | { readonly type: 'place.proven'; readonly atMs: number }
  | { readonly type: 'place.unproven'; readonly cause: ServiceCause }
  /** A user came through and found the local service silent. */
  | { readonly type: 'place.doubted' }

/** What the machine asks of it. */
export type PlaceCommand =
  /** Sends something there now. */
  | { readonly type: 'place.prove' }
  /** The same, unless a user has just come through. */
  | { readonly type: 'place.renew' }

/** Of the service's own health check, which is one for all who carry it: its first outcome and each change. */
export type CheckFact = { readonly type: 'check.passed' } | { readonly type: 'check.failed'; readonly cause: ServiceCause }

export interface ExposedServiceContext {
  readonly service: string
  /** It passes its health check, or has none. */
  readonly isWell: boolean
  readonly address: string | null
  /** Why it is not up; null: nothing went wrong yet. Kept until it is up. */
  readonly cause: ServiceCause | null
  /** Wall times: up since then, and when it was last proven. Null while it is not up. */
  readonly sinceMs: number | null
  readonly provenAtMs: number | null
  /** The last try came to nothing, which may be a lost packet. */
  readonly missed: boolean
}

type Event = CarrierFact | PlaceFact | CheckFact

export const exposedServiceMachine = setup({
  types: {
    input: {} as Pick<ExposedServiceContext, 'service' | 'isWell' | 'cause'>,
    context: {} as ExposedServiceContext,
    events: {} as Event,
  },
  actors: {
    /** Asks the carrier for a public port or domain, proves it when told to, and gives it back at the end. */
    place: fromCallback<PlaceCommand, { service: string }>(notProvided('place')),
  },
  guards: {
    isWell: ({ context }) => context.isWell,
    isKnown: (_, { address }: { address: string | null }) => address !== null,
    mayBeLoss: ({ context }, { cause }: { cause: ServiceCause }) => cause.type === 'silent' && !context.missed,
  },
  actions: {
    prove: sendTo('place', { type: 'place.prove' }),
    renew: sendTo('place', { type: 'place.renew' }),
    recordWell: assign({ isWell: true, cause: null }),
    recordUnwell: assign((_, { cause }: { cause: ServiceCause }) => ({ isWell: false, cause })),
    recordAddress: assign((_, { address }: { address: string | null }) => ({ address })),
    recordCause: assign((_, { cause }: { cause: ServiceCause }) => ({ cause })),
    recordUp: assign((_, { atMs }: { atMs: number }) => ({ sinceMs: atMs, provenAtMs: atMs, cause: null })),
    recordProof: assign((_, { atMs }: { atMs: number }) => ({ provenAtMs: atMs, missed: false })),
    recordMiss: assign({ missed: true }),
    withdraw: assign({ sinceMs: null, provenAtMs: null, missed: false }),
    forgetPlace: assign({ address: null, sinceMs: null, provenAtMs: null, missed: false }),
  },
  delays: { retryPeriod: SERVICE_RETRY, renewalPeriod: SERVICE_RENEWAL, refusedPeriod: SERVICE_REFUSED_RETRY },
}).createMachine({
  id: 'exposedService',
  context: ({ input }) => ({
    ...input,
    address: null,
    sinceMs: null,
    provenAtMs: null,
    missed: false,
  }),
  initial: 'waiting',
  on: {
    'carrier.ready': [{ guard: 'isWell', target: '.carried' }, { target: '.unhealthy' }],
    'check.passed': { actions: 'recordWell' },
    'check.failed': { actions: { type: 'recordUnwell', params: ({ event }) => ({ cause: event.cause }) } },
  },
  states: {
    waiting: {},
    carried: {
      invoke: { id: 'place', src: 'place', input: ({ context: { service } }) => ({ service }) },
      exit: 'forgetPlace',
      on: {
        'place.opened': [
          {
            guard: { type: 'isKnown', params: ({ event }) => ({ address: event.address }) },
            target: '.proving',
            actions: { type: 'recordAddress', params: ({ event }) => ({ address: event.address }) },
          },
          {
            target: '.opening',
            actions: [
              { type: 'recordAddress', params: { address: null } },
              { type: 'recordCause', params: { cause: { type: 'address-unknown' } } },
            ],
          },
        ],
        'place.refused': { target: 'refused', actions: { type: 'recordCause', params: ({ event }) => ({ cause: event.cause }) } },
        'check.failed': { target: 'unhealthy', actions: { type: 'recordUnwell', params: ({ event }) => ({ cause: event.cause }) } },
      },
      initial: 'opening',
      states: {
        opening: { entry: 'withdraw' },
        proving: {
          entry: ['withdraw', 'prove'],
          on: {
            'place.proven': { target: 'up', actions: { type: 'recordUp', params: ({ event }) => ({ atMs: event.atMs }) } },
            'place.unproven': { actions: { type: 'recordCause', params: ({ event }) => ({ cause: event.cause }) } },
          },
          after: { retryPeriod: { target: 'proving', reenter: true } },
        },
        up: {
          on: {
            'place.proven': {
              target: 'up',
              reenter: true,
              actions: { type: 'recordProof', params: ({ event }) => ({ atMs: event.atMs }) },
            },
            'place.unproven': [
              { guard: { type: 'mayBeLoss', params: ({ event }) => ({ cause: event.cause }) }, actions: ['recordMiss', 'prove'] },
              { target: 'proving', actions: { type: 'recordCause', params: ({ event }) => ({ cause: event.cause }) } },
            ],
            'place.doubted': { actions: 'prove' },
          },
          after: { renewalPeriod: { actions: 'renew' } },
        },
      },
    },
    unhealthy: {
      on: { 'check.passed': { target: 'carried', actions: 'recordWell' } },
    },
    refused: {
      on: {
        'check.failed': { target: 'unhealthy', actions: { type: 'recordUnwell', params: ({ event }) => ({ cause: event.cause }) } },
      },
      after: { refusedPeriod: 'carried' },
    },
  },
})
