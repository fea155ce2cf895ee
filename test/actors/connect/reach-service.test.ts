// Which of a node's addresses a connection goes to, as they die, move and come back.
import { expect, test } from 'vitest'
import type { PeerSessions } from '../../../src/actors/connect/peer-sessions.ts'
import { createReachService } from '../../../src/actors/connect/reach-service.ts'
import { KeptTable, merge as mergeInto, recordVouched } from '../../../src/domain/ip-table.ts'
import type { Failure } from '../../../src/ports.ts'
import { answerLine, type ConnectAsk } from '../../../src/v2/connect.ts'
import { EMPTY_TABLE, type IpTable, merge, putOwn } from '../../domain/pure-table.ts'
import { signedBy } from '../../records.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { fakeStream } from './fake-stream.ts'

const HOME = 'a0'.repeat(16)
const ASK: ConnectAsk = { type: 'service', service: 'web', kind: 'tcp' }

/** `answers`: after so many ms; `refuses`: at once; `silent`: never. */
type Path = { readonly is: 'answers'; readonly ms: number } | { readonly is: 'refuses' | 'silent' }

function start() {
  const clock = new VirtualClock()
  const paths = new Map<string, Path>()
  const dialled: string[] = []
  const answeredAtMs = new Map<string, number>()
  const standing = new Set<string>()
  const proofs: string[] = []
  const state: { table: IpTable; isStopped: boolean } = { table: EMPTY_TABLE, isStopped: false }
  const sessions: PeerSessions = {
    open: async (_, address) => {
      dialled.push(`${clock.now()} ${address}`)
      const path = paths.get(address) ?? { is: 'silent' }
      if (path.is === 'refuses') return { type: 'failed', reason: 'refused', text: 'connection refused' }
      const stream = fakeStream()
      if (path.is === 'answers') clock.setTimeout(() => stream.arrive(answerLine({ status: 200, error: null })), path.ms)
      return { type: 'stream', stream }
    },
    openFresh: (_, address) => {
      if (clock.now() - (answeredAtMs.get(address) ?? Number.NEGATIVE_INFINITY) > 250) return null
      const path = paths.get(address) ?? { is: 'silent' }
      const stream = fakeStream()
      if (path.is === 'answers') clock.setTimeout(() => stream.arrive(answerLine({ status: 200, error: null })), path.ms)
      return stream
    },
    keep: (_, address) => standing.has(address),
    standBy: async (_, address) => {
      if (paths.get(address)?.is !== 'answers') return { type: 'failed', reason: 'refused', text: 'connection refused' }
      standing.add(address)
      return null
    },
    answered: (_, address) => void answeredAtMs.set(address, clock.now()),
    close: () => {},
  }
  const admit = async (_: string, address: string): Promise<Failure | null> => {
    proofs.push(address)
    return address.startsWith('bad') ? { type: 'failed', reason: 'withheld', text: 'not proven' } : null
  }
  const { reach, reachAtOnce } = createReachService({
    clock,
    keeper: { current: () => state.table },
    sessions,
    admit,
    isStopped: () => state.isStopped,
    onBug: (error) => {
      throw error
    },
  })
  const isAt = (...[address = '', ...alsoAt]: readonly string[]): void => {
    const record = signedBy(HOME, address, { alsoAt })
    state.table = putOwn(EMPTY_TABLE, record, 0).table
  }
  /** It says so, and nobody has looked yet. */
  const movesTo = (address: string): void => {
    state.table = merge(state.table, [signedBy(HOME, address, { seq: 2 })], 0).table
  }
  const isTold = (address: string): void => {
    const table = new KeptTable()
    mergeInto(table, [signedBy(HOME, address)], 0)
    recordVouched(table, HOME, ['ash', 'elm'])
    state.table = table
  }
  /** Where it was reached, after how long, or why not. */
  const connect = async (): Promise<string> => {
    const fromMs = clock.now()
    const reaching = reach(HOME, ASK, 10_000)
    const reached = await clock.until(reaching)
    const text = reached.type === 'open' ? (dialled.at(-1)?.split(' ')[1] ?? '') : reached.text
    return `${text} after ${clock.now() - fromMs} ms`
  }
  const atOnce = () => reachAtOnce(HOME, ASK)
  return { clock, paths, dialled, standing, proofs, state, isAt, movesTo, isTold, connect, atOnce }
}

test('a node that falls silent at its first address is reached at its second, at once from the second connection on', async () => {
  const { paths, isAt, connect } = start()
  isAt('a:1', 'b:1')
  paths.set('a:1', { is: 'answers', ms: 20 }).set('b:1', { is: 'answers', ms: 30 })
  expect(await connect()).toEqual('a:1 after 20 ms')
  paths.set('a:1', { is: 'silent' })
  expect([await connect(), await connect()]).toEqual(['b:1 after 280 ms', 'b:1 after 30 ms'])
})

