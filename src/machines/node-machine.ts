// The life of a node. Pure: every effect is an actor or action named here and provided by src/node-implementations.ts.
//
// Membership (joining, gossip, pings, speed tests, how this node is reached) runs as long as the node does, whatever its state.
// What it finds out arrives as events. So do the words of the scout, who says which TURNs to hold tunnels to.
//
// What a tunnel does by itself stands in tunnel-machine.ts, the list of tunnels and its order in held-tunnels.ts. Services have a
// machine of their own, exposed-service-machine.ts, which is no child of this one.
import { assign, type EventObject, enqueueActions, fromCallback, sendTo, setup, stopChild } from 'xstate'
import { DISCOVER_TIMEOUT, FIRST_PROBES_TIMEOUT } from '../domain/timings.ts'
import type { TurnCandidate, TurnChoice } from '../domain/turn-choice.ts'
import type { HeldTurn } from '../domain/turn-plan.ts'
import * as held from './held-tunnels.ts'
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
  /** Every row has been pinged once, or is listed by others' word. */
  | { readonly type: 'probes.settled' }
  /** How this node is reached from outside has changed, or was proven again. */
  | { readonly type: 'reach.told'; readonly verdict: Verdict }

/** What the scout tells. */
export type ScoutFact =
  /**
   * A tunnel is to be opened. `replaces`: the key of the TURN that is left once
   * it is open. `isFirst`: it then comes before all others.
   */
  | { readonly type: 'turn.found'; readonly choice: TurnChoice; readonly replaces: string | null; readonly isFirst: boolean }
  /** The tunnel to this TURN is the best one held. */
  | { readonly type: 'turn.first'; readonly turn: string }
  /** The tunnel to this TURN is not needed any more. */
  | { readonly type: 'turn.retire'; readonly turn: string }
  /** So many tunnels there could be. */
  | { readonly type: 'turns.could'; readonly count: number }

/** What the scout is told. */
export type ScoutNews =
  /** `isWanted`: tunnels are needed at all. */
  | { readonly type: 'turns.held'; readonly isWanted: boolean; readonly held: readonly HeldTurn[] }
  | { readonly type: 'turn.failed'; readonly turn: string }

/** What this node's own ports for its services are told. */
export type OwnPortsCommand =
  /** They carry the services from now on; those that retire still are taken back. */
  | { readonly type: 'ports.open' }
  /** Nothing is announced there any more: each ends once its users are gone, or their time is up. */
  | { readonly type: 'ports.retire' }

export interface NodeContext {
  /** A TURN may be looked for: the configuration names one kind at least. */
  readonly mayTunnel: boolean
  readonly reach: Verdict['type']
  /** Best first. */
  readonly tunnels: held.HeldTunnels
  /** So many tunnels there could be; while fewer are open the state is `degraded`. */
  readonly could: number
  /** Tunnels are needed: this node can't be reached without. */
  readonly needsTunnels: boolean
}

type NodeEvent = MembershipFact | ScoutFact | TunnelFact | { readonly type: 'node.stop' }

const childOf = (key: string): string => `tunnel.${key}`
const tunnelTo = ({ tunnels }: NodeContext, key: string): held.HeldTunnel | undefined =>
  tunnels.find(({ choice }) => choice.turn.key === key)

