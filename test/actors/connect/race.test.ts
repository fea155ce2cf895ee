import { expect, test } from 'vitest'
import { raceAddresses } from '../../../src/actors/connect/race.ts'
import type { Failure } from '../../../src/ports.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

/** When an address answers, or fails, after its try began; null: never. */
type Fate = { readonly after: number; readonly failed?: string } | null

async function race(fates: Readonly<Record<string, Fate>>) {
  const clock = new VirtualClock()
  const told: string[] = []
  const addresses = Object.keys(fates)
  const attempt = (address: string, signal: AbortSignal) => {
    told.push(`${clock.now()} ${address} tried`)
    signal.addEventListener('abort', () => told.push(`${clock.now()} ${address} called off`))
    return new Promise<Failure | { readonly type: 'open'; readonly at: string }>((resolve) => {
      const fate = fates[address]
      if (!fate) return
      const { after, failed } = fate
      clock.setTimeout(
        () => resolve(failed === undefined ? { type: 'open', at: address } : { type: 'failed', reason: 'refused', text: failed }),
        after,
      )
    })
  }
  const drop = ({ at }: { readonly at: string }): void => void told.push(`${clock.now()} ${at} given back`)
  const racing = raceAddresses({ clock, addresses, staggerMs: 250, attempt, drop }).then((won) => {
    told.push(`${clock.now()} ${won.type === 'won' ? `${won.address} won` : won.text}`)
  })
  await clock.advance(5_000)
  await racing
  return told
}

test.each<[string, Readonly<Record<string, Fate>>, readonly string[]]>([
  ['the first wins where it answers soon', { a: { after: 100 }, b: { after: 1 } }, ['0 a tried', '100 a won']],
  [
    'the next is tried after a while, and the first called off when that wins',
    { a: null, b: { after: 50 } },
    ['0 a tried', '250 b tried', '300 a called off', '300 b won'],
  ],
  [
    'the next is tried at once where the first fails',
    { a: { after: 10, failed: 'refused' }, b: { after: 50 } },
    ['0 a tried', '10 b tried', '60 b won'],
  ],
  [
    'what answers too late is given back',
    { a: { after: 400 }, b: { after: 50 } },
    ['0 a tried', '250 b tried', '300 a called off', '300 b won', '400 a given back'],
  ],
  [
    'where all fail the first one says why',
    { a: { after: 400, failed: 'a refused' }, b: { after: 50, failed: 'b refused' }, c: { after: 50, failed: 'c refused' } },
    ['0 a tried', '250 b tried', '300 c tried', '400 a refused'],
  ],
])('%s', async (_, fates, expected) => expect(await race(fates)).toEqual(expected))
