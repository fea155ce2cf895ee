import { expect, test } from 'vitest'
import { isShallow } from '../../src/domain/json-depth.ts'

test.each([
  ['1', true],
  ['[[]]', true],
  ['[[[]]]', false],
  ['{"a":{"b":1}}', true],
  ['{"a":[{"b":1}]}', false],
  ['[[],[],[[', false],
  ['["[[[[", "\\"[[[[", "\\\\"]', true],
  ['["\\\\", [[', false],
  ['"[[[', true],
  ['', true],
])('%s is two deep at most: %s', (text, expected) => expect(isShallow(text, 2)).toEqual(expected))