const parts = setup({
  types: {
    input: {} as Pick<NodeContext, 'mayTunnel' | 'reach'>,
    context: {} as NodeContext,
    events: {} as NodeEvent,
  },
  actors: {
    membership: fromCallback<EventObject, undefined>(notProvided('membership')),
    turnServer: fromCallback<EventObject, undefined>(notProvided('turnServer')),
    /** Says which tunnels to open, to rank first and to give up. */
    scout: fromCallback<ScoutNews, undefined>(notProvided('scout')),
    tunnel: tunnelMachine,
    /** Opens ports of this node's own for its services when it is told to. */
    directServices: fromCallback<OwnPortsCommand | EventObject, undefined>(notProvided('directServices')),
  },
  guards: {
    isReachable: ({ context }) => context.reach === 'proven',
    mustTunnel: ({ context }) => context.reach === 'refused' && context.mayTunnel,
    isRetiring: ({ context: { tunnels } }, { turn }: { turn: TurnCandidate }) => held.isRetiring(tunnels, turn.key),
    holdsTunnel: ({ context }) => held.countOf(context.tunnels, 'opening', 'open') > 0,
    holdsNone: ({ context }) => held.countOf(context.tunnels, 'opening', 'open') === 0,
    noneIsOpen: ({ context }) => held.countOf(context.tunnels, 'open') === 0,
    someAreOpen: ({ context: { tunnels, could } }) => held.countOf(tunnels, 'open') > 0 && held.countOf(tunnels, 'open') < could,
    allAreOpen: ({ context: { tunnels, could } }) => held.countOf(tunnels, 'open') >= Math.max(1, could),
  },
  actions: {
    recordReach: assign((_, { reach }: { reach: NodeContext['reach'] }) => ({ reach })),
    recordCould: assign((_, { count }: { count: number }) => ({ could: count })),
    recordNeed: assign((_, { needsTunnels }: { needsTunnels: boolean }) => ({ needsTunnels })),
    openTunnel: assign(({ spawn, self }, { turn }: { turn: TurnCandidate }) => {
      spawn('tunnel', { id: childOf(turn.key), input: { turn, parent: self } })
      return {}
    }),
    resumeTunnel: sendTo((_, { turn }: { turn: TurnCandidate }) => childOf(turn.key), { type: 'tunnel.resume' }),
    recordOpening: assign(({ context: { tunnels } }, { choice, replaces, isFirst }: Extract<ScoutFact, { type: 'turn.found' }>) => ({
      tunnels: held.withOpening(tunnels, choice, replaces, isFirst),
    })),
    endTunnel: stopChild((_, { turn }: { turn: string }) => childOf(turn)),
    retireTunnel: sendTo((_, { turn }: { turn: string }) => childOf(turn), { type: 'tunnel.retire' }),
    recordOpen: assign(({ context: { tunnels } }, { turn, address, atMs }: { turn: string; address: string; atMs: number }) => ({
      tunnels: held.withOpened(tunnels, turn, address, atMs),
    })),
    recordProof: assign(({ context: { tunnels } }, { turn, address, atMs }: { turn: string; address: string; atMs: number }) => ({
      tunnels: held.withProof(tunnels, turn, address, atMs),
    })),
    recordBreak: assign(({ context: { tunnels } }, { turn }: { turn: string }) => ({ tunnels: held.withBreak(tunnels, turn) })),
    recordFirst: assign(({ context: { tunnels } }, { turn }: { turn: string }) => ({ tunnels: held.withFirst(tunnels, turn) })),
    recordRetiring: assign(({ context: { tunnels } }, { turn }: { turn: string }) => ({ tunnels: held.withRetiring(tunnels, turn) })),
    forgetTunnel: assign(({ context: { tunnels } }, { turn }: { turn: string }) => ({ tunnels: held.without(tunnels, turn) })),
    recordAllRetiring: assign(({ context: { tunnels } }) => ({ tunnels: held.allRetiring(tunnels), could: 0 })),
    forgetTunnels: assign({ tunnels: [], could: 0 }),
    tellChoice: (_, _params: { choice: TurnChoice }) => notProvided('tellChoice')(),
    /** Says where this node is reached through its TURNs now, best first, and in which order they carry its services. */
    announceTunnels: notProvided('announceTunnels'),
    tellBreak: (_, _params: { turn: TurnCandidate; why: string }) => notProvided('tellBreak')(),
    doubtTurn: (_, _params: { turn: TurnCandidate; why: string }) => notProvided('doubtTurn')(),
    openOwnPorts: sendTo('directServices', { type: 'ports.open' }),
    retireOwnPorts: sendTo('directServices', { type: 'ports.retire' }),
    tellScout: sendTo('scout', ({ context: { needsTunnels, tunnels } }) => ({
      type: 'turns.held',
      isWanted: needsTunnels,
      held: held.heldTurns(tunnels),
    })),
    tellScoutOfFailure: sendTo('scout', (_, { turn }: { turn: string }) => ({ type: 'turn.failed', turn })),
  },
  delays: { discoverTimeout: DISCOVER_TIMEOUT, firstProbesTimeout: FIRST_PROBES_TIMEOUT },
})

interface Found {
  readonly event: Extract<ScoutFact, { type: 'turn.found' }>
}

/** The scout has found a TURN. If its tunnel retires, it is taken back; else one is begun, in place of an older one to the same TURN. */
const { on: onTurnFound } = parts.createStateConfig({
  on: {
    'turn.found': [
      {
        guard: { type: 'isRetiring', params: ({ event }: Found) => event.choice },
        actions: [
          { type: 'resumeTunnel', params: ({ event }: Found) => event.choice },
          { type: 'recordOpening', params: ({ event }: Found) => event },
          { type: 'tellChoice', params: ({ event }: Found) => event },
          'tellScout',
        ],
      },
      {
        actions: [
          { type: 'endTunnel', params: ({ event }: Found) => ({ turn: event.choice.turn.key }) },
          { type: 'openTunnel', params: ({ event }: Found) => event.choice },
          { type: 'recordOpening', params: ({ event }: Found) => event },
          { type: 'tellChoice', params: ({ event }: Found) => event },
          'tellScout',
        ],
      },
    ],
  },
})
const turnFound = onTurnFound?.['turn.found']

