// Whose word lists whom, and who is looked at all the same.
import { expect, test } from 'vitest'
import { createVouching } from '../../../src/actors/membership/vouching.ts'
import { recordBurst, removeRow } from '../../../src/domain/ip-table.ts'
import type { NetworkKind } from '../../../src/domain/network-kind.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import { EARLY_LOOKS_AT_ONCE, EARLY_PATIENCE, GONE_FOR, VOUCH_COUNTS, VOUCH_NEW, WATCHED_WHOLE } from '../../../src/domain/timings.ts'
import type { Vouch } from '../../../src/domain/vouches.ts'
import type { Identity } from '../../../src/ports.ts'
import { recordOf, seal } from '../../../src/v2/envelope.ts'
import { vouchBytes } from '../../../src/v2/vouch.ts'
import { signedBy } from '../../records.ts'
import { newIdentity } from '../../v2/identities.ts'
import { stateParts } from '../state-parts.ts'

const [ash, elm, fir, oak, yew] = [newIdentity(), newIdentity(), newIdentity(), newIdentity(), newIdentity()]
const OAK = '192.0.2.99:8088'
const PRIVATE: NetworkKind = { type: 'private', secrets: ['s'] }

function word(owner: Identity, address: string, vouches: readonly Vouch[] = [], seq = 1): PeerRecord {
  const said = { name: 'x', address, seq, via: null, offersTurn: true, left: false, ...(vouches.length > 0 ? { vouches } : {}) }
  const record = recordOf({ id: owner.id, ...said }, seal(owner, said), null)
  if (!record) throw new Error('it has an address')
  return record
}

/** `others`: rows in the table beside those that are proven. */
function start({ network = PRIVATE, others = WATCHED_WHOLE, proven = [ash, elm] as readonly Identity[] } = {}) {
  const parts = stateParts()
  const { clock, keeper } = parts
  const looks: string[] = []
  const triedAnew: string[] = []
  const planned = new Set<string>()
  for (const [i, one] of proven.entries()) parts.prove(word(one, `192.0.2.${i + 1}:8088`))
  for (let i = 0; i < others; i++) parts.prove(signedBy(`other${i}`, `198.51.100.${i}:8088`))
  const vouching = createVouching({
    ...{ clock: parts.time, identity: parts.identity, keeper, own: parts.own, networkKind: network },
    prober: {
      doubt: (key) => void looks.push(`${clock.now()} ${key === oak.id ? 'oak' : key}`),
      ensure: (key) => void looks.push(`${clock.now()} ${key === oak.id ? 'oak' : key}, if not planned`),
      isPlanned: (key) => planned.has(key),
    },
    gate: { tryAnew: (address) => void triedAnew.push(address) },
  })
  vouching.runs$.subscribe({ error: parts.onBug })
  keeper.changes$.subscribe(({ type, row }) => {
    if (type === 'heard') vouching.heard(row)
    if (type === 'changed' && row.state === 'unknown') vouching.saidMore(row)
  })
  const vouch = (by: Identity, { address = OAK, id = oak.id, agoMs = 0, as = by } = {}): Vouch => {
    const atS = Math.floor((clock.wallMs() - agoMs) / 1_000)
    return { by: as.id, atS, sig: by.sign(vouchBytes({ id, address, atS })) }
  }
  const oakNow = (): string => {
    const row = keeper.current().rows.get(oak.id)
    return row === undefined ? 'gone' : row.told === undefined ? row.state : `${row.state} by ${row.told.length}`
  }
  return { ...parts, looks, vouch, oakNow, triedAnew, planned }
}
type Start = ReturnType<typeof start>

test.each<[string, (vouch: Start['vouch']) => readonly Vouch[], string]>([
  ['of two whom this node has reached', (vouch) => [vouch(ash), vouch(elm)], 'alive by 2'],
  ['of one', (vouch) => [vouch(ash)], 'unknown'],
  ['of one, said twice', (vouch) => [vouch(ash), vouch(ash)], 'unknown'],
  ['of one and a stranger', (vouch) => [vouch(ash), vouch(fir)], 'unknown'],
  ['of its own', (vouch) => [vouch(ash), vouch(oak)], 'unknown'],
  ['that another has signed', (vouch) => [vouch(ash), vouch(fir, { as: elm })], 'unknown'],
  ['for another address', (vouch) => [vouch(ash), vouch(elm, { address: '192.0.2.98:8088' })], 'unknown'],
  ['for another node', (vouch) => [vouch(ash), vouch(elm, { id: fir.id })], 'unknown'],
  ['that is too old', (vouch) => [vouch(ash), vouch(elm, { agoMs: VOUCH_COUNTS })], 'unknown'],
  ['of the future', (vouch) => [vouch(ash), vouch(elm, { agoMs: -3_600_000 })], 'unknown'],
])('the word %s', (_, vouches, expected) => {
  const { hear, vouch, oakNow, looks } = start()
  hear(word(oak, OAK, vouches(vouch)))
  expect([oakNow(), looks]).toEqual([expected, []])
})

