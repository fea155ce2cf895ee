// A prober in a world in which each address answers as it is told to.
import { expect } from 'vitest'
import type { PeerCalls } from '../../../src/actors/membership/peer-calls.ts'
import type { Pinged } from '../../../src/actors/membership/peer-ping.ts'
import { createProber } from '../../../src/actors/membership/prober.ts'
import type { Coordinate } from '../../../src/domain/coordinates.ts'
import { putOwn, shownRows } from '../../../src/domain/ip-table.ts'
import { OPEN } from '../../../src/domain/network-kind.ts'
import { ALONE } from '../../../src/domain/suspicion.ts'
import { ToldAll } from '../../../src/io/network/told-all.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

export const AT = '192.0.2.1:8088'
export const ELSEWHERE = '192.0.2.2:8088'
export const ash = signedBy('ash', AT)
export const addressOf = (i: number): string => `10.0.${i >> 8}.${i & 255}:8088`
export const peers = (count: number) => Array.from({ length: count }, (_, i) => signedBy(`peer${i}`, addressOf(i)))

export type Answer = 'silent' | 'refused' | 'withheld' | { readonly by: string | null; readonly run?: string; readonly place?: Coordinate }

/** How each address answers, and after how long. */
interface Net {
  answer(address: string): Answer
  /** How long an answer takes; silence and refusals take their own time. */
  tookMs: number
}

export const SILENCE_MS = 2_000
export const DAY = 24 * 3_600_000

export function start({ random }: Partial<Pick<ReturnType<typeof stateParts>, 'random'>> = {}) {
  const parts = stateParts()
  const { clock, keeper, own } = parts
  const net: Net = { answer: (address) => ({ by: nameAt(address) }), tookMs: 5 }
  const pings: string[] = []
  const closely: string[] = []
  const told: string[] = []
  let under = 0
  let most = 0
  const nameAt = (address: string): string | null =>
    [...keeper.current().rows.values()].find(({ record }) => record.address === address)?.record.id ?? null
  const ping: PeerCalls['ping'] = async (address, _, closeness): Promise<Pinged> => {
    pings.push(`${clock.now()} ${address}`)
    closely.push(closeness)
    most = Math.max(most, ++under)
    const answer = net.answer(address)
    await new Promise<void>((resolve) =>
      clock.setTimeout(resolve, answer === 'silent' ? SILENCE_MS : answer === 'refused' ? 1 : answer === 'withheld' ? 0 : net.tookMs),
    )
    under--
    if (answer === 'withheld') {
      const burst = { type: 'silent', refused: false, why: 'too many tries' } as const
      return { burst, withheld: true, retryMs: 5_000, by: null, samplesMs: [], discarded: 0, connectMs: null }
    }
    if (typeof answer === 'string') {
      const why = answer === 'refused' ? 'connection refused' : 'it did not answer in time'
      return { burst: { type: 'silent', refused: answer === 'refused', why }, by: null, samplesMs: [], discarded: 0, connectMs: null }
    }
    const by = answer.by === null ? null : { id: answer.by, run: answer.run ?? 'r', ...(answer.place ? { place: answer.place } : {}) }
    return { burst: { type: 'answered', rttMs: net.tookMs }, by, samplesMs: [net.tookMs], discarded: 0, connectMs: 1 }
  }
  const loaded = new Set<string>()
  const company = { judged: ALONE }
  const closed = new ToldAll<string>()
  const prober = createProber({
    ...{ ...parts, random: random ?? parts.random, networkKind: OPEN, clock: parts.time, calls: { ping } },
    http: { onClosed: closed.add },
    company: { of: () => company.judged, answered: () => {} },
    load: { wasLoaded: (names) => names.some((name) => loaded.has(name)) },
    places: { sampled: (place, rttMs) => told.push(`${clock.now()} sampled ${place.heightMs} ${rttMs}`) },
  })
  prober.isolated$.subscribe((isolated) => told.push(`${clock.now()} ${isolated ? 'isolated' : 'together'}`))
  prober.probed$.subscribe(({ row, by }) => told.push(`${clock.now()} probed ${row.key} by ${by?.id ?? 'nobody'}`))
  keeper.changes$.subscribe(({ type, row }) => {
    if (type === 'removed' || type === 'dropped') {
      prober.forget(row.key)
      told.push(`${clock.now()} ${type} ${row.key}`)
    }
  })
  const running = prober.runs$.subscribe({ error: parts.onBug })
  return {
    ...parts,
    prober,
    net,
    pings,
    closely,
    closed,
    loaded,
    company,
    told,
    most: () => most,
    strikes: (key: string) => keeper.current().rows.get(key)?.strikes,
    shown: () => shownRows(keeper.current()).map(({ key }) => key),
    announce: (address: string) => {
      own.announce(address, null)
      const record = own.record()
      if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    },
    end: () => running.unsubscribe(),
  }
}

/** Two peers, 61 s after they came: each has been looked at once in quiet. */
export const quietly = async () => {
  const started = start()
  const { clock, prober, prove, pings } = started
  prove(ash)
  prove(signedBy('elm', ELSEWHERE))
  for (const key of ['ash', 'elm']) prober.doubt(key)
  await clock.advance(61_000)
  const ofAsh = pings.flatMap((line) => (line.endsWith(` ${AT}`) ? [Number(line.split(' ')[0])] : []))
  expect(ofAsh).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 60_000])
  pings.length = 0
  return started
}
