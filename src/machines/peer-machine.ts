// The life of a peer as this node sees it. A description only: it is drawn and never run, since the table holds thousands of rows
// as values. What happens is done by src/domain/ip-table.ts, and test/machines/peer-machine.test.ts holds it to this chart.
import { assign, setup } from 'xstate'
import { GONE_FOR, STRIKES_TO_REMOVE } from '../domain/timings.ts'

/** What is found out about one peer. */
export type PeerFact =
  /** Others pass on the record that is known already. */
  | { readonly type: 'record.heard' }
  /** Others pass on a newer one, with the same address or with another. */
  | { readonly type: 'record.newer' }
  | { readonly type: 'record.moved' }
  /** The peer itself spoke to this node. */
  | { readonly type: 'owner.spoke' }
  /** The peer says that it leaves. */
  | { readonly type: 'owner.left' }
  /** One burst of pings. */
  | { readonly type: 'ping.answered' }
  | { readonly type: 'ping.failed' }
  /** Another node answers at its address. */
  | { readonly type: 'address.taken' }
  /** A person or this node wants it gone. */
  | { readonly type: 'row.removed' }

export const peerMachine = setup({
  types: {
    /** `strikes`: failed bursts in a row. */
    context: {} as { readonly strikes: number },
    events: {} as PeerFact,
  },
  guards: { isLastStrike: ({ context }) => context.strikes + 1 >= STRIKES_TO_REMOVE },
  actions: {
    countStrike: assign(({ context }) => ({ strikes: context.strikes + 1 })),
    forgetStrikes: assign({ strikes: 0 }),
  },
  delays: { goneFor: GONE_FOR },
}).createMachine({
  id: 'peer',
  context: { strikes: 0 },
  initial: 'absent',
  states: {
    /** Not in the table. */
    absent: { on: { 'record.heard': 'known', 'record.newer': 'known', 'record.moved': 'known', 'owner.spoke': 'known' } },
    known: {
      entry: 'forgetStrikes',
      on: {
        'record.moved': { target: '.heard', actions: 'forgetStrikes' },
        'owner.left': 'offline',
        'address.taken': 'offline',
        'row.removed': 'offline',
      },
      initial: 'heard',
      states: {
        /** `unknown` in the table: not shown and not passed on. */
        heard: {
          on: {
            'ping.answered': { target: 'alive', actions: 'forgetStrikes' },
            'ping.failed': [{ guard: 'isLastStrike', target: '#peer.offline' }, { actions: 'countStrike' }],
          },
        },
        alive: { on: { 'ping.failed': { target: 'suspect', actions: 'countStrike' } } },
        suspect: {
          on: {
            'ping.answered': { target: 'alive', actions: 'forgetStrikes' },
            'ping.failed': [{ guard: 'isLastStrike', target: '#peer.offline' }, { actions: 'countStrike' }],
          },
        },
      },
    },
    /** Gone: what others still say of it is not believed for a while. */
    offline: {
      on: { 'record.newer': 'known', 'record.moved': 'known', 'owner.spoke': 'known' },
      after: { goneFor: 'absent' },
    },
  },
})
