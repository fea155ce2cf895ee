// What is made of silence in company: who is asked, what is told, and whose word counts.
import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { createCompany } from '../../../src/actors/membership/company.ts'
import type { Suspicions } from '../../../src/actors/membership/gossip.ts'
import type { Round } from '../../../src/actors/membership/lookers.ts'
import type { Missed } from '../../../src/actors/membership/prober.ts'
import { createSilentPeers } from '../../../src/actors/membership/silent-peers.ts'
import { recordBurst } from '../../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import type { Identity } from '../../../src/ports.ts'
import { recordOf, seal } from '../../../src/v2/envelope.ts'
import { type Witness, witnessBytes } from '../../../src/v2/indirect-look.ts'
import { newIdentity } from '../../v2/identities.ts'
import { stateParts } from '../state-parts.ts'

const SILENT = { type: 'silent', refused: false, why: 'no answer' } as const
const addressOf = (i: number): string => `192.0.2.${i}:8088`

function word(owner: Identity, address: string, seq = 1): PeerRecord {
  const said = { name: 'x', address, seq, via: null, offersTurn: true, left: false }
  const record = recordOf({ id: owner.id, ...said }, seal(owner, said), null)
  if (!record) throw new Error('it has an address')
  return record
}

const [oak, ash, elm, fir] = [newIdentity(), newIdentity(), newIdentity(), newIdentity()]
const names = new Map([oak, ash, elm, fir].map((one, i) => [one.id, ['oak', 'ash', 'elm', 'fir'][i] ?? '']))
const OAK = addressOf(1)
const NOTHING: Round = { asked: 3, reachedBy: [], missed: [] }

function start() {
  const parts = stateParts()
  const { clock, keeper, own, identity } = parts
  for (const [i, one] of [oak, ash, elm, fir].entries()) parts.prove(word(one, addressOf(i + 1)))
  const missed$ = new Subject<Missed>()
  const suspicions$ = new Subject<Suspicions>()
  const told: string[] = []
  const answers: { round: Round | null } = { round: NOTHING }
  const company = createCompany({ clock: parts.time, keeper, self: own.id })
  const witness = ({ id, address }: { readonly id: string; readonly address: string }, by: Identity, agoMs = 0): Witness => {
    const atMs = clock.wallMs() - agoMs
    return { by: by.id, atMs, sig: by.sign(witnessBytes({ id, address, atMs })) }
  }
  const silentPeers = createSilentPeers({
    ...{ clock: parts.time, identity, keeper, own, company },
    prober: { missed$, doubt: (key) => void told.push(`look at ${names.get(key)}`) },
    gossip: {
      suspicions$,
      spread: async ({ doubts = [], deaths = [] }, _, and) => {
        for (const { id } of doubts) told.push(`doubt ${names.get(id)}${and?.key === id ? '' : ', but not to itself'}`)
        for (const { id, witnesses } of deaths)
          told.push(`dead ${names.get(id)} by ${witnesses.map(({ by }) => names.get(by) ?? 'me').join(' ')}`)
      },
    },
    lookers: {
      ask: async () => answers.round,
      answer: async () => ({ type: 'busy' }),
      witness: (one) => witness(one, identity),
    },
    announcer: { outrun: (seq) => void told.push(`own word above ${seq === own.seq() ? 'the last' : seq}`) },
  })
  silentPeers.runs$.subscribe({ error: parts.onBug })
  const miss = async (burst: typeof SILENT = SILENT): Promise<void> => {
    keeper.apply((table, wallMs) => recordBurst(table, oak.id, burst, wallMs, null, 'fine', company.of(oak.id)))
    const row = keeper.current().rows.get(oak.id)
    if (row) missed$.next({ row, why: burst.why })
    await clock.settle()
  }
  const oakNow = () => {
    const row = keeper.current().rows.get(oak.id)
    return row ? `${row.state}${row.reachedBy.length > 0 ? ` by ${row.reachedBy.map((id) => names.get(id)).join(' ')}` : ''}` : 'gone'
  }
  return { ...parts, told, answers, company, witness, miss, oakNow, suspicions$ }
}

const about = { id: oak.id, address: OAK }
const death = (witnesses: readonly Witness[], seq = 1, address = OAK) => ({ id: oak.id, seq, address, witnesses })
const from = (one: Identity, said: Partial<Suspicions>): Suspicions => ({ from: one.id, doubts: [], deaths: [], ...said })

describe('whom this node missed', () => {
  test('and others reach is not suspected, told to nobody, and stays however often it is missed', async () => {
    const { miss, oakNow, told, answers, clock } = start()
    answers.round = { asked: 3, reachedBy: [ash.id, elm.id], missed: [] }
    for (let i = 0; i < 10; i++) {
      await miss()
      await clock.advance(5_000)
    }
    expect([oakNow(), told]).toEqual(['alive by ash elm', []])
  })

  test('and nobody reaches is suspected, told so, and goes when it was missed three times in two seconds, told with who missed it', async () => {
    const { miss, oakNow, told, answers, clock, witness } = start()
    answers.round = { asked: 3, reachedBy: [], missed: [witness(about, ash), witness(about, elm), witness(about, fir)] }
    const states: string[] = []
    for (let i = 0; i < 3; i++) {
      await miss()
      states.push(oakNow())
      await clock.advance(1_000)
    }
    expect([states, told]).toEqual([
      ['suspect', 'suspect', 'gone'],
      ['doubt oak', 'dead oak by ash elm fir me'],
    ])
  })

  test('and nobody else missed is suspected three times as long, and longer by a node that doubts itself', async () => {
    const { miss, oakNow, clock } = start()
    const lasted: string[] = []
    for (let i = 0; i < 20 && oakNow() !== 'gone'; i++) {
      await miss()
      lasted.push(`${i} ${oakNow()}`)
      await clock.advance(1_000)
    }
    // 2 s, times 3, times 8.
    expect(lasted.at(-1)).toBe('19 suspect')
  })

  test('is not suspected on signatures that are not their signers’', async () => {
    const { miss, told, answers, witness } = start()
    answers.round = { asked: 3, reachedBy: [], missed: [{ ...witness(about, ash), by: elm.id }] }
    await miss()
    answers.round = { asked: 3, reachedBy: [ash.id], missed: [] }
    await miss()
    expect(told).toEqual(['doubt oak'])
  })
})

