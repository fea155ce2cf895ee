// The chart of a peer's life, and the table's rules held to it: whatever happens to a peer, both say the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { NOT_MEASURED } from '../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../src/domain/record.ts'
import { GONE_FOR, OFFLINE_FOR, STORED_FOR } from '../../src/domain/timings.ts'
import { type ChartEdge, isInside, walkChart } from '../../src/feed/chart-walk.ts'
import { pathOf } from '../../src/feed/inspection.ts'
import { type PeerFact, peerMachine } from '../../src/machines/peer-machine.ts'
import {
  EMPTY_TABLE,
  type IpTable,
  keepAway,
  letIn,
  merge,
  type Outcome,
  recordBurst,
  removeRow,
  restoreRows,
} from '../domain/pure-table.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const PEER = 'ash'
const RIVAL = 'elm'

/** The state of the chart that the table's values mean, with the strikes where they count: `known.suspect 2`. */
function lifeOf({ rows, gone, removed }: IpTable, wallMs: number): string {
  if (removed.has(PEER)) return 'keptAway'
  const row = rows.get(PEER)
  if (row?.stored) {
    const { silentSinceMs } = row.stored
    return `known.stored.${silentSinceMs === null ? 'untried' : wallMs - silentSinceMs < STORED_FOR ? 'silent' : 'silentLong'}`
  }
  if (row) return `known.${row.state === 'unknown' ? 'heard' : row.state} ${row.strikes}`
  const left = gone.get(PEER)
  if (!left || wallMs - left.atMs >= (left.away ? OFFLINE_FOR : GONE_FOR)) return 'absent'
  return !left.away ? 'dropped' : wallMs - left.atMs < GONE_FOR ? 'offline.disbelieved' : 'offline.believed'
}

const COUNTS_STRIKES = ['known.heard', 'known.alive', 'known.suspect']

type Deed = (table: IpTable, known: PeerRecord, wallMs: number) => Outcome

const silent = { type: 'silent', refused: false, why: 'no answer' } as const
const answered = { type: 'answered', rttMs: 5 } as const

/** What each event of the chart is for the table; where there are several ways, all of them. */
const DEEDS: Readonly<Record<PeerFact['type'], readonly Deed[]>> = {
  'file.read': [(table, record) => restoreRows(table, [{ record, stored: NOT_MEASURED, written: null }])],
  'record.heard': [(table, known, wallMs) => merge(table, [known], wallMs)],
  'record.newer': [(table, known, wallMs) => merge(table, [newer(known)], wallMs)],
  'record.moved': [(table, known, wallMs) => merge(table, [{ ...newer(known), address: `192.0.2.${(known.seq % 200) + 9}:8088` }], wallMs)],
  'owner.spoke': [(table, known, wallMs) => merge(table, [known], wallMs, 'firsthand')],
  'owner.left': [
    (table, known, wallMs) => merge(table, [{ ...newer(known), left: true }], wallMs),
    (table, known, wallMs) => merge(table, [{ ...newer(known), left: true }], wallMs, 'firsthand'),
  ],
  'ping.answered': [
    (table, _, wallMs) => recordBurst(table, PEER, answered, wallMs),
    (table, _, wallMs) => recordBurst(table, PEER, answered, wallMs, PEER),
  ],
  'ping.failed': [(table, _, wallMs) => recordBurst(table, PEER, silent, wallMs)],
  'ping.unheard': [(table, _, wallMs) => recordBurst(table, PEER, silent, wallMs, null, 'isolated')],
  'address.taken': [
    (table, _, wallMs) => recordBurst(table, PEER, answered, wallMs, RIVAL),
    (table, known, wallMs) => {
      const heard = merge(table, [signed(RIVAL, 1, known.address)], wallMs, 'firsthand')
      const { table: proven } = recordBurst(heard.table, RIVAL, answered, wallMs)
      // It leaves again, so that the address is free for what follows.
      return removeRow(proven, RIVAL, 'removed', wallMs)
    },
  ],
  'row.removed': [(table, _, wallMs) => removeRow(table, PEER, 'it is this node', wallMs)],
  'person.removed': [(table, known, wallMs) => keepAway(table, PEER, known.address, wallMs)],
  // Added, it is asked at once, and answers.
  'person.added': [(table, known, wallMs) => merge(letIn(table, PEER).table, [known], wallMs, 'firsthand')],
}

const signed = (id: string, seq: number, address: string): PeerRecord => ({
  id,
  name: id,
  address,
  seq,
  via: null,
  offersTurn: true,
  left: false,
  envelope: `${id} ${seq}`,
  p2prc: null,
})
const newer = (known: PeerRecord): PeerRecord => ({ ...known, seq: known.seq + 1, envelope: `${known.id} ${known.seq + 1}` })

/** The record of it that everybody has by now. */
function knownRecord({ rows, gone }: IpTable): PeerRecord {
  const left = gone.get(PEER)
  return rows.get(PEER)?.record ?? signed(PEER, left?.seq ?? 1, left?.row.record.address ?? '192.0.2.1:8088')
}

