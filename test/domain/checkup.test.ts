import { describe, expect, test } from 'vitest'
import {
  byLevel,
  type Check,
  clockCheck,
  diskCheck,
  healthCheck,
  portCheck,
  type ReachFacts,
  reachCheck,
  rightsCheck,
  seedCheck,
} from '../../src/domain/checkup.ts'

const line = ({ level, text }: Check): string => `${level}: ${text}`
const HAS_FIX = ({ level, fix }: Check): boolean => (level === 'ok') === (fix === null)

describe('the clock', () => {
  test.each<[string, readonly number[], string]>([
    ['without peers', [], 'ok: no peer to compare it with'],
    ['that agrees', [400, -900, 1_200], 'ok: agrees with 3 peers'],
    ['where one peer is wrong', [400, -900, 7_200_000], 'ok: agrees with 3 peers'],
    ['behind most', [61_000, 60_000, 300], 'warn: 60 s behind that of most of 3 peers'],
    ['ahead of the only one', [-7_000], 'warn: 7 s ahead of that of the only peer asked'],
  ])('%s', (_, offsets, expected) => expect(line(clockCheck(offsets))).toEqual(expected))
})

describe('how the node is reached', () => {
  const FACTS: ReachFacts = { listens: true, reachability: 'unknown', address: null, peers: 2, nat: 'behind NAT' }
  test.each<[Partial<ReachFacts>, string]>([
    [{ reachability: 'public', address: '203.0.113.9:8088' }, 'ok: others connect to 203.0.113.9:8088 directly'],
    [{ reachability: 'tunnelled', address: '203.0.113.9:20017' }, 'ok: through its TURN at 203.0.113.9:20017 (behind NAT)'],
    [{ peers: 0 }, 'warn: not known: no other node answers'],
    [{}, 'error: no address of this node is proven (behind NAT)'],
    [{ listens: false }, 'error: no address of this node is proven (behind NAT)'],
  ])('%j', (facts, expected) => expect(line(reachCheck({ ...FACTS, ...facts }))).toEqual(expected))
})

test.each<[Parameters<typeof seedCheck>[0], number, string]>([
  [{ address: 'ash:8088', isHere: true, fault: null }, 1, 'ok: ash:8088 answers'],
  [{ address: 'ash:8088', isHere: false, fault: null }, 0, 'ok: ash:8088 is being asked, or is this node'],
  [
    { address: 'ash:8088', isHere: false, fault: { reason: 'refused', why: 'connection refused' } },
    1,
    'warn: ash:8088: connection refused',
  ],
  [
    { address: 'ash:8088', isHere: false, fault: { reason: 'refused', why: 'connection refused' } },
    0,
    'error: ash:8088: connection refused',
  ],
])('a known address %j beside %d peers', (seed, peers, expected) => expect(line(seedCheck(seed, peers))).toEqual(expected))

test.each<[number | null, string | null, string]>([
  [null, null, 'ok: /d can be written'],
  [5 * 1024 ** 3, null, 'ok: /d can be written; 5 GiB are free'],
  [300 * 1024 ** 2, null, 'ok: /d can be written; 300 MiB are free'],
  [200 * 1024 ** 2, null, 'warn: 200 MiB are free below /d'],
  [1024 ** 2, null, 'error: 1 MiB are free below /d'],
  [1024 ** 3, 'EROFS', "error: /d can't be written (EROFS)"],
])('a disk with %s bytes, %s', (free, error, expected) => expect(line(diskCheck('/d', free, error))).toEqual(expected))

test.each<[string, Parameters<typeof rightsCheck>[0], string]>([
  ['nothing there', [], 'ok: no secrets are there yet'],
  ['all private', [{ path: '/d/k', isDirectory: false, mode: 0o600, isOwn: true }], 'ok: 1 secret files are for their owner alone'],
  ['one readable', [{ path: '/d/k', isDirectory: false, mode: 0o644, isOwn: true }], 'error: others may read /d/k (644)'],
  [
    'a directory others may list',
    [{ path: '/d', isDirectory: true, mode: 0o755, isOwn: true }],
    'ok: 1 secret files are for their owner alone',
  ],
  ['a directory others may write in', [{ path: '/d', isDirectory: true, mode: 0o777, isOwn: true }], 'error: others may write in /d (777)'],
  ["another user's", [{ path: '/d/k', isDirectory: false, mode: 0o600, isOwn: false }], 'error: /d/k: of another user'],
])('rights: %s', (_, files, expected) => expect(line(rightsCheck(files))).toEqual(expected))

test.each<[string, string | null, string]>([
  ['free', null, 'ok: 0.0.0.0:8088 is free'],
  ['taken', 'nginx (pid 812)', 'error: 0.0.0.0:8088 is taken by nginx (pid 812)'],
  ['taken', null, 'error: 0.0.0.0:8088 is taken by another process'],
  ['EACCES', null, "error: 0.0.0.0:8088 can't be opened (EACCES)"],
])('a port that is %s by %s', (state, owner, expected) =>
  expect(line(portCheck('public port', '0.0.0.0:8088', state, owner))).toEqual(expected),
)

test('what health says is as bad as it says, and the worst comes first', () => {
  const checks = (['info', 'warn', 'error'] as const).map((level) => healthCheck({ level, text: 'it is so', fix: 'Do so.' }))
  expect(byLevel(checks)).toEqual([
    { name: 'health', level: 'error', text: 'it is so', fix: 'Do so.' },
    { name: 'health', level: 'warn', text: 'it is so', fix: 'Do so.' },
    { name: 'note', level: 'ok', text: 'it is so. Do so.', fix: null },
  ])
})

test('whatever is not ok says what to do', () => {
  const checks = [clockCheck([1e6]), diskCheck('/d', 0, null), portCheck('control port', '127.0.0.1:8089', 'taken', null), clockCheck([])]
  expect(checks.filter((check) => !HAS_FIX(check))).toEqual([])
})
