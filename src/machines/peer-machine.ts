// The life of a peer as this node sees it. A description only: it is drawn and never run, since the table holds thousands of rows
// as values. What happens is done by src/domain/ip-table.ts, and test/machines/peer-machine.test.ts holds it to this chart.
import { assign, setup } from 'xstate'
import { GONE_FOR, OFFLINE_FOR, STORED_FOR, STRIKES_TO_REMOVE } from '../domain/timings.ts'

/** What is found out about one peer. */
export type PeerFact =
  /** It stands in the file, at start. */
  | { readonly type: 'file.read' }
  /** Others pass on the record that is known already. */
  | { readonly type: 'record.heard' }
  /** Others pass on a newer one, with the same address or with another. */
  | { readonly type: 'record.newer' }
  | { readonly type: 'record.moved' }
  /** The peer itself spoke to this node. */
  | { readonly type: 'owner.spoke' }
  /** The peer says that it leaves. */
  | { readonly type: 'owner.left' }
  /** One burst of pings. `unheard`: no answer, while nobody answers this node, so it may be its own link. */
  | { readonly type: 'ping.answered' }
  | { readonly type: 'ping.failed' }
  | { readonly type: 'ping.unheard' }
  /** Another node answers at its address. */
  | { readonly type: 'address.taken' }
  /** This node found that the row stands for nobody else: it is this node, or stands here under another key. */
  | { readonly type: 'row.removed' }
  /** A person's words. */
  | { readonly type: 'person.removed' }
  | { readonly type: 'person.added' }

export const peerMachine = setup({
  types: {
    /** `strikes`: failed bursts in a row. `wasProven`: it answered since it was absent. */
    context: {} as { readonly strikes: number; readonly wasProven: boolean },
    events: {} as PeerFact,
  },
  guards: {
    isLastStrike: ({ context }) => context.strikes + 1 >= STRIKES_TO_REMOVE,
    wasProven: ({ context }) => context.wasProven,
  },
  actions: {
    countStrike: assign(({ context }) => ({ strikes: context.strikes + 1 })),
    /** Silence that may be this node's own counts for one, however long it lasts. */
    holdStrikes: assign({ strikes: 1 }),
    forgetStrikes: assign({ strikes: 0 }),
    recordProof: assign({ strikes: 0, wasProven: true }),
    startAnew: assign({ strikes: 0, wasProven: false }),
  },
  delays: { goneFor: GONE_FOR, offlineFor: OFFLINE_FOR, storedFor: STORED_FOR },
}).createMachine({
  id: 'peer',
  context: { strikes: 0, wasProven: false },
  initial: 'absent',
  on: { 'person.removed': '.keptAway' },
  states: {
    /** Not in the table. */
    absent: {
      entry: 'startAnew',
      on: {
        'file.read': '#peer.known.stored',
        'record.heard': 'known',
        'record.newer': 'known',
        'record.moved': 'known',
        'owner.spoke': 'known',
        'person.added': 'known',
      },
    },
    known: {
      on: { 'owner.left': 'leaving', 'address.taken': 'leaving', 'row.removed': 'dropped', 'record.moved': '.heard' },
      initial: 'heard',
      states: {
        /** Read from the file and not proven since: kept in the file while unproven. */
        stored: {
          on: { 'ping.answered': 'alive', 'record.moved': {} },
          initial: 'untried',
          states: {
            /** Or tried while nobody answered, which says nothing of it. */
            untried: { on: { 'ping.failed': 'silent' } },
            silent: { on: { 'ping.unheard': 'untried' }, after: { storedFor: 'silentLong' } },
            silentLong: { on: { 'ping.failed': '#peer.leaving', 'ping.unheard': 'untried' } },
          },
        },
        /** `unknown` in the table: not shown and not passed on. */
        heard: {
          entry: 'forgetStrikes',
          on: {
            'ping.answered': 'alive',
            'ping.failed': [{ guard: 'isLastStrike', target: '#peer.leaving' }, { actions: 'countStrike' }],
            'ping.unheard': { actions: 'holdStrikes' },
          },
        },
        alive: {
          entry: 'recordProof',
          on: {
            'ping.failed': { target: 'suspect', actions: 'countStrike' },
            'ping.unheard': { target: 'suspect', actions: 'holdStrikes' },
          },
        },
        suspect: {
          on: {
            'ping.answered': 'alive',
            'ping.failed': [{ guard: 'isLastStrike', target: '#peer.leaving' }, { actions: 'countStrike' }],
            'ping.unheard': { actions: 'holdStrikes' },
            'record.newer': 'alive',
          },
        },
      },
    },
    leaving: { always: [{ guard: 'wasProven', target: 'offline' }, { target: 'dropped' }] },
    /**
     * It was here and is away: shown with when it was last seen. At first what others
     * still say of it is not believed, then it is looked at.
     */
    offline: {
      on: { 'record.newer': 'known', 'record.moved': 'known', 'owner.spoke': 'known', 'person.added': 'known' },
      after: { offlineFor: 'absent' },
      initial: 'disbelieved',
      states: {
        disbelieved: { after: { goneFor: 'believed' } },
        believed: { on: { 'record.heard': '#peer.known' } },
      },
    },
    /** Not shown, and not believed for a while. */
    dropped: {
      entry: 'startAnew',
      on: { 'record.newer': 'known', 'record.moved': 'known', 'owner.spoke': 'known', 'person.added': 'known' },
      after: { goneFor: 'absent' },
    },
    /** A person removed it: it stays away, whoever tells of it, until a person adds it. */
    keptAway: { entry: 'startAnew', on: { 'person.added': 'known' } },
  },
})