describe('a death that is told', () => {
  test.each<[string, (witness: ReturnType<typeof start>['witness']) => Suspicions, readonly string[], string]>([
    [
      'with the signatures of three counts at the second miss',
      (w) => from(ash, { deaths: [death([ash, elm, fir].map((one) => w(about, one)))] }),
      ['look at oak', 'doubt oak', 'dead oak by ash elm fir me'],
      'gone',
    ],
    ['with one signature is looked at', (w) => from(ash, { deaths: [death([w(about, ash)])] }), ['look at oak', 'doubt oak'], 'suspect'],
    [
      'with one signature thrice is one',
      (w) => from(ash, { deaths: [death([w(about, ash), w(about, ash), w(about, ash)])] }),
      ['look at oak', 'doubt oak'],
      'suspect',
    ],
    [
      'with signatures of nobody who is listed is looked at',
      (w) => from(ash, { deaths: [death([1, 2, 3].map(() => w(about, newIdentity())))] }),
      ['look at oak', 'doubt oak'],
      'suspect',
    ],
    [
      'with the dead one’s own is looked at',
      (w) => from(ash, { deaths: [death([ash, oak].map((one) => w(about, one)))] }),
      ['look at oak', 'doubt oak'],
      'suspect',
    ],
    [
      'with signatures of an hour ago is looked at',
      (w) => from(ash, { deaths: [death([ash, elm, fir].map((one) => w(about, one, 3_600_000)))] }),
      ['look at oak', 'doubt oak'],
      'suspect',
    ],
    [
      'at another address is none',
      (w) =>
        from(ash, {
          deaths: [
            death(
              [ash, elm, fir].map((one) => w(about, one)),
              1,
              addressOf(9),
            ),
          ],
        }),
      ['doubt oak'],
      'suspect',
    ],
    [
      'of an older word is none',
      (w) =>
        from(ash, {
          deaths: [
            death(
              [ash, elm, fir].map((one) => w(about, one)),
              0,
            ),
          ],
        }),
      ['doubt oak'],
      'suspect',
    ],
    [
      'by a stranger is none',
      (w) => from(newIdentity(), { deaths: [death([ash, elm, fir].map((one) => w(about, one)))] }),
      ['doubt oak'],
      'suspect',
    ],
  ])('%s', async (_, said, then, state) => {
    const { suspicions$, witness, miss, told, oakNow, clock, answers } = start()
    answers.round = { asked: 3, reachedBy: [], missed: [witness(about, ash)] }
    suspicions$.next(said(witness))
    await miss()
    await miss()
    await clock.settle()
    expect([told, oakNow()]).toEqual([then, state])
  })

  test('counts later with a node that doubts itself', async () => {
    const { suspicions$, witness, miss, oakNow, company, answers } = start()
    answers.round = { asked: 3, reachedBy: [], missed: [witness(about, ash)] }
    for (let i = 0; i < 2; i++) company.missedMyself()
    suspicions$.next(from(ash, { deaths: [death([ash, elm, fir].map((one) => witness(about, one)))] }))
    const states: string[] = []
    for (let i = 0; i < 8 && oakNow() !== 'gone'; i++) {
      await miss()
      states.push(oakNow())
    }
    expect(states.indexOf('gone')).toBeGreaterThan(2)
  })

  test('goes for nothing where the row answers', async () => {
    const { suspicions$, witness, keeper, oakNow } = start()
    suspicions$.next(from(ash, { deaths: [death([ash, elm, fir].map((one) => witness(about, one)))] }))
    keeper.apply((table, wallMs) => recordBurst(table, oak.id, { type: 'answered', rttMs: 5 }, wallMs))
    expect(oakNow()).toBe('alive')
  })
})

describe('a doubt', () => {
  test.each<[string, (own: { readonly id: string; seq(): number }) => Suspicions, readonly string[]]>([
    ['of a row is looked at', () => from(ash, { doubts: [{ id: oak.id, seq: 1 }] }), ['look at oak']],
    ['of an older word is not', () => from(ash, { doubts: [{ id: oak.id, seq: 0 }] }), []],
    ['of nobody known is not', () => from(ash, { doubts: [{ id: 'f'.repeat(32), seq: 1 }] }), []],
    ['by a stranger is not', () => from(newIdentity(), { doubts: [{ id: oak.id, seq: 1 }] }), []],
    ['of this node is refuted by a later word', ({ id, seq }) => from(ash, { doubts: [{ id, seq: seq() }] }), ['own word above the last']],
    ['of an earlier word of this node is refuted already', ({ id, seq }) => from(ash, { doubts: [{ id, seq: seq() - 1 }] }), []],
  ])('%s', (_, said, then) => {
    const { suspicions$, own, told } = start()
    suspicions$.next(said(own))
    expect(told).toEqual(then)
  })

  test('of this node is refuted once in ten seconds', async () => {
    const { suspicions$, own, told, clock } = start()
    for (let i = 0; i < 12; i++) {
      suspicions$.next(from(ash, { doubts: [{ id: own.id, seq: own.seq() }] }))
      await clock.advance(1_000)
    }
    expect(told.length).toBe(2)
  })
})
