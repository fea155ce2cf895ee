import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { type Announcer, createAnnouncer } from '../../../src/actors/membership/announcer.ts'
import { addressesOf } from '../../../src/domain/record.ts'
import type { Verdict } from '../../../src/machines/reach-machine.ts'
import { stateParts } from '../state-parts.ts'

const MINE = '192.0.2.1:8088'
const OTHER = '192.0.2.2:8088'
const TUNNEL = '192.0.2.7:20000'

const proven = (address = MINE, by = 'ash'): Verdict => ({ type: 'proven', address, by, atMs: 0 })
const REFUSED: Verdict = { type: 'refused' }
const UNKNOWN: Verdict = { type: 'unknown' }

/** A verdict, or what a tunnel does. */
type Step = Verdict | ((announcer: Announcer) => void)
const tunnel =
  (address = TUNNEL): Step =>
  (announcer) =>
    announcer.reachedThrough([{ turn: { id: 'elm', key: 'elm' }, address }])
const gone: Step = (announcer) => announcer.reachedThrough([])

function start() {
  const parts = stateParts()
  const { keeper, own, news, clock } = parts
  const verdicts = new Subject<Verdict>()
  let verdict: Verdict = UNKNOWN
  const announcer = createAnnouncer({ ...parts, reach: { verdicts$: verdicts, verdict: () => verdict } })
  announcer.start()
  return {
    ...parts,
    announcer,
    live: async (...steps: readonly Step[]): Promise<void> => {
      for (const step of steps) {
        await clock.advance(1_000)
        if (typeof step === 'function') step(announcer)
        else {
          verdict = step
          verdicts.next(step)
        }
      }
    },
    row: (): string | null => {
      const row = keeper.current().rows.get(own.id)
      return row ? `${row.record.address}${row.record.via ? ` via ${row.record.via}` : ''}` : null
    },
    told: (): readonly string[] =>
      news.flatMap((one) => (one.type === 'node.reachability' ? [`${one.verdict} ${one.address} by ${one.by}`] : [])),
  }
}

test.each<[string, readonly Step[], string | null, 'public' | 'tunnelled' | 'unknown', readonly string[]]>([
  ['nothing is proven', [], null, 'unknown', []],
  ['an address is proven', [proven()], MINE, 'public', [`public ${MINE} by ash`]],
  ['another is proven', [proven(), proven(OTHER, 'oak')], OTHER, 'public', [`public ${MINE} by ash`, `public ${OTHER} by oak`]],
  ['the same is proven again', [proven(), proven(MINE, 'oak')], MINE, 'public', [`public ${MINE} by ash`]],
  ['the address falls', [proven(), REFUSED], null, 'unknown', [`public ${MINE} by ash`, 'unknown null by null']],
  ['the address is lost', [proven(), UNKNOWN], null, 'unknown', [`public ${MINE} by ash`, 'unknown null by null']],
  ['nobody could connect from the start', [REFUSED], null, 'unknown', []],
  ['a tunnel is proven', [REFUSED, tunnel()], `${TUNNEL} via elm`, 'tunnelled', [`tunnelled ${TUNNEL} by elm`]],
  [
    'a tunnel is proven, and what peers find of the direct way changes nothing',
    [REFUSED, tunnel(), UNKNOWN, REFUSED],
    `${TUNNEL} via elm`,
    'tunnelled',
    [`tunnelled ${TUNNEL} by elm`],
  ],
  ['a tunnel is gone', [REFUSED, tunnel(), gone], null, 'unknown', [`tunnelled ${TUNNEL} by elm`, 'unknown null by null']],
  [
    'a direct address is proven while tunnelled, and stands when the tunnel is gone',
    [REFUSED, tunnel(), proven(), gone],
    MINE,
    'public',
    [`tunnelled ${TUNNEL} by elm`, `public ${MINE} by ash`],
  ],
  ['a tunnel that never was is gone', [proven(), gone], MINE, 'public', [`public ${MINE} by ash`]],
])('what is announced once %s', async (_, steps, row, reachability, told) => {
  const run = start()
  await run.live(...steps)
  expect([run.row(), run.announcer.reachability(), run.told()]).toEqual([row, reachability, told])
})

test('behind several TURNs all addresses are announced, best first, and only a change of the first is news', async () => {
  const { live, announcer, keeper, own, told } = start()
  const places = ['elm', 'oak', 'fir', 'ash', 'yew'].map((id, i) => ({ turn: { id, key: id }, address: `192.0.2.${i}:20000` }))
  const addresses = (): readonly string[] | null => {
    const row = keeper.current().rows.get(own.id)
    return row ? addressesOf(row.record) : null
  }
  await live(REFUSED, () => announcer.reachedThrough(places))
  const all = addresses()
  await live(() => announcer.reachedThrough(places.slice(0, 2)))
  const two = addresses()
  await live(() => announcer.reachedThrough(places.slice(1, 2)))
  expect([all, two, addresses(), told()]).toEqual([
    ['192.0.2.0:20000', '192.0.2.1:20000', '192.0.2.2:20000', '192.0.2.3:20000'],
    ['192.0.2.0:20000', '192.0.2.1:20000'],
    ['192.0.2.1:20000'],
    ['tunnelled 192.0.2.0:20000 by elm', 'tunnelled 192.0.2.1:20000 by oak'],
  ])
})

test('a renewed proof has its own time, and says nothing new to others', async () => {
  const { live, own, keeper, clock } = start()
  const proofMs = () => (keeper.current().rows.get(own.id)?.lastProofMs ?? 0) - clock.wallMs()
  await live(proven())
  const [envelope, version] = [own.envelope(), keeper.current().version]
  await live(proven(MINE, 'oak'))
  expect([proofMs(), own.envelope() === envelope, keeper.current().version === version]).toEqual([0, true, true])
  await live(REFUSED, tunnel())
  const tunnelled = own.envelope()
  await live(tunnel())
  expect([proofMs(), own.envelope() === tunnelled]).toEqual([0, true])
})

test('words of an earlier run are outrun: the same is said anew, above their count', async () => {
  const { live, own, keeper, announcer, told } = start()
  await live(proven())
  const ahead = own.seq() + 1_000_000
  announcer.outrun(ahead)
  expect([own.seq(), keeper.current().rows.get(own.id)?.record.seq, told()]).toEqual([ahead + 1, ahead + 1, [`public ${MINE} by ash`]])
})

test('where nothing is announced there is no row to outrun with', () => {
  const { own, keeper, announcer } = start()
  announcer.outrun(2 ** 50)
  expect([own.seq(), keeper.current().rows.size]).toEqual([2 ** 50 + 1, 0])
})

test('stopped, it follows no verdict', async () => {
  const { live, announcer, row } = start()
  announcer.stop()
  await live(proven())
  expect(row()).toEqual(null)
})
