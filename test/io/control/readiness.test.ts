import { expect, test } from 'vitest'
import type { PeerAnswerRow, StatusAnswer } from '../../../src/answers.ts'
import { readinessOf } from '../../../src/io/control/readiness.ts'
import { aRow, aService, aStatus, countsOf } from '../../browser/fake-node.ts'

const AT = { address: 'ash.test:8088', reachability: 'public' } as const
const BEHIND = { address: 'birch.test:20017', reachability: 'tunnelled' } as const
const down = (name: string, error: string | null = null) => ({ ...aService(name), public: null, state: 'opening', error }) as const

test.each<[string, StatusAnswer, readonly PeerAnswerRow[], string]>([
  ['a proven address', aStatus('serving', {}, AT), [aRow('birch')], 'ready: serving'],
  ['an address proven through a TURN', aStatus('tunnelling.up', {}, BEHIND), [], 'ready: tunnelling.up'],
  ['the first of its network', aStatus('serving'), [aRow('ash', { self: true })], 'ready: serving'],
  [
    'nobody proved it, though somebody could',
    aStatus('serving'),
    [aRow('birch')],
    'not ready: serving; nobody has proven yet that others can reach it',
  ],
  ['still joining', aStatus('bootstrapping'), [], 'not ready: bootstrapping; nobody of its network has answered yet'],
  ['still pinging', aStatus('probing'), [], 'not ready: probing; nobody has proven yet that others can reach it'],
  ['without a TURN', aStatus('selectingTurn'), [], 'not ready: selectingTurn; nobody can be reached who carries traffic for others'],
  ['a tunnel not proven', aStatus('tunnelling.down'), [], 'not ready: tunnelling.down; nothing came through its TURN yet'],
  ['stopped', aStatus('stopped'), [], 'not ready: stopped; it has stopped'],
  ['every service up', aStatus('serving', { services: [aService('web'), aService('ssh')] }, AT), [], 'ready: serving'],
  [
    'a service that is not up',
    aStatus('serving', { services: [aService('web'), down('ssh', 'nothing listens at 127.0.0.1:22')] }, AT),
    [],
    'not ready: serving; service ssh is not up: nothing listens at 127.0.0.1:22',
  ],
  [
    'nothing at all',
    aStatus('tunnelling.down', { services: ['a', 'b', 'c', 'd', 'e'].map((name) => down(name)) }),
    [],
    'not ready: tunnelling.down; nothing came through its TURN yet; service a is not up; service b is not up; service c is not up; nor are 2 more',
  ],
])('%s', (_, status, peers, text) => {
  expect(readinessOf(status, countsOf(peers))).toEqual({ isReady: text.startsWith('ready'), text })
})
