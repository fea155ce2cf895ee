import { expect, test } from 'vitest'
import { isToldOutside, TOLD_OUTSIDE } from '../../src/feed/told-outside.ts'

test.each([
  ['service.up', TOLD_OUTSIDE, true],
  ['peer.removed', TOLD_OUTSIDE, true],
  ['peer.measured', TOLD_OUTSIDE, false],
  ['state.entered', TOLD_OUTSIDE, false],
  ['warned', TOLD_OUTSIDE, true],
  ['peer.measured', ['peer'], true],
  ['peer.measured', ['peer.added'], false],
  ['warned', ['service'], false],
  ['warned', [], false],
] as const)('%s, of %j: %j', (type, types, expected) => expect(isToldOutside({ type }, types)).toEqual(expected))
