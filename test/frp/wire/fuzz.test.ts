// Strangers' bytes into every reader of the wire: the first of the inputs that test/fuzz tries.
import { expect, test } from 'vitest'
import { campaign, inputsOf } from '../../fuzz/campaign.ts'
import { carrierTargets } from '../../fuzz/carrier-targets.ts'
import { messageTargets } from '../../fuzz/message-targets.ts'
import { sealedTargets } from '../../fuzz/sealed-targets.ts'

test.each([...messageTargets, ...sealedTargets, ...carrierTargets])(
  '5,000 strange inputs as $name are read or refused',
  async (target) => {
    await campaign(target, inputsOf(5_000))
  },
  60_000,
)

test('whatever goes wrong is told with the number that makes the same input again', async () => {
  const seen: string[] = []
  const fragile = {
    name: 'glass',
    inputs: 10_000,
    input: () => Buffer.from('stone'),
    maxBytes: 0,
    feed: (pieces: Iterable<Buffer>) => {
      seen.push([...pieces].join('|'))
      return seen.at(-1) === 's|to|ne' ? 1 : 0
    },
  }
  const failure = await campaign(fragile, { first: 0, count: 10_000 }).catch((error: unknown) => String(error))
  const seed = Number(/MOONWALK_FUZZ_SEED=(\d+)/.exec(String(failure))?.[1])
  expect(failure).toMatch(/^Error: glass: .* 73746f6e65: Error: 1 bytes held, where 0 are the most/)
  expect(seen).toHaveLength(seed + 1)
  await campaign(fragile, { first: seed, count: 1 }).catch(() => {})
  expect(seen.at(-1)).toEqual('s|to|ne')
})
