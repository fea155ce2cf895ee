// How this node is reached from outside: what peers that tried to connect back have told. Pure: asking is done by an actor.
import { assign, setup } from 'xstate'

/** What is known of how this node is reached. The one encoding, here, in the node's machine and wherever it is told. */
export type Verdict =
  | { readonly type: 'unknown' }
  /** `by` (an id, or a P2PRC peer's address) reached this node at `address`. `atMs`: wall time of the latest proof. */
  | { readonly type: 'proven'; readonly address: string; readonly by: string; readonly atMs: number }
  /** Others tried and could not connect, or nobody tries, or this node listens nowhere. */
  | { readonly type: 'refused' }

export type ReachEvent =
  /** A peer has been asked to connect back. */
  | { readonly type: 'reach.asked' }
  /** It could. */
  | { readonly type: 'reach.reached'; readonly address: string; readonly by: string; readonly atMs: number }
  /** It tried and could not. `enough`: how many distinct peers must say so. */
  | { readonly type: 'reach.missed'; readonly by: string; readonly enough: number }
  /** It would not try: it may not contact that address, or has tried that host often enough lately. */
  | { readonly type: 'reach.declined' }
  /** It was busy, or did not answer: nothing is learnt. */
  | { readonly type: 'reach.untried' }
  /** Somebody came in at the proven address. */
  | { readonly type: 'reach.arrived' }
  /** This machine lost the address that was proven. */
  | { readonly type: 'reach.moved' }

export interface ReachContext {
  readonly listens: boolean
  readonly proof: Extract<Verdict, { type: 'proven' }> | null
  /** Who could not connect since the last proof or arrival, each once a try. */
  readonly missedBy: readonly string[]
  /** Peers that would not try, one after another, since anything was learnt. */
  readonly declines: number
}

/** Peers that tried and failed until a proven address falls: the first may be the one with the trouble. */
export const MISSES_TO_FALL = 2
/**
 * Where they heard nothing: at 30 % loss a third of those who try a new connection get no answer in time. Where there are fewer others
 * it is all of them, and more where this node doubts itself.
 */
const SILENCES_TO_FALL = 4
export const silencesToFall = (others: number, slowness: number): number =>
  Math.max(MISSES_TO_FALL, Math.min(SILENCES_TO_FALL + Math.ceil(slowness), others))
/** Remembered. A node that doubts itself wants so many at the most. */
const MOST_MISSES = 16
/**
 * So many that would not try: nobody proves this node's address for now, so it needs a
 * TURN as much as one that can't be reached. About ten seconds.
 */
const DECLINES_TO_GIVE_UP = 5

const distinct = (missedBy: readonly string[], by: string): number => new Set([...missedBy, by]).size

export const reachMachine = setup({
  types: { input: {} as Pick<ReachContext, 'listens'>, context: {} as ReachContext, events: {} as ReachEvent },
  guards: {
    listens: ({ context }) => context.listens,
    listensNowhere: ({ context }) => !context.listens,
    /** While nothing is known, one peer that fails as often as is enough counts too: there may be no other. */
    isEnough: ({ context: { missedBy } }, { enough }: { by: string; enough: number }) => missedBy.length + 1 >= enough,
    isDeclinedEnough: ({ context: { declines } }) => declines + 1 >= DECLINES_TO_GIVE_UP,
    isEnoughToFall: ({ context: { missedBy } }, { by, enough }: { by: string; enough: number }) =>
      distinct(missedBy, by) >= Math.max(MISSES_TO_FALL, enough),
  },
  actions: {
    recordProof: assign((_, { address, by, atMs }: { address: string; by: string; atMs: number }) => ({
      proof: { type: 'proven' as const, address, by, atMs },
      missedBy: [],
      declines: 0,
    })),
    recordMiss: assign(({ context: { missedBy } }, { by }: { by: string }) => ({
      missedBy: [...missedBy, by].slice(-MOST_MISSES),
      declines: 0,
    })),
    recordDecline: assign(({ context: { declines } }) => ({ declines: declines + 1 })),
    forgetMisses: assign({ missedBy: [] }),
    forgetProof: assign({ proof: null, missedBy: [], declines: 0 }),
  },
}).createMachine({
  id: 'reach',
  context: ({ input }) => ({ ...input, proof: null, missedBy: [], declines: 0 }),
  initial: 'unknown',
  on: {
    'reach.reached': { guard: 'listens', target: '.proven', actions: { type: 'recordProof', params: ({ event }) => event } },
  },
  states: {
    // Nothing is known. A hello of the joining asks too, so a peer may have tried before a question of this machine's own is out.
    unknown: {
      initial: 'waiting',
      always: { guard: 'listensNowhere', target: 'listeningNowhere' },
      on: {
        'reach.missed': [
          { guard: { type: 'isEnough', params: ({ event }) => event }, target: 'refused' },
          { target: '.waiting', actions: { type: 'recordMiss', params: ({ event }) => event } },
        ],
        'reach.declined': [
          { guard: 'isDeclinedEnough', target: 'refused' },
          { target: '.waiting', actions: 'recordDecline' },
        ],
        'reach.moved': { target: '.waiting', actions: 'forgetProof' },
      },
      states: {
        waiting: { on: { 'reach.asked': 'asked' } },
        asked: { on: { 'reach.untried': 'waiting' } },
      },
    },
    proven: {
      on: {
        'reach.missed': [
          { guard: { type: 'isEnoughToFall', params: ({ event }) => event }, target: 'refused', actions: 'forgetProof' },
          { actions: { type: 'recordMiss', params: ({ event }) => event } },
        ],
        'reach.arrived': { actions: 'forgetMisses' },
        'reach.moved': { target: 'unknown', actions: 'forgetProof' },
      },
    },
    refused: { entry: 'forgetProof', on: { 'reach.moved': 'unknown' } },
    listeningNowhere: { type: 'final' },
  },
})
