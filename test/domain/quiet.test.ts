import { expect, test } from 'vitest'
import type { Change } from '../../src/domain/ip-table.ts'
import { foldBurst, NO_LATENCY } from '../../src/domain/latency.ts'
import { isDisturbing, isQuiet } from '../../src/domain/quiet.ts'
import { newRow } from '../../src/domain/table/row.ts'
import { signedBy } from '../records.ts'

const fresh = newRow('ash', signedBy('ash', '192.0.2.1:8088'), 1, null)
const row = { ...fresh, latency: foldBurst(NO_LATENCY, { type: 'answered', rttMs: 5 }, 0) }

test.each<[string, Change, boolean]>([
  ['who comes', { type: 'added', row }, true],
  ['who goes', { type: 'removed', row, why: 'it was silent' }, true],
  ['whom this node alone can not reach', { type: 'reachedByOthers', row }, true],
  ['a peer that tells another address of its own', { type: 'heard', row: { ...row, lastProofMs: 0 } }, true],
  ['this node itself at another address, where nothing is measured yet,', { type: 'changed', row: fresh }, true],
  ['who says something else of itself', { type: 'changed', row }, false],
  ['who is measured', { type: 'measured', row }, false],
  ['who is only heard of', { type: 'heard', row: fresh }, false],
  ['who is heard of and forgotten', { type: 'dropped', row: fresh, why: 'it never answered' }, false],
])('%s disturbs a quiet network: %s', (_, change, disturbs) => expect(isDisturbing(change)).toEqual(disturbs))

test.each([
  ['45 s after the last who came or went', 100_000, 0, 145_000, true],
  ['a moment before that', 100_000, 0, 144_999, false],
  ['while a peer is silent', 100_000, 1, 900_000, false],
])('a network is quiet %s: %s', (_, disturbedMs, suspects, nowMs, quiet) => expect(isQuiet(disturbedMs, suspects, nowMs)).toEqual(quiet))