test.each<[string, number, string]>([
  ['at two IP addresses', 2, 'alive by 2'],
  ['at one IP address', 1, 'unknown'],
])('in an open network the word of two %s', (_, hosts, expected) => {
  const { hear, prove, vouch, oakNow } = start({ network: { type: 'open' }, proven: [ash] })
  prove(word(elm, `192.0.2.${hosts}:8089`))
  hear(word(oak, OAK, [vouch(ash), vouch(elm)]))
  expect(oakNow()).toEqual(expected)
})

test('who was listed by word alone and has moved is listed by two who are listed so too', () => {
  const { hear, vouch, oakNow } = start({ proven: [ash, elm] })
  for (const [i, one] of [fir, yew].entries())
    hear(
      word(one, `192.0.2.${50 + i}:8088`, [
        vouch(ash, { address: `192.0.2.${50 + i}:8088`, id: one.id }),
        vouch(elm, { address: `192.0.2.${50 + i}:8088`, id: one.id }),
      ]),
    )
  hear(word(oak, '192.0.2.98:8088', [vouch(ash, { address: '192.0.2.98:8088' }), vouch(elm, { address: '192.0.2.98:8088' })]))
  const before = oakNow()
  hear(word(oak, OAK, [vouch(fir), vouch(yew)], 2))
  expect([before, oakNow()]).toEqual(['alive by 2', 'alive by 2'])
})

test('who was not listed is not listed by two who are listed by word alone', () => {
  const { hear, vouch, oakNow } = start({ proven: [ash, elm] })
  for (const [i, one] of [fir, yew].entries())
    hear(
      word(one, `192.0.2.${50 + i}:8088`, [
        vouch(ash, { address: `192.0.2.${50 + i}:8088`, id: one.id }),
        vouch(elm, { address: `192.0.2.${50 + i}:8088`, id: one.id }),
      ]),
    )
  hear(word(oak, OAK, [vouch(fir), vouch(yew)]))
  expect(oakNow()).toEqual('unknown')
})

test('whom nobody vouches for is looked at now', () => {
  const { hear, oakNow, looks } = start()
  hear(word(oak, OAK))
  expect([oakNow(), looks]).toEqual(['unknown', ['0 oak']])
})

test('in a small table few are looked at as they come, where too few vouch for them', () => {
  const { hear, vouch, oakNow, looks } = start({ others: 0 })
  hear(word(oak, OAK, [vouch(ash)]))
  expect([oakNow(), looks]).toEqual(['unknown', ['0 oak']])
})

test('of many that come at once to a small table those wait that are too many to be looked at', () => {
  const { hear, vouch, looks } = start({ others: 0 })
  for (let i = 0; i < EARLY_LOOKS_AT_ONCE + 3; i++) {
    const one = newIdentity()
    const address = `203.0.113.${i}:8088`
    hear(word(one, address, [vouch(ash, { address, id: one.id })]))
  }
  expect(looks.length).toEqual(EARLY_LOOKS_AT_ONCE)
})

test('whom one vouches for is listed by a later word that two vouch for, and looked at by nobody', async () => {
  const { hear, vouch, oakNow, looks, clock } = start()
  hear(word(oak, OAK, [vouch(ash)]))
  const before = oakNow()
  hear(word(oak, OAK, [vouch(ash), vouch(elm)], 2))
  const after = oakNow()
  await clock.advance(10_000)
  expect([before, after, looks]).toEqual(['unknown', 'alive by 2', []])
})

test('who was missed is listed, and looked at at once, when two have just reached it; and not by what they found before that', () => {
  const seen = [0, VOUCH_NEW].map((agoMs) => {
    const { hear, vouch, oakNow, looks, keeper, planned, triedAnew } = start()
    hear(word(oak, OAK, [vouch(ash)]))
    keeper.apply((table, wallMs) => recordBurst(table, oak.id, { type: 'silent', refused: false, why: 'no answer' }, wallMs))
    planned.add(oak.id)
    hear(word(oak, OAK, [vouch(ash, { agoMs }), vouch(elm, { agoMs })], 2))
    return [oakNow(), looks, triedAnew]
  })
  expect(seen).toEqual([
    ['alive by 2', ['0 oak'], [OAK]],
    ['unknown', [], []],
  ])
})

test('who wait for a voucher that says something newer, and is not listed by it, wait on', () => {
  const { hear, prove, vouch, oakNow } = start({ proven: [ash] })
  hear(word(elm, '192.0.2.2:8088'))
  hear(word(oak, OAK, [vouch(ash), vouch(elm)]))
  hear(word(elm, '192.0.2.2:8088', [], 2))
  const before = oakNow()
  prove(word(elm, '192.0.2.2:8088', [], 3))
  expect([before, oakNow()]).toEqual(['unknown', 'alive by 2'])
})

