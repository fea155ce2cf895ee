// The chart of a peer's life, and the table's rules held to it: whatever happens to a peer, both say the same.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { EMPTY_TABLE, type IpTable, merge, type Outcome, recordBurst, removeRow } from '../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../src/domain/record.ts'
import { GONE_FOR } from '../../src/domain/timings.ts'
import { walkChart } from '../../src/feed/chart-walk.ts'
import { type PeerFact, peerMachine } from '../../src/machines/peer-machine.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const PEER = 'ash'
const RIVAL = 'elm'

/** Where a peer's life stands, as chart and table both can say it. */
interface Life {
  readonly state: string
  readonly strikes: number
}

/** What of the table's values is which state of the chart. */
function lifeOf({ rows, gone }: IpTable, wallMs: number): Life {
  const row = rows.get(PEER)
  if (row) return { state: row.state === 'unknown' ? 'heard' : row.state, strikes: row.strikes }
  const left = gone.get(PEER)
  return { state: left && wallMs - left.atMs < GONE_FOR ? 'offline' : 'absent', strikes: 0 }
}

type Deed = (table: IpTable, known: PeerRecord, wallMs: number) => Outcome

/** What each event of the chart is for the table; where there are several ways, all of them. */
const DEEDS: Readonly<Record<PeerFact['type'], readonly Deed[]>> = {
  'record.heard': [(table, known, wallMs) => merge(table, [known], wallMs)],
  'record.newer': [(table, known, wallMs) => merge(table, [newer(known)], wallMs)],
  'record.moved': [(table, known, wallMs) => merge(table, [{ ...newer(known), address: `192.0.2.${(known.seq % 200) + 9}:8088` }], wallMs)],
  'owner.spoke': [(table, known, wallMs) => merge(table, [known], wallMs, 'firsthand')],
  'owner.left': [
    (table, known, wallMs) => merge(table, [{ ...newer(known), left: true }], wallMs),
    (table, known, wallMs) => merge(table, [{ ...newer(known), left: true }], wallMs, 'firsthand'),
  ],
  'ping.answered': [
    (table, _, wallMs) => recordBurst(table, PEER, { type: 'answered', rttMs: 5 }, wallMs),
    (table, _, wallMs) => recordBurst(table, PEER, { type: 'answered', rttMs: 5 }, wallMs, PEER),
  ],
  'ping.failed': [(table, _, wallMs) => recordBurst(table, PEER, { type: 'silent', refused: false, why: 'no answer' }, wallMs)],
  'address.taken': [
    (table, _, wallMs) => recordBurst(table, PEER, { type: 'answered', rttMs: 5 }, wallMs, RIVAL),
    (table, known, wallMs) => {
      const heard = merge(table, [signed(RIVAL, 1, known.address)], wallMs, 'firsthand')
      const { table: proven } = recordBurst(heard.table, RIVAL, { type: 'answered', rttMs: 5 }, wallMs)
      // It leaves again, so that the address is free for what follows.
      return removeRow(proven, RIVAL, 'removed', wallMs)
    },
  ],
  'row.removed': [(table, _, wallMs) => removeRow(table, PEER, 'removed', wallMs)],
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
  return rows.get(PEER)?.record ?? signed(PEER, left?.seq ?? 1, left?.address ?? '192.0.2.1:8088')
}

/** An event of the chart with one way to bring it about, or the time that an offline peer is not believed. */
interface Step {
  readonly type: PeerFact['type'] | 'goneFor'
  readonly deed: Deed | null
}
const STEPS: readonly Step[] = [
  ...peerMachine.events.flatMap((type) => (isFact(type) ? DEEDS[type].map((deed): Step => ({ type, deed })) : [])),
  { type: 'goneFor', deed: null },
]
function isFact(type: string): type is PeerFact['type'] {
  return type in DEEDS
}

/** Both lives side by side, from the start. */
async function live(steps: readonly Step[]) {
  const clock = new VirtualClock()
  const actor = createActor(peerMachine, { clock }).start()
  let table = EMPTY_TABLE
  const chart = (): Life => {
    const { value, context } = actor.getSnapshot()
    const state = typeof value === 'string' ? value : value.known
    return { state, strikes: state === 'offline' || state === 'absent' ? 0 : context.strikes }
  }
  const lives: { readonly step: string; readonly chart: Life; readonly table: Life }[] = []
  for (const { type, deed } of steps) {
    if (type === 'goneFor') await clock.advance(GONE_FOR)
    else {
      actor.send({ type })
      table = deed?.(table, knownRecord(table), clock.wallMs()).table ?? table
    }
    lives.push({ step: type, chart: chart(), table: lifeOf(table, clock.wallMs()) })
  }
  actor.stop()
  return lives
}

const START: Life = { state: 'absent', strikes: 0 }
const textOf = ({ state, strikes }: Life): string => `${state} ${strikes}`

/** Every life that can be reached, by the shortest way there, and every step from each. */
async function walkAll() {
  const ways = new Map<string, readonly Step[]>([[textOf(START), []]])
  const walked: { readonly from: Life; readonly step: string; readonly chart: Life; readonly table: Life }[] = []
  for (const [, way] of ways)
    for (const step of STEPS) {
      const lives = await live([...way, step])
      const last = lives.at(-1)
      if (!last) continue
      walked.push({ from: lives.at(-2)?.chart ?? START, ...last })
      if (!ways.has(textOf(last.chart))) ways.set(textOf(last.chart), [...way, step])
    }
  return walked
}

test('every step from every state leads the table where it leads the chart', async () => {
  const walked = await walkAll()
  expect(walked.filter(({ chart, table }) => textOf(chart) !== textOf(table))).toEqual([])
  expect([...new Set(walked.map(({ chart }) => textOf(chart)))].toSorted()).toEqual([
    'absent 0',
    'alive 0',
    'heard 0',
    'heard 1',
    'heard 2',
    'offline 0',
    'suspect 1',
    'suspect 2',
  ])
  // No arrow of the chart is there for show.
  const leafOf = (path: string): string => path.replace(/^known(\.|$)/, '')
  const gone = walkChart(peerMachine)
    .edges.filter(
      ({ from, to, event }) =>
        !walked.some(
          (one) =>
            [one.from.state, ''].includes(leafOf(from)) &&
            one.chart.state === (leafOf(to) || 'heard') &&
            (event === one.step || event.startsWith(`xstate.after.${one.step}.`)),
        ),
    )
    .map(({ from, to, event }) => `${from} > ${to}: ${event}`)
  expect(gone).toEqual([])
})

test('every event of the chart is something that befalls the table', () => {
  expect(peerMachine.events.filter((type) => !type.startsWith('xstate.')).toSorted()).toEqual(Object.keys(DEEDS).toSorted())
})

test('so does any course of events', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 25, size: 'max' }), async (steps) => {
      const lives = await live(steps)
      expect(lives.map(({ table }) => textOf(table))).toEqual(lives.map(({ chart }) => textOf(chart)))
    }),
    { numRuns: 200 },
  )
})
