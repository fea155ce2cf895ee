// `node --import tsx scripts/screenshots.ts`: the pictures of README, docs/pictures/page-light.png and -dark.png, of a network that is made
// up. `… scripts/screenshots.ts FOLDER`: every page, wide and narrow, in both themes, to look at.
import { mkdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { aRow } from '../test/browser/fake-node.ts'
import { showLivingNetwork, tellItsStory } from '../test/browser/living-network.ts'
import { buildPage, openAt, servedPage } from '../test/browser/served-page.ts'

const [folder] = process.argv.slice(2)
const PAGES = [
  ['overview', '#/', {}],
  ['outage', '#/', { outage: true }],
  ['day', '#/day', {}],
  ['map', '#/map', {}],
  ['peer', `#/peer/${aRow('cedar').id}`, {}],
  ['machines', '#/machines', {}],
] as const
const WIDTHS = [1280, 390]
const README = { folder: fileURLToPath(new URL('../docs/pictures', import.meta.url)), width: 1280, height: 760 }
const MOST_BYTES = 150_000

const to = folder ?? README.folder
await mkdir(to, { recursive: true })
await buildPage()
for (const colorScheme of ['light', 'dark'] as const)
  for (const width of folder === undefined ? [README.width] : WIDTHS) {
    const viewport = { width, height: folder === undefined ? README.height : 900 }
    const served = await servedPage({ viewport, colorScheme, reducedMotion: 'reduce' })
    tellItsStory(served.node)
    for (const [name, hash, how] of folder === undefined ? PAGES.slice(0, 1) : PAGES) {
      showLivingNetwork(served.node, how)
      await openAt(served, hash)
      await served.page.locator('main.page .card').first().waitFor()
      await served.page.waitForLoadState('networkidle')
      if (name === 'peer') await served.page.locator('.plot canvas').first().waitFor()
      const path = folder === undefined ? `${to}/page-${colorScheme}.png` : `${to}/${name}-${width}-${colorScheme}.png`
      await served.page.screenshot({ path, fullPage: folder !== undefined })
      const { size } = await stat(path)
      if (folder === undefined && size > MOST_BYTES) throw new Error(`${path} has ${size} bytes, more than ${MOST_BYTES}`)
    }
    await served.end()
  }
