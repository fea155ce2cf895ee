import { expect, test } from 'vitest'
import { mayReach } from '../../src/domain/service-reach.ts'

const ASH = 'a5'.repeat(16)
const ELM = 'e1'.repeat(16)
const named: Readonly<Record<string, readonly string[]>> = { ash: [ASH], elm: [ELM], twin: [ASH, ELM], seen: [ASH, ASH], [ELM]: [ASH] }

test.each<[string, boolean, readonly string[], boolean, boolean]>([
  ['a public one by every node with an id', false, [], false, true],
  ['a private one by members', true, [], true, true],
  ['a private one in an open network by nobody that it does not name', true, [], false, false],
  ['one that names its id', true, [ASH], false, true],
  ['one that names its id in capitals', true, [ASH.toUpperCase()], true, true],
  ['one that names a start of its id, which is none', true, [ASH.slice(0, 8)], true, false],
  ['one that names its name, by a member', true, ['Ash'], true, true],
  ['one that names its name, in an open network', true, ['ash'], false, false],
  ['one that names another', true, ['elm', ELM], true, false],
  ['one that names a name which two have', true, ['twin'], true, false],
  ['one that names a name which it has had twice', true, ['seen'], true, true],
  ['one that names a name which nobody has', true, ['nobody'], true, false],
  ['one that names another by id, which it calls itself', true, [ELM], true, false],
  ['one that names another, and it too', true, [ELM, 'ash'], true, true],
])('a service is reached: %s', (_, isPrivate, allow, isMember, expected) => {
  const idsOf = (name: string): readonly string[] => named[name.toLowerCase()] ?? []
  expect(mayReach({ isPrivate, allow }, { id: ASH, isMember, idsOf })).toBe(expected)
})
