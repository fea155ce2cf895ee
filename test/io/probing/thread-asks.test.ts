import { expect, test } from 'vitest'
import { Permits } from '../../../src/io/probing/permits.ts'
import { createThreadAsks } from '../../../src/io/probing/thread-asks.ts'

test('a connection that is allowed only after the time was over is given back', async () => {
  let over = 0
  const asks = createThreadAsks({ permits: new Permits(() => over++), self: null, onError: () => {}, onClosed: () => {} })
  let allow = (): void => {}
  const answer = await asks.ask({
    address: '127.0.0.1:9',
    request: { path: '/server_info', timeoutMs: 20, timed: { samples: 1, primer: 'cold' } },
    signal: new AbortController().signal,
    mayDial: () =>
      new Promise((resolve) => {
        allow = () => resolve(null)
      }),
  })
  expect([answer.type === 'failed' && answer.reason, over]).toEqual(['timeout', 0])
  allow()
  await expect.poll(() => over).toEqual(1)
})
