import { describe, expect, test } from 'vitest'
import { createRecordIntake } from '../../../src/actors/membership/record-intake.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import { createOpener, recordOf, seal } from '../../../src/v2/envelope.ts'
import { EMPTY_TABLE, type IpTable, merge } from '../../domain/pure-table.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'

const me = newIdentity()
const owners = Array.from({ length: 100 }, () => newIdentity())
const say = (i: number, seq = 1): string => {
  const owner = owners[i] ?? me
  return seal(owner, { name: 'n', address: `10.0.0.${i}:8088`, seq, via: null, offersTurn: true, left: false })
}
const known = (i: number, seq: number): PeerRecord => {
  const word = createOpener(me)(say(i, seq))
  const record = word && recordOf(word, say(i, seq), null)
  if (!record) throw new Error('it is genuine')
  return record
}

function start(table: IpTable = EMPTY_TABLE) {
  const clock = new VirtualClock()
  /** Signatures looked at in each slice. */
  const slices: number[] = [0]
  const opener = createOpener({
    idOf: me.idOf,
    verify: (...args) => {
      slices.push((slices.pop() ?? 0) + 1)
      return me.verify(...args)
    },
  })
  const intake = createRecordIntake({
    clock: {
      ...timersOf(clock),
      setTimeout: (run, ms) =>
        clock.setTimeout(() => {
          slices.push(0)
          run()
        }, ms),
    },
    opener,
    table: () => table,
    own: { id: me.id, seq: () => 50 },
  })
  const open = async (envelopes: readonly string[], source: string | null = null) => {
    const { words, leftOut } = await clock.until(intake.open(envelopes, source))
    return { seqs: words.map(({ word }) => word.seq), leftOut }
  }
  return { clock, intake, open, slices, signatures: () => slices.reduce((sum, one) => sum + one, 0) }
}
const timersOf = (clock: VirtualClock) => ({
  now: () => clock.now(),
  wallMs: () => clock.wallMs(),
  clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
  busyMs: () => clock.busyMs(),
  waitedShare: () => 0,
})

test('of a long message no more than 32 signatures are looked at in one go', async () => {
  const { open, slices } = start()
  const all = owners.map((_, i) => say(i))
  expect((await open(all)).seqs.length).toEqual(100)
  expect([slices.length > 3, Math.max(...slices) <= 32]).toEqual([true, true])
})

test('two messages take turns, and do not share a slice twice as long', async () => {
  const { clock, intake, slices } = start()
  const [first, second] = [owners.slice(0, 50), owners.slice(50)].map((_, half) => owners.slice(0, 50).map((__, i) => say(half * 50 + i)))
  const opened = await clock.until(Promise.all([intake.open(first ?? [], null), intake.open(second ?? [], null)]))
  expect(opened.map(({ words }) => words.length)).toEqual([50, 50])
  expect(Math.max(...slices)).toBeLessThanOrEqual(32)
})

describe('what is no news costs no signature', () => {
  test.each<[string, readonly string[], readonly number[], number]>([
    ['a word that is known', [say(0, 5)], [], 0],
    ['an older one', [say(0, 4)], [], 0],
    ['a later one is news', [say(0, 6)], [6], 1],
    ['of somebody unknown too', [say(1, 1)], [1], 1],
    ['what is no envelope', ['', '{}', 'x'.repeat(2_000), JSON.stringify({ body: '{}', key: '', sig: '' })], [], 0],
    ['an older word of this node', [seal(me, { name: 'n', address: null, seq: 49, via: null, offersTurn: true, left: false })], [], 0],
    [
      'a later one of this node is news',
      [seal(me, { name: 'n', address: null, seq: 51, via: null, offersTurn: true, left: false })],
      [51],
      1,
    ],
    ['a forged one is looked at, and is none', [say(0, 6).replace('10.0.0.0', '10.0.0.9')], [], 1],
    ['the same twice is looked at once', [say(1, 1), say(1, 1)], [1, 1], 1],
  ])('%s', async (_, envelopes, seqs, signatures) => {
    const { open, signatures: looked } = start(merge(EMPTY_TABLE, [known(0, 5)], 0).table)
    expect([(await open(envelopes)).seqs, looked()]).toEqual([seqs, signatures])
  })

  test('a word that was counted lower than a goodbye', async () => {
    const there = merge(EMPTY_TABLE, [known(0, 5)], 0).table
    const gone = merge(there, [{ ...known(0, 7), left: true }], new VirtualClock().wallMs()).table
    const { open, signatures } = start(gone)
    expect([(await open([say(0, 6), say(0, 8)])).seqs, signatures()]).toEqual([[8], 1])
  })

  test('what its source has no room for any more', async () => {
    const { open, signatures } = start()
    const { seqs, leftOut } = await open(
      owners.map((_, i) => say(i)),
      '192.0.2.1',
    )
    expect([seqs.length, leftOut, signatures()]).toEqual([64, true, 64])
  })
})

test('of more messages than may wait the rest are left out', async () => {
  const { clock, intake } = start()
  const many = Array.from({ length: 20 }, (_, i) => intake.open([say(i)], null))
  const opened = await clock.until(Promise.all(many))
  expect(opened.map(({ words, leftOut }) => [words.length, leftOut])).toEqual([...Array(16).fill([1, false]), ...Array(4).fill([0, true])])
})
