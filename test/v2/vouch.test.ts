import { expect, test } from 'vitest'
import type { Vouch } from '../../src/domain/vouches.ts'
import { isGenuineVouch, readVouch, vouchBytes, vouchText } from '../../src/v2/vouch.ts'
import { newIdentity } from './identities.ts'

const ash = newIdentity()
const AT_S = 1_790_000_000
const VOUCH: Vouch = { by: ash.id, atS: AT_S, sig: ash.sign(vouchBytes({ id: 'f'.repeat(32), address: '192.0.2.1:8088', atS: AT_S })) }
const TEXT = vouchText(VOUCH)

test('a vouch is short, and is read as it was written', () => expect([TEXT.length, readVouch(TEXT)]).toEqual([114, VOUCH]))

test.each<[string, unknown]>([
  ['no text', 7],
  ['nothing', undefined],
  ['half of one', TEXT.slice(0, 60)],
  ['more than one', `${TEXT}aaa`],
  ['another spelling of its time', TEXT.slice(0, 22) + TEXT.slice(22, 28).toUpperCase() + TEXT.slice(28)],
  ['zeros before its time', `${TEXT.slice(0, 22)}0${TEXT.slice(22)}`],
  ['a sign that is none of base64url', `+${TEXT.slice(1)}`],
])('%s is none', (_, text) => expect(readVouch(text)).toEqual(null))

test('the same question about a vouch is worked out once, and any other one anew', () => {
  const about = { id: 'f'.repeat(32), address: '192.0.2.1:8088' }
  let count = 0
  const verifier = {
    verify: (...of: Parameters<typeof ash.verify>): boolean => {
      count++
      return ash.verify(...of)
    },
  }
  const vouch = { ...VOUCH }
  const isGenuine = (key: string, who: typeof about) => isGenuineVouch(verifier, key, who, vouch)
  expect([isGenuine(ash.publicKey, about), isGenuine(ash.publicKey, { ...about }), count]).toEqual([true, true, 1])
  const others = [
    isGenuine(newIdentity().publicKey, about),
    isGenuine(ash.publicKey, { ...about, address: '192.0.2.2:8088' }),
    isGenuine(ash.publicKey, { ...about, id: 'e'.repeat(32) }),
  ]
  expect([others, isGenuine(ash.publicKey, about)]).toEqual([[false, false, false], true])
})
