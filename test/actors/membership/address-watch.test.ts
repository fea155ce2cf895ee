// When the addresses of this machine are looked at.
import { expect, test } from 'vitest'
import { createAddressWatch } from '../../../src/actors/membership/address-watch.ts'
import { ADDRESS_GAP } from '../../../src/domain/timings.ts'
import type { Failure, PeerAnswer, PeerRequest } from '../../../src/ports.ts'
import { stateParts } from '../state-parts.ts'

const ASK: PeerRequest = { method: 'GET', path: '/x', timeoutMs: 1_000 }
const failed = (reason: Failure['reason']): Failure => ({ type: 'failed', reason, text: '' })
const ANSWER: PeerAnswer = {
  type: 'answer',
  by: null,
  status: 200,
  headers: {},
  body: Buffer.alloc(0),
  timing: { connectMs: null, answerMs: 1 },
}

function start(answer: () => PeerAnswer | Failure) {
  const parts = stateParts()
  const { clock } = parts
  let hosts: readonly string[] = ['192.0.2.1']
  const looks: number[] = []
  const changes: string[] = []
  const watch = createAddressWatch({
    ...parts,
    clock: parts.time,
    network: {
      ownHosts: () => {
        looks.push(clock.now())
        return hosts
      },
    },
  })
  const running = watch.changes$.subscribe(({ lost }) => changes.push(`${clock.now()} lost ${lost.join()}`))
  const http = watch.around({ request: async () => answer() })
  /** One request each 100 ms. */
  const askFor = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      await http.request('192.0.2.9:8088', ASK)
      await clock.advance(100)
    }
  }
  return {
    ...parts,
    ...{ looks, changes, askFor },
    move: (...next: readonly string[]) => {
      hosts = next
    },
    end: () => running.unsubscribe(),
  }
}

test.each<[string, () => PeerAnswer | Failure, number]>([
  ['beside requests while those fail', () => failed('timeout'), ADDRESS_GAP],
  ['every 2 s while requests are answered', () => ANSWER, 2_000],
  ['every 2 s where this node keeps back requests itself', () => failed('withheld'), 2_000],
])('the addresses of this machine are looked at %s', async (_, answer, gapMs) => {
  const { looks, askFor, end } = start(answer)
  await askFor(6_000)
  end()
  const gaps = looks.slice(2).map((atMs, i) => atMs - (looks[i + 1] ?? 0))
  expect([new Set(gaps), gaps.length >= 6_000 / gapMs - 2]).toEqual([new Set([gapMs]), true])
})

test('a request that fails has a lost address noticed at once, and told of once', async () => {
  const { changes, move, askFor, clock, end } = start(() => failed('timeout'))
  await clock.advance(500)
  move('192.0.2.2')
  await askFor(1_000)
  end()
  expect(changes).toEqual(['500 lost 192.0.2.1'])
})
