import { expect, test } from 'vitest'
import { createReach, type Reach, type Verdict } from '../../../src/actors/membership/reach.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'

const ash: PeerRecord = {
  id: 'ash',
  name: 'ash',
  address: '192.0.2.7:8088',
  seq: 1,
  via: null,
  offersTurn: true,
  left: false,
  envelope: 'E',
  p2prc: null,
}
const MINE = '192.0.2.1:8088'
const OTHER = '192.0.2.2:8088'

type Step = (reach: Reach) => void
const found =
  (reached: string | null): Step =>
  (reach) =>
    reach.found({ type: 'met', record: ash, observed: '192.0.2.1', reached })
const provenAt =
  (address: string, by: string): Step =>
  (reach) =>
    reach.provenAt(address, by)
const heardOf =
  (address: string): Step =>
  (reach) =>
    reach.heardOf(address)

function play(own: { readonly port?: number | null; readonly advertise?: string }, steps: readonly Step[]) {
  const told: Verdict[] = []
  const { port = 8088, advertise = null } = own
  const reach = createReach({ listenPort: () => port, advertise, tell: (verdict) => told.push(verdict) })
  for (const step of steps) step(reach)
  return { told, verdict: reach.verdict(), ask: reach.ask() }
}

const proven = (address: string, by = 'ash'): Verdict => ({ type: 'proven', address, by })
const FAILED: Verdict = { type: 'failed' }
const UNKNOWN: Verdict = { type: 'unknown' }

test.each<[string, readonly Step[], Verdict, readonly Verdict[]]>([
  ['nobody has tried', [], UNKNOWN, []],
  ['who reached us proves it', [found(MINE)], proven(MINE), [proven(MINE)]],
  ['once is enough to be told', [found(MINE), found(MINE)], proven(MINE), [proven(MINE)]],
  ['another address is told', [found(MINE), found(OTHER)], proven(OTHER), [proven(MINE), proven(OTHER)]],
  ['another witness is not, but noted', [found(MINE), provenAt(MINE, 'pc')], proven(MINE, 'pc'), [proven(MINE)]],
  ['who could not reach us before anybody did fails it', [found(null)], FAILED, [FAILED]],
  ['one failure takes no proof away', [found(MINE), found(null)], proven(MINE), [proven(MINE)]],
  ['two in a row do', [found(MINE), found(null), found(null)], FAILED, [proven(MINE), FAILED]],
  ['two with a proof between do not', [found(MINE), found(null), found(MINE), found(null)], proven(MINE), [proven(MINE)]],
  ['failure is told once', [found(null), found(null), found(null)], FAILED, [FAILED]],
  ['who failed may be reached later', [found(null), found(MINE)], proven(MINE), [FAILED, proven(MINE)]],
])('%s', (_, steps, verdict, told) => {
  const run = play({}, steps)
  expect([run.verdict, run.told]).toEqual([verdict, told])
})

test('who listens nowhere has failed from the start, whatever peers find', () => {
  const run = play({ port: null }, [found(MINE), found(null)])
  expect([run.verdict, run.told]).toEqual([FAILED, []])
})

test.each<[string, { readonly port?: number | null; readonly advertise?: string }, readonly Step[], unknown]>([
  ['its port', {}, [], { port: 8088, advertise: null }],
  ['no port where it listens nowhere', { port: null }, [], { port: null, advertise: null }],
  [
    'the address it was told to advertise, before all',
    { advertise: OTHER },
    [found(MINE), heardOf(MINE)],
    { port: 8088, advertise: OTHER },
  ],
  ['the address that is proven', {}, [heardOf(OTHER), found(MINE)], { port: 8088, advertise: MINE }],
  ['the first address somebody reached it by', {}, [heardOf(MINE), heardOf(OTHER)], { port: 8088, advertise: MINE }],
])('it asks to be tried at %s', (_, own, steps, expected) => expect(play(own, steps).ask).toEqual(expected))
