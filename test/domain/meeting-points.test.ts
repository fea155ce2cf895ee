import { expect, test } from 'vitest'
import type { Row } from '../../src/domain/ip-table.ts'
import { NO_LATENCY } from '../../src/domain/latency.ts'
import { meetingPoints } from '../../src/domain/meeting-points.ts'
import { unsignedRecord } from '../../src/domain/record.ts'
import { signedBy } from '../records.ts'

const row = (id: string, state: Row['state'], rttMs: number | null, via: string | null = null): Row => ({
  key: id,
  record: signedBy(id, `${id}.test:8088`, { via }),
  state,
  latency: { ...NO_LATENCY, rttMs },
  downMbps: null,
  upMbps: null,
  speedAtMs: null,
  sustained: null,
  lastProofMs: null,
  strikes: 0,
  version: 0,
  stored: null,
  written: null,
  suspicion: null,
  reachedBy: [],
  heard: null,
})
const stranger: Row = { ...row('x', 'alive', 1), record: unsignedRecord('192.0.2.9:8088') }
const at = (id: string, address = `${id}.test:8088`) => ({ id, address })
const OWN = { id: 'me', address: 'me.test:8088', listening: { host: '0.0.0.0', port: 8_088 }, hosts: ['192.0.2.1', '2001:db8::1'] }
const UNPROVEN = { ...OWN, address: null, listening: { host: '::', port: 8_088 } }

test.each<[string, readonly Row[], Parameters<typeof meetingPoints>[1], ReturnType<typeof meetingPoints>]>([
  ['alone: itself', [], OWN, [at('me')]],
  [
    'itself, then who answers and has an id, nearest first, those without a TURN before the others',
    [
      row('far', 'alive', 90),
      row('hidden', 'alive', 1, 'far'),
      row('near', 'alive', 2),
      row('lost', 'suspect', 1),
      row('new', 'unknown', 1),
      stranger,
    ],
    OWN,
    [at('me'), at('near'), at('far'), at('hidden')],
  ],
  ['four at the most', ['a', 'b', 'c', 'd'].map((id) => row(id, 'alive', null)), OWN, [at('me'), at('a'), at('b'), at('c')]],
  ['its own row is no other member', [row('me', 'alive', 0)], OWN, [at('me')]],
  ['where nothing is proven, its own hosts', [], UNPROVEN, [at('me', '192.0.2.1:8088'), at('me', '[2001:db8::1]:8088')]],
  [
    'which come after members that answer',
    [row('a', 'alive', 1)],
    UNPROVEN,
    [at('a'), at('me', '192.0.2.1:8088'), at('me', '[2001:db8::1]:8088')],
  ],
  ['of IPv4 alone where it listens there alone', [], { ...OWN, address: null }, [at('me', '192.0.2.1:8088')]],
  ['the one host that it listens on', [], { ...UNPROVEN, listening: { host: '127.0.0.1', port: 9 } }, [at('me', '127.0.0.1:9')]],
  ['a machine without a network', [], { ...UNPROVEN, hosts: [] }, [at('me', '127.0.0.1:8088')]],
  ['nothing open to the outside', [], { ...UNPROVEN, listening: null }, []],
])('%s', (_, rows, own, points) => expect(meetingPoints(rows, own)).toEqual(points))
