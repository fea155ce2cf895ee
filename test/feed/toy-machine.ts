import { and, assign, fromPromise, not, setup } from 'xstate'

/** A machine with one of everything a chart can show. */
export const toyMachine = setup({
  types: {
    context: {} as { tries: number },
    events: {} as { type: 'node.stop' } | { type: 'tunnel.opened' } | { type: 'tunnel.closed' } | { type: 'peer.heard' },
  },
  actors: { bootstrap: fromPromise(async () => 'ok'), link: fromPromise(async () => 'ok') },
  guards: { hasTurn: () => true, isBarred: () => false },
  actions: { recordPeer: () => undefined, barTurn: () => undefined, forgiveAll: () => undefined },
  delays: { restPeriod: 30_000 },
}).createMachine({
  id: 'toy',
  context: { tries: 0 },
  initial: 'bootstrapping',
  on: { 'node.stop': '.stopped', 'peer.heard': { actions: 'recordPeer' } },
  states: {
    bootstrapping: { invoke: { src: 'bootstrap', onDone: { target: 'selectingTurn', actions: assign({ tries: 1 }) }, onError: 'resting' } },
    selectingTurn: { always: [{ guard: and(['hasTurn', not('isBarred')]), target: 'tunnelling' }, { target: 'resting' }] },
    tunnelling: {
      invoke: { src: 'link' },
      on: { 'tunnel.closed': { target: 'selectingTurn', actions: ['barTurn', 'recordPeer'] } },
      initial: 'down',
      states: { down: { on: { 'tunnel.opened': 'up' } }, up: {} },
    },
    resting: { exit: 'forgiveAll', after: { restPeriod: 'bootstrapping', 500: { actions: 'recordPeer' } } },
    watching: { type: 'parallel', states: { near: { initial: 'idle', states: { idle: {} } }, far: {} } },
    stopped: { type: 'final' },
  },
})
