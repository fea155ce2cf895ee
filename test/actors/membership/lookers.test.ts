// Who is asked about a peer that this node missed, and for whom this node looks.
import { describe, expect, test, vi } from 'vitest'
import { createLookers } from '../../../src/actors/membership/lookers.ts'
import { recordBurst } from '../../../src/domain/ip-table.ts'
import { LOOK_ROUNDS_BURST, LOOKS_FOR_ONE_BURST } from '../../../src/domain/timings.ts'
import type { Failure } from '../../../src/ports.ts'
import { type LookAnswer, witnessBytes } from '../../../src/v2/indirect-look.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const OAK = '192.0.2.1:8088'
const SILENT = { type: 'silent', refused: false, why: 'no answer' } as const
const FAILED: Failure = { type: 'failed', reason: 'timeout', text: 'no answer' }
const names = ['ash', 'elm', 'fir', 'yew', 'birch']

function start(others: readonly string[] = names) {
  const parts = stateParts()
  parts.prove(signedBy('oak', OAK))
  for (const [i, name] of others.entries()) parts.prove(signedBy(name, `198.51.100.${i + 1}:8088`))
  const asked: string[] = []
  const says: { answer(name: string): LookAnswer | Failure; seen: 'reached' | 'missed' | null } = {
    answer: () => ({ type: 'busy' }),
    seen: 'reached',
  }
  const looked: string[] = []
  const lookers = createLookers({
    ...parts,
    clock: parts.time,
    calls: {
      look: async (address) => {
        const name = [...parts.keeper.current().rows.values()].find(({ record }) => record.address === address)?.key ?? ''
        asked.push(name)
        return says.answer(name)
      },
    },
    prober: {
      look: async (key) => {
        looked.push(key)
        return says.seen
      },
    },
  })
  const oak = () => {
    const row = parts.keeper.current().rows.get('oak')
    if (!row) throw new Error('it is there')
    return row
  }
  return { ...parts, lookers, asked, looked, says, oak }
}

describe('about a peer that was missed', () => {
  test('three others are asked, and what each says is told', async () => {
    const { lookers, asked, says, oak } = start(['ash', 'elm', 'fir'])
    const missed = { type: 'missed', atMs: 1, sig: 'S' } as const
    says.answer = (name) => (name === 'ash' ? { type: 'reached' } : name === 'elm' ? missed : FAILED)
    expect([await lookers.ask(oak()), asked.sort()]).toEqual([
      { asked: 3, reachedBy: ['ash'], missed: [{ by: 'elm', atMs: 1, sig: 'S' }] },
      ['ash', 'elm', 'fir'],
    ])
  })

  test('nobody is asked who is silent, nor who is reached through it, nor more than three', async () => {
    const { lookers, asked, keeper, hear, prove, oak } = start()
    hear(signedBy('heard', '198.51.100.9:8088'))
    prove(signedBy('behind', '192.0.2.1:20001', { via: 'oak' }))
    keeper.apply((table, wallMs) => recordBurst(table, 'ash', SILENT, wallMs))
    for (let i = 0; i < 5; i++) await lookers.ask(oak())
    expect([asked.length, asked.filter((name) => ['ash', 'heard', 'behind', 'oak'].includes(name))]).toEqual([15, []])
  })

  test('too many rounds at once are not made', async () => {
    const { lookers, oak, clock } = start()
    const made: boolean[] = []
    for (let i = 0; i < LOOK_ROUNDS_BURST + 1; i++) made.push((await lookers.ask(oak())) !== null)
    await clock.advance(1_000)
    expect([made.filter(Boolean).length, await lookers.ask(oak())]).toEqual([LOOK_ROUNDS_BURST, { asked: 3, reachedBy: [], missed: [] }])
  })

  test('nobody is asked where there is nobody else', async () => {
    const { lookers, oak } = start([])
    expect(await lookers.ask(oak())).toEqual({ asked: 0, reachedBy: [], missed: [] })
  })
})

describe('for another', () => {
  test.each<[string, string, { readonly id: string; readonly address: string }, 'reached' | 'missed' | null, string, readonly string[]]>([
    ['who is listed there and answers', 'ash', { id: 'oak', address: OAK }, 'reached', 'reached', ['oak']],
    ['who is listed there and is silent', 'ash', { id: 'oak', address: OAK }, 'missed', 'missed', ['oak']],
    ['who may not be asked now', 'ash', { id: 'oak', address: OAK }, null, 'busy', ['oak']],
    ['at another address', 'ash', { id: 'oak', address: '192.0.2.9:8088' }, 'reached', 'busy', []],
    ['who is not known', 'ash', { id: 'nobody', address: OAK }, 'reached', 'busy', []],
    ['who is only heard of', 'ash', { id: 'heard', address: '198.51.100.9:8088' }, 'reached', 'busy', []],
  ])('%s', async (_, by, ask, seen, answer, pinged) => {
    const { lookers, says, looked, hear } = start()
    hear(signedBy('heard', '198.51.100.9:8088'))
    says.seen = seen
    expect([(await lookers.answer(by, ask)).type, looked]).toEqual([answer, pinged])
  })

  test('a miss is signed for that address and moment', async () => {
    const { lookers, says, identity } = start()
    says.seen = 'missed'
    const answer = await lookers.answer('ash', { id: 'oak', address: OAK })
    const isSigned =
      answer.type === 'missed' &&
      identity.verify(identity.publicKey, witnessBytes({ id: 'oak', address: OAK, atMs: answer.atMs }), answer.sig)
    expect(isSigned).toBe(true)
  })

  test('whom this node has missed and removed it need not look for: it says so, as of then, for a minute', async () => {
    const { lookers, keeper, clock, time, looked, identity } = start()
    for (let miss = 0; miss < 3; miss++) keeper.apply((table, wallMs) => recordBurst(table, 'oak', SILENT, wallMs))
    const goneMs = time.wallMs()
    await clock.advance(59_000)
    const answer = await lookers.answer('ash', { id: 'oak', address: OAK })
    const isSigned =
      answer.type === 'missed' && identity.verify(identity.publicKey, witnessBytes({ id: 'oak', address: OAK, atMs: goneMs }), answer.sig)
    const elsewhere = await lookers.answer('ash', { id: 'oak', address: '192.0.2.9:8088' })
    await clock.advance(2_000)
    const later = await lookers.answer('ash', { id: 'oak', address: OAK })
    expect([answer.type, isSigned, elsewhere.type, later.type, looked]).toEqual(['missed', true, 'busy', 'busy', []])
  })

  test('for one asker so many are signed of whom was removed, too', async () => {
    const { lookers, keeper, identity } = start()
    for (let miss = 0; miss < 3; miss++) keeper.apply((table, wallMs) => recordBurst(table, 'oak', SILENT, wallMs))
    const sign = vi.spyOn(identity, 'sign')
    for (let i = 0; i < LOOKS_FOR_ONE_BURST + 5; i++) await lookers.answer('ash', { id: 'oak', address: OAK })
    expect(sign).toHaveBeenCalledTimes(LOOKS_FOR_ONE_BURST)
  })

  test('one asker has so many looks, and others theirs', async () => {
    const { lookers, looked } = start()
    for (let i = 0; i < LOOKS_FOR_ONE_BURST + 5; i++) await lookers.answer('ash', { id: 'oak', address: OAK })
    const ofOne = looked.length
    await lookers.answer('elm', { id: 'oak', address: OAK })
    expect([ofOne, looked.length]).toEqual([LOOKS_FOR_ONE_BURST, LOOKS_FOR_ONE_BURST + 1])
  })
})
