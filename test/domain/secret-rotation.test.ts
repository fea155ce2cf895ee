import { expect, test } from 'vitest'
import { type Keyring, type RotationStep, rotate } from '../../src/domain/secret-rotation.ts'

const ring = (secrets: string, added: string | null = null): Keyring => ({ secrets: [...secrets], added })
const add = (secret: string): RotationStep => ({ type: 'add', secret })

test.each<[string, Keyring, RotationStep, Keyring]>([
  ['a new secret is taken, and the old one still proven', ring('a'), add('b'), ring('ab', 'b')],
  ['adding what is there changes nothing', ring('ab', 'b'), add('b'), ring('ab', 'b')],
  ['then the new one is proven, and the old one still taken', ring('ab', 'b'), { type: 'first' }, ring('ba')],
  ['which changes nothing the second time', ring('ba'), { type: 'first' }, ring('ba')],
  ['then the old one ends', ring('ba'), { type: 'drop' }, ring('b')],
  ['which changes nothing the second time', ring('b'), { type: 'drop' }, ring('b')],
  ['a further one may be added before the old one ends', ring('ba'), add('c'), ring('bac', 'c')],
  ['and is proven before both', ring('bac', 'c'), { type: 'first' }, ring('cba')],
])('%s', (_, before, step, keyring) => expect(rotate(before, step)).toEqual({ type: 'rotated', keyring }))

test.each<[string, Keyring, RotationStep, string]>([
  ['two new ones at once', ring('ab', 'b'), add('c'), 'a new secret was added already; go on with `moonwalk network rotate first`'],
  ['a fourth', ring('cba'), add('d'), 'a member holds at most 3 secrets; end the old ones with `moonwalk network rotate drop`'],
  ['no new one to prove', ring('a'), { type: 'first' }, 'there is no new secret; begin with `moonwalk network rotate`'],
  [
    'ending the one that is proven',
    ring('ab', 'b'),
    { type: 'drop' },
    'the new secret is not proven with yet; `moonwalk network rotate first` comes before',
  ],
])('refused: %s', (_, before, step, text) => expect(rotate(before, step)).toEqual({ type: 'refused', text }))

test('members that are one step apart always take what the other proves', () => {
  const steps = [add('b'), { type: 'first' }, { type: 'drop' }] as const
  const states = [ring('a')]
  for (const step of steps) {
    const rotated = rotate(states.at(-1) ?? ring('a'), step)
    if (rotated.type === 'refused') throw new Error(rotated.text)
    states.push(rotated.keyring)
  }
  const understood = states.slice(1).map((after, i) => {
    const before = states[i] ?? after
    return [after.secrets.includes(before.secrets[0] ?? ''), before.secrets.includes(after.secrets[0] ?? '')]
  })
  expect(understood).toEqual([
    [true, true],
    [true, true],
    [true, true],
  ])
})
