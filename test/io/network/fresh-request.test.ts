import { expect, test } from 'vitest'
import { fresh } from '../../../src/io/network/fresh-request.ts'
import type { PeerAnswer } from '../../../src/ports.ts'
import { TOKEN_HEADER } from '../../../src/v2/fresh-answer.ts'

const answer = (headers: Readonly<Record<string, string>>, status = 200): PeerAnswer => ({
  ...{ type: 'answer', by: null, status, headers, body: Buffer.alloc(0), timing: { connectMs: null, answerMs: 1 } },
})

test('over the channel an answer counts where it says the token of its request again', () => {
  const { headers, check } = fresh({ over: 'channel', headers: { a: 'b' } }, () => 'mine')
  const mine = answer({ [TOKEN_HEADER]: 'mine' })
  expect([headers, check(mine), check(answer({ [TOKEN_HEADER]: 'other' })).type, check(answer({})).type]).toEqual([
    { a: 'b', [TOKEN_HEADER]: 'mine' },
    mine,
    'failed',
    'failed',
  ])
})

test('a refusal is what it is without one', () => {
  const { check } = fresh({ over: 'channel' }, () => 'mine')
  expect(check(answer({}, 403))).toEqual(answer({}, 403))
})

test('in clear nothing is asked for', () => {
  const { headers, check } = fresh({ over: 'clear' }, () => 'mine')
  expect([headers, check(answer({}))]).toEqual([{}, answer({})])
})
