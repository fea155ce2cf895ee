// Every page under axe's rules, in both themes, on a phone and on a screen; and what a browser has to load for the first of them.
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { aRow } from './fake-node.ts'
import { showLivingNetwork, tellItsStory } from './living-network.ts'
import { ROOT } from './real-node.ts'
import { buildPage, openAt, type ServedPage, servedPage } from './served-page.ts'

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[]
}

interface Looked {
  readonly violations: readonly Violation[]
  /** Rules that found something to look at, and nothing wrong. */
  readonly passed: number
}

/** What the page may weigh, compressed: it is loaded over a phone's network too. */
const MOST_BYTES = 100_000

let served: ServedPage | null = null
let axe: string
beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await buildPage()
})
afterEach(async () => {
  await served?.end()
  served = null
})

const cases = (['light', 'dark'] as const).flatMap((theme) => [390, 1280].map((width) => [theme, width] as const))

test.each(cases)('axe finds nothing on any page, %s at %d px', async (colorScheme, width) => {
  served = await servedPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
  const { page, node } = served
  tellItsStory(node)
  for (const outage of [false, true]) {
    showLivingNetwork(node, { outage })
    await openAt(served)
    await page.locator(`[data-tone=${outage ? 'bad' : 'warn'}]`).waitFor({ state: 'attached' })
    for (const hash of ['#/', '#/day', '#/map', '#/machines', `#/peer/${aRow('cedar').id}`]) {
      await page.evaluate(`location.hash = '${hash}'`)
      await page.locator('main.page .card').first().waitFor()
      if (hash === '#/') await page.getByText('Expose a service').click()
      if (hash === '#/day') for (const name of ['db', 'web']) await page.locator(`[data-series=${name}] summary`).click()
      if (hash.startsWith('#/peer')) await page.locator('.plot canvas').first().waitFor()
      if (hash === '#/machines') await page.locator('svg .active').first().waitFor()
      // The page's own policy lets no script in but its own: the debugger's way in is another.
      await page.evaluate(axe)
      const { violations, passed }: Looked = await page.evaluate(
        'axe.run().then(({ violations, passes }) => ({ violations, passed: passes.length }))',
      )
      expect(passed).toBeGreaterThan(15)
      expect(
        violations.flatMap(({ id, nodes }) =>
          nodes.map(({ target, failureSummary }) => `${hash} ${id}: ${target.join(' ')}: ${failureSummary}`),
        ),
      ).toEqual([])
    }
  }
})

test('the page is small, asks nobody else, and needs no more than its document and its script', async () => {
  const folder = join(ROOT, 'dist', 'dashboard')
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(html|js|css|svg)$/.test(name))
  const files = await Promise.all(names.map((file) => readFile(join(folder, file))))
  expect(files.reduce((sum, file) => sum + gzipSync(file).length, 0)).toBeLessThan(MOST_BYTES)

  served = await servedPage()
  showLivingNetwork(served.node)
  const asked: string[] = []
  served.page.on('request', (request) => asked.push(request.url()))
  await openAt(served)
  await served.page.locator('.peers tr[data-peer]').first().waitFor()
  expect(asked.filter((url) => !url.startsWith(`http://127.0.0.1:${served?.server.port}/`))).toEqual([])
  const needed = asked
    .map((url) => new URL(url).pathname.replace(/^\/assets\/.*\.(\w+)$/, '*.$1'))
    .filter((path) => !/^\/api|favicon/.test(path))
  expect(needed.toSorted()).toEqual(['*.js', '/'])
  expect(served.complaints).toEqual([])
})

test('the page is painted from its document alone, before its script or anything of the node has come', async () => {
  served = await servedPage()
  const { page, server } = served
  const held: string[] = []
  await page.route('**/assets/**', (asked) => void held.push(new URL(asked.request().url()).pathname))
  await page.goto(`http://127.0.0.1:${server.port}/#token=the-token`, { waitUntil: 'commit' })
  await page.getByText('Connecting to the node…').waitFor()
  const painted = "performance.getEntriesByName('first-contentful-paint').length"
  await expect.poll(() => page.evaluate(painted)).toEqual(1)
  const shown = await page.evaluate(`({
    height: document.querySelector('.top').offsetHeight + document.querySelector('.standing').offsetHeight,
    isStyled: getComputedStyle(document.querySelector('.lamp')).borderRadius,
    links: document.querySelectorAll('nav a').length,
    asked: performance.getEntriesByType('resource').filter(({ renderBlockingStatus }) => renderBlockingStatus === 'blocking').length,
  })`)
  expect([shown, held.map((path) => path.replace(/-.*\./, '.')), served.complaints]).toEqual([
    { height: expect.any(Number), isStyled: '50%', links: 4, asked: 0 },
    ['/assets/index.js'],
    [],
  ])
})

test('what is painted first does not move when the script draws the page, which knows nothing yet', async () => {
  served = await servedPage()
  const { page, server, node } = served
  showLivingNetwork(node)
  await page.routeWebSocket('**/feed', () => {})
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route('**/assets/**', async (asked) => {
    await released
    await asked.continue()
  })
  await page.goto(`http://127.0.0.1:${server.port}/#token=the-token`, { waitUntil: 'commit' })
  const boxes = `JSON.stringify(['.top h1', '.top nav', '.standing', '.sentence'].map((one) => {
    const { x, y, width, height } = document.querySelector(one).getBoundingClientRect()
    return [one, x, y, width, height, one === '.standing' || document.querySelector(one).textContent.trim()]
  }))`
  await page.getByText('Connecting to the node…').waitFor()
  const before = await page.evaluate(boxes)
  release()
  await page.locator('[data-link=connecting]').waitFor()
  expect(await page.evaluate(boxes)).toEqual(before)
})