test('who is heard of before those who vouch is listed when they are', async () => {
  const { hear, prove, vouch, oakNow, looks, clock } = start({ proven: [ash] })
  hear(word(oak, OAK, [vouch(ash), vouch(elm)]))
  const before = oakNow()
  prove(word(elm, '192.0.2.2:8088'))
  const after = oakNow()
  await clock.advance(10_000)
  expect([before, after, looks]).toEqual(['unknown', 'alive by 2', [`0 ${elm.id}`]])
})

test('whom too few vouch for is looked at a little later', async () => {
  const { hear, vouch, looks, clock } = start()
  hear(word(oak, OAK, [vouch(ash)]))
  await clock.advance(10_000)
  expect(looks).toEqual([`${EARLY_PATIENCE} oak`])
})

test('who has moved is listed at its new address by those who vouch for it there, and for no other', () => {
  const { hear, prove, vouch, oakNow } = start()
  const NEXT = '192.0.2.97:8088'
  prove(word(oak, OAK))
  hear(word(oak, NEXT, [vouch(ash), vouch(elm)], 2))
  const before = oakNow()
  hear(word(oak, OAK, [], 3))
  hear(word(oak, NEXT, [vouch(ash, { address: NEXT }), vouch(elm, { address: NEXT })], 4))
  expect([before, oakNow()]).toEqual(['unknown', 'alive by 2'])
})

test.each<[string, (vouch: Start['vouch']) => readonly Vouch[]]>([
  ['that waits on', (vouch) => [vouch(ash)]],
  ['that is listed by it', (vouch) => [vouch(ash), vouch(yew)]],
])('who is named as a voucher no more by the later word of one %s is looked at in its turn', async (_, later) => {
  const { hear, vouch, looks, clock } = start({ proven: [ash, yew] })
  const waits = (one: Identity, address: string) => hear(word(one, address, [vouch(ash, { address, id: one.id })]))
  waits(fir, '192.0.2.3:8088')
  waits(elm, '192.0.2.4:8088')
  hear(word(oak, OAK, [vouch(ash), vouch(elm)]))
  hear(word(oak, OAK, later(vouch), 2))
  await clock.advance(10_000)
  const inTurn = [`${EARLY_PATIENCE} ${fir.id}`, `${EARLY_PATIENCE} ${elm.id}`]
  expect(looks.filter((look) => !look.includes('oak'))).toEqual(inTurn)
})

test('who was removed is not listed again by the vouches of before that, and is by later ones', async () => {
  const seen: string[][] = []
  for (const isLater of [false, true]) {
    const { hear, vouch, oakNow, keeper, clock } = start()
    const last = word(oak, OAK, [vouch(ash), vouch(elm)])
    hear(last)
    const told = [oakNow()]
    keeper.apply((table, wallMs) => removeRow(table, oak.id, 'no answer', wallMs))
    told.push(oakNow())
    await clock.advance(GONE_FOR)
    hear(isLater ? word(oak, OAK, [vouch(ash), vouch(elm)]) : last)
    seen.push([...told, oakNow()])
  }
  expect(seen).toEqual([
    ['alive by 2', 'gone', 'unknown'],
    ['alive by 2', 'gone', 'alive by 2'],
  ])
})

const FIR = '192.0.2.98:8088'

test('those that are looked at as they come are listed once this node knows both who vouch for them, and by nobody else', () => {
  const { hear, prove, vouch, oakNow, keeper, looks } = start({ others: 0, proven: [ash] })
  hear(word(fir, FIR, [vouch(ash, { address: FIR, id: fir.id }), vouch(elm, { address: FIR, id: fir.id })]))
  hear(word(oak, OAK, [vouch(ash), vouch(elm)]))
  const firNow = (): number => keeper.current().rows.get(fir.id)?.told?.length ?? 0
  const before = [oakNow(), firNow(), looks.length]
  prove(word(yew, '192.0.2.3:8088'))
  const between = [oakNow(), firNow()]
  prove(word(elm, '192.0.2.2:8088'))
  expect([before, between, oakNow(), firNow()]).toEqual([['unknown', 0, 2], ['unknown', 0], 'alive by 2', 2])
})

test('who was looked at as it came, and missed, is not listed by words that are older than that look', async () => {
  const { hear, prove, vouch, oakNow, keeper, clock } = start({ others: 0, proven: [ash] })
  hear(word(oak, OAK, [vouch(ash), vouch(elm)]))
  await clock.advance(3_000)
  keeper.apply((table, wallMs) => recordBurst(table, oak.id, { type: 'silent', refused: false, why: 'no answer' }, wallMs))
  await clock.advance(20_000)
  prove(word(elm, '192.0.2.2:8088'))
  expect(oakNow()).toEqual('unknown')
})