test('one that is listed by the word of others alone is asked by the rules for who has proven nothing', async () => {
  const { proofs, paths, isTold, connect } = start()
  paths.set('a:1', { is: 'answers', ms: 20 })
  isTold('a:1')
  expect([await connect(), proofs]).toEqual(['a:1 after 20 ms', ['a:1']])
})

test('a channel stands by at the second address of a node that is used, once that has proven itself, and saves the proof later', async () => {
  const { paths, standing, proofs, isAt, connect } = start()
  isAt('a:1', 'b:1')
  for (const address of ['a:1', 'b:1']) paths.set(address, { is: 'answers', ms: 20 })
  await connect()
  await connect()
  expect([[...standing], proofs]).toEqual([['b:1'], ['b:1']])
  paths.set('a:1', { is: 'refuses' })
  expect([await connect(), proofs]).toEqual(['b:1 after 20 ms', ['b:1']])
})

test('one that has not proven itself there is not asked for it again for five seconds', async () => {
  const { clock, paths, proofs, isAt, connect } = start()
  isAt('a:1', 'bad:1')
  paths.set('a:1', { is: 'answers', ms: 20 })
  await connect()
  await connect()
  await clock.advance(5_000)
  await connect()
  expect(proofs).toEqual(['bad:1', 'bad:1'])
})

test('one that refuses costs nothing but the refusal', async () => {
  const { paths, isAt, connect } = start()
  isAt('a:1', 'b:1')
  paths.set('a:1', { is: 'refuses' }).set('b:1', { is: 'answers', ms: 30 })
  expect(await connect()).toEqual('b:1 after 30 ms')
})

test('one that says that it has moved is asked there at once, by the rules for who has proven nothing', async () => {
  const { paths, isAt, movesTo, connect } = start()
  isAt('a:1')
  paths.set('b:1', { is: 'answers', ms: 30 }).set('bad:1', { is: 'answers', ms: 30 })
  movesTo('b:1')
  expect(await connect()).toEqual('b:1 after 30 ms')
  const other = start()
  other.isAt('a:1')
  other.movesTo('bad:1')
  expect([await other.connect(), other.dialled]).toEqual(['not proven after 9900 ms', []])
})

test('no connection goes to an address that was withdrawn, and the owner’s first counts again once it is another', async () => {
  const { paths, dialled, isAt, connect } = start()
  isAt('a:1', 'b:1')
  paths.set('a:1', { is: 'refuses' })
  for (const address of ['b:1', 'c:1']) paths.set(address, { is: 'answers', ms: 30 })
  await connect()
  isAt('c:1', 'b:1')
  dialled.length = 0
  await connect()
  expect(dialled).toEqual(['30 c:1'])
})

test('a further address is asked as one that has proven nothing', async () => {
  const { paths, dialled, isAt, connect } = start()
  isAt('a:1', 'bad:1')
  paths.set('a:1', { is: 'refuses' }).set('bad:1', { is: 'answers', ms: 1 })
  expect(await connect()).toEqual('connection refused after 9900 ms')
  expect(dialled.every((line) => line.endsWith('a:1'))).toBe(true)
})

test('one that is nowhere is waited for, and reached where it comes back', async () => {
  const { clock, paths, isAt, connect } = start()
  paths.set('b:1', { is: 'answers', ms: 10 })
  clock.setTimeout(() => isAt('b:1'), 2_000)
  expect(await connect()).toEqual('b:1 after 2110 ms')
})

test('nobody waits for one that stays away longer than ten seconds, nor once this node stops', async () => {
  const { state, connect } = start()
  expect(await connect()).toEqual('it is not in the table now after 9900 ms')
  state.isStopped = true
  expect(await connect()).toEqual('it is not in the table now after 0 ms')
})

test('what a user says goes out at once where the same way has just answered, and not any more once an ask waits there', async () => {
  const { clock, paths, isAt, connect, atOnce } = start()
  isAt('a:1', 'b:1')
  paths.set('a:1', { is: 'answers', ms: 20 })
  expect(atOnce()).toBe(null) // nothing has answered yet
  await connect()
  const first = atOnce()
  expect((await clock.until(first?.reached ?? Promise.resolve(null)))?.type).toEqual('open')
  paths.set('a:1', { is: 'silent' })
  expect(atOnce()).not.toBe(null)
  await clock.advance(50)
  expect(atOnce()).not.toBe(null)
  await clock.advance(10)
  expect(atOnce()).toBe(null)
})
