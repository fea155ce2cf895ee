// One service that this node exposes, whatever carries it: a tunnel to a TURN, or this node's own ports. A public address counts
// only once something sent there has come out at the service's local end, and that is tried again and again.
import { assign, type EventObject, fromCallback, sendTo, setup } from 'xstate'
import type { ServiceCause } from '../domain/service-cause.ts'
import { SERVICE_REFUSED_RETRY, SERVICE_RENEWAL, SERVICE_RETRY } from '../domain/timings.ts'
import { notProvided } from './not-provided.ts'

/** Whether there is somebody to carry it. `ready` comes again when it is somebody else. */
export type CarrierFact = { readonly type: 'carrier.ready' } | { readonly type: 'carrier.gone' }

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
  /** The same, unless users came through since it was last proven. */
  | { readonly type: 'place.renew' }

/** Of the service's own health check: its first outcome and each change. */
export type CheckFact = { readonly type: 'check.passed' } | { readonly type: 'check.failed'; readonly cause: ServiceCause }

export interface ExposedServiceContext {
  readonly service: string
  readonly isPrivate: boolean
  /** It passes its health check, or has none. */
  readonly isWell: boolean
  readonly address: string | null
  /** Why it is not up; null: nothing went wrong yet. Kept until it is up, or has no carrier. */
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
    /** `isPrivate`: nothing public is opened for it, whoever carries the others. */
    input: {} as { readonly service: string; readonly isChecked: boolean; readonly isPrivate?: boolean },
    context: {} as ExposedServiceContext,
    events: {} as Event,
  },
  actors: {
    /** Runs the service's health check; says nothing where it has none. */
    check: fromCallback<EventObject, { service: string }>(notProvided('check')),
    /** Asks the carrier for a public port or domain, proves it when told to, and gives it back at the end. */
    place: fromCallback<PlaceCommand, { service: string }>(notProvided('place')),
  },
  guards: {
    isWell: ({ context }) => context.isWell,
    isPrivate: ({ context }) => context.isPrivate,
    isPrivateAndWell: ({ context }) => context.isPrivate && context.isWell,
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
    forgetCause: assign(({ context: { isWell, cause } }) => ({ cause: isWell ? null : cause })),
  },
  delays: { retryPeriod: SERVICE_RETRY, renewalPeriod: SERVICE_RENEWAL, refusedPeriod: SERVICE_REFUSED_RETRY },
}).createMachine({
  id: 'exposedService',
  context: ({ input: { service, isChecked, isPrivate = false } }) => ({
    service,
    isPrivate,
    isWell: !isChecked,
    address: null,
    cause: null,
    sinceMs: null,
    provenAtMs: null,
    missed: false,
  }),
  invoke: { id: 'check', src: 'check', input: ({ context: { service } }) => ({ service }) },
  initial: 'waiting',
  on: {
    'carrier.ready': [{ guard: 'isPrivate' }, { guard: 'isWell', target: '.carried' }, { target: '.unhealthy' }],
    'carrier.gone': [{ guard: 'isPrivate' }, { target: '.waiting' }],
    'check.passed': { actions: 'recordWell' },
    'check.failed': { actions: { type: 'recordUnwell', params: ({ event }) => ({ cause: event.cause }) } },
  },
  states: {
    waiting: {
      entry: 'forgetCause',
      always: [
        { guard: 'isPrivateAndWell', target: 'private' },
        { guard: 'isPrivate', target: 'unhealthy' },
      ],
    },
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
    private: {
      on: {
        'check.failed': { target: 'unhealthy', actions: { type: 'recordUnwell', params: ({ event }) => ({ cause: event.cause }) } },
      },
    },
    unhealthy: {
      on: {
        'check.passed': [
          { guard: 'isPrivate', target: 'private', actions: 'recordWell' },
          { target: 'carried', actions: 'recordWell' },
        ],
      },
    },
    refused: {
      on: {
        'check.failed': { target: 'unhealthy', actions: { type: 'recordUnwell', params: ({ event }) => ({ cause: event.cause }) } },
      },
      after: { refusedPeriod: 'carried' },
    },
  },
})