export const nodeMachine = parts.createMachine({
  id: 'node',
  context: ({ input }) => ({ ...input, tunnels: [], could: 0, needsTunnels: false }),
  invoke: [
    { id: 'membership', src: 'membership' },
    { id: 'turnServer', src: 'turnServer' },
    { id: 'scout', src: 'scout' },
    { id: 'directServices', src: 'directServices' },
  ],
  initial: 'bootstrapping',
  on: {
    'node.stop': '.stopped',
    'reach.told': { actions: { type: 'recordReach', params: ({ event }) => ({ reach: event.verdict.type }) } },
    'turns.could': { actions: { type: 'recordCould', params: ({ event }) => event } },
    'turn.first': { actions: [{ type: 'recordFirst', params: ({ event }) => event }, 'announceTunnels', 'tellScout'] },
    'turn.retire': {
      actions: [
        { type: 'recordRetiring', params: ({ event }) => event },
        'announceTunnels',
        { type: 'retireTunnel', params: ({ event }) => event },
        'tellScout',
      ],
    },
    'tunnel.opened': {
      actions: enqueueActions(({ context, event, enqueue }) => {
        const left = tunnelTo(context, event.turn)?.replaces ?? null
        enqueue({ type: 'recordOpen', params: event })
        if (left !== null) enqueue({ type: 'recordRetiring', params: { turn: left } })
        enqueue('announceTunnels')
        if (left !== null && tunnelTo(context, left)) enqueue({ type: 'retireTunnel', params: { turn: left } })
        enqueue('tellScout')
      }),
    },
    'tunnel.proven': { actions: [{ type: 'recordProof', params: ({ event }) => event }, 'announceTunnels'] },
    'tunnel.broke': {
      actions: enqueueActions(({ context, event, enqueue }) => {
        const broken = tunnelTo(context, event.turn)
        enqueue({ type: 'recordBreak', params: event })
        enqueue('announceTunnels')
        if (broken) enqueue({ type: 'tellBreak', params: { turn: broken.choice.turn, why: event.why } })
        enqueue('tellScout')
      }),
    },
    'tunnel.closed': {
      actions: enqueueActions(({ context, event, enqueue }) => {
        const closed = tunnelTo(context, event.turn)
        enqueue({ type: 'endTunnel', params: event })
        enqueue({ type: 'forgetTunnel', params: event })
        enqueue('announceTunnels')
        if (closed && closed.state !== 'retiring') {
          enqueue({ type: 'doubtTurn', params: { turn: closed.choice.turn, why: event.why } })
          enqueue({ type: 'tellScoutOfFailure', params: event })
        }
        enqueue('tellScout')
      }),
    },
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
      // Who is reached itself needs nobody near.
      always: { guard: 'isReachable', target: 'serving' },
      on: { 'probes.settled': 'deciding' },
      after: { firstProbesTimeout: 'deciding' },
    },
    deciding: {
      always: [{ guard: 'mustTunnel', target: 'selectingTurn' }, { target: 'serving' }],
    },
    serving: {
      // Its own address is proven and told: the tunnels end with their users.
      entry: [
        enqueueActions(({ context: { tunnels }, enqueue }) => {
          for (const { choice, state } of tunnels)
            if (state !== 'retiring') enqueue({ type: 'retireTunnel', params: { turn: choice.turn.key } })
        }),
        'recordAllRetiring',
        'announceTunnels',
        { type: 'recordNeed', params: { needsTunnels: false } },
        'tellScout',
        'openOwnPorts',
      ],
      // As tunnels do that are left: users of its own ports have their time.
      exit: 'retireOwnPorts',
      always: { guard: 'mustTunnel', target: 'selectingTurn' },
    },
    /** No TURN is held. */
    selectingTurn: {
      entry: [{ type: 'recordNeed', params: { needsTunnels: true } }, 'tellScout'],
      always: [
        { guard: 'isReachable', target: 'serving' },
        { guard: 'holdsTunnel', target: 'tunnelling' },
      ],
      on: { 'turn.found': turnFound },
    },
    tunnelling: {
      always: [
        { guard: 'isReachable', target: 'serving' },
        { guard: 'holdsNone', target: 'selectingTurn' },
      ],
      on: { 'turn.found': turnFound },
      initial: 'down',
      states: {
        /** No tunnel is open. */
        down: {
          always: [
            { guard: 'allAreOpen', target: 'up' },
            { guard: 'someAreOpen', target: 'degraded' },
          ],
        },
        /** Fewer are open than could be. */
        degraded: {
          always: [
            { guard: 'allAreOpen', target: 'up' },
            { guard: 'noneIsOpen', target: 'down' },
          ],
        },
        up: {
          always: [
            { guard: 'noneIsOpen', target: 'down' },
            { guard: 'someAreOpen', target: 'degraded' },
          ],
        },
      },
    },
    stopped: { type: 'final', entry: ['forgetTunnels', 'announceTunnels'] },
  },
})