const DELAYS = { goneFor: GONE_FOR, offlineFor: OFFLINE_FOR, storedFor: STORED_FOR } as const

/** An event of the chart with one way to bring it about, or time that goes by. */
type Step = { readonly type: PeerFact['type']; readonly deed: Deed } | { readonly type: keyof typeof DELAYS; readonly deed: null }
const isFact = (type: string): type is PeerFact['type'] => type in DEEDS
const isDelay = (type: string): type is keyof typeof DELAYS => type in DELAYS
const ways = (type: PeerFact['type']): readonly Step[] => DEEDS[type].map((deed) => ({ type, deed }))
/** The file is read at start, before anything else. */
const FIRST = ways('file.read')
const STEPS: readonly Step[] = [
  ...Object.keys(DEEDS)
    .filter(isFact)
    .filter((type) => type !== 'file.read')
    .flatMap(ways),
  ...Object.keys(DELAYS)
    .filter(isDelay)
    .map((type): Step => ({ type, deed: null })),
]

interface Moment {
  readonly step: Step['type']
  readonly chart: string
  readonly table: string
}

/** Both lives side by side, from the start. */
async function live(steps: readonly Step[]): Promise<readonly Moment[]> {
  const clock = new VirtualClock()
  const actor = createActor(peerMachine, { clock }).start()
  let table = EMPTY_TABLE
  const chart = (): string => {
    const { value, context } = actor.getSnapshot()
    const path = pathOf(value)
    return COUNTS_STRIKES.includes(path) ? `${path} ${context.strikes}` : path
  }
  const moments: Moment[] = []
  for (const { type, deed } of steps) {
    if (deed === null) await clock.advance(DELAYS[type])
    else {
      actor.send({ type })
      table = deed(table, knownRecord(table), clock.wallMs()).table
    }
    moments.push({ step: type, chart: chart(), table: lifeOf(table, clock.wallMs()) })
  }
  actor.stop()
  return moments
}

/** Every life that can be reached, by the shortest way there, and every step from each. */
async function walkAll(): Promise<readonly (Moment & { readonly from: string })[]> {
  const found = new Map<string, readonly Step[]>([['absent', []]])
  const walked: (Moment & { readonly from: string })[] = []
  for (const [, way] of found)
    for (const step of way.length === 0 ? [...FIRST, ...STEPS] : STEPS) {
      const moments = await live([...way, step])
      const [before, last] = [moments.at(-2)?.chart ?? 'absent', moments.at(-1)]
      if (!last) continue
      walked.push({ ...last, from: before })
      if (!found.has(last.chart)) found.set(last.chart, [...way, step])
    }
  return walked
}

test('every step from every state leads the table where it leads the chart', async () => {
  const walked = await walkAll()
  expect(walked.filter(({ chart, table }) => chart !== table)).toEqual([])
  expect([...new Set(walked.map(({ chart }) => chart))].toSorted()).toEqual([
    'absent',
    'dropped',
    'keptAway',
    'known.alive 0',
    'known.heard 0',
    'known.heard 1',
    'known.heard 2',
    'known.stored.silent',
    'known.stored.silentLong',
    'known.stored.untried',
    'known.suspect 1',
    'known.suspect 2',
    'offline.believed',
    'offline.disbelieved',
  ])
  expect(walkChart(peerMachine).edges.filter((edge) => !walked.some((one) => goesAlong(edge, one)))).toEqual([])
})

/** Whether a step went along that arrow of the chart. `leaving` is passed through at once. */
function goesAlong({ from, to, event }: ChartEdge, one: Moment & { readonly from: string }): boolean {
  const isAt = (life: string, path: string): boolean => {
    const leaf = life.split(' ')[0] ?? ''
    return path === 'leaving' ? ['offline.disbelieved', 'dropped'].includes(leaf) : leaf === path || isInside(leaf, path)
  }
  if (from === 'leaving') return isAt(one.chart, to)
  const isEvent = event === one.step || event.startsWith(`xstate.after.${one.step}.`)
  return isEvent && isAt(one.from, from) && isAt(one.chart, to)
}

test('every event of the chart is something that befalls the table', () => {
  expect(peerMachine.events.filter((type) => !type.startsWith('xstate.')).toSorted()).toEqual(Object.keys(DEEDS).toSorted())
})

test('so does any course of events', async () => {
  const course = fc.tuple(fc.constantFrom([], FIRST), fc.array(fc.constantFrom(...STEPS), { maxLength: 25, size: 'max' }))
  await fc.assert(
    fc.asyncProperty(course, async ([first, steps]) => {
      const moments = await live([...first, ...steps])
      expect(moments.map(({ step, table }) => `${step}: ${table}`)).toEqual(moments.map(({ step, chart }) => `${step}: ${chart}`))
    }),
    { numRuns: 300 },
  )
})
