// The page in front of a thousand servers of which a hundred change each second: what it draws is bounded, and it keeps nothing of what
// has been. How smooth that is, `npm run bench -- page` says: a test on a busy machine could not.
import { afterEach, beforeAll, expect, test } from 'vitest'
import { type BusyNetwork, keepBusy, weightOf } from './busy-network.ts'
import { buildPage, openAt, type ServedPage, servedPage } from './served-page.ts'

const MOST_ROWS = 60
/** What numbers of nodes may differ by from one look to the next: a message more or less on the screen. */
const LEEWAY = 200

let served: ServedPage
let busy: BusyNetwork
beforeAll(() => buildPage())
afterEach(async () => {
  busy.stop()
  await served.end()
})

test('of a thousand servers, a hundred changing a second, the page draws what is on the screen, and grows by nothing', async () => {
  served = await servedPage()
  const { page, node } = served
  busy = keepBusy(node, { servers: 1_000, changesPerSecond: 100 })
  await openAt(served)
  await page.locator('.peers tr[data-peer]').first().waitFor()
  const devtools = await page.context().newCDPSession(page)
  const seen = []
  for (let part = 1; part <= 4; part++) {
    // The page shows at most fifty measurements: from the first look on there are more than that.
    await expect.poll(busy.changes, { timeout: 60_000 }).toBeGreaterThan(part * 600)
    seen.push({ ...(await weightOf(devtools)), rows: await page.locator('.peers tr[data-peer]').count() })
  }
  expect(seen.filter(({ rows }) => rows === 0 || rows > MOST_ROWS)).toEqual([])
  const [first, ...later] = seen.map(({ domNodes, listeners }) => domNodes + listeners)
  expect(Math.min(...later) - (first ?? 0)).toBeLessThan(LEEWAY)
  expect(served.complaints).toEqual([])
})
