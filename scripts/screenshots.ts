// `node --import tsx scripts/screenshots.ts [FOLDER]`: pictures of the page, of a network that is made up. Default: docs/pictures.
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { aRow } from '../test/browser/fake-node.ts'
import { showLivingNetwork, tellItsStory } from '../test/browser/living-network.ts'
import { buildPage, openAt, servedPage } from '../test/browser/served-page.ts'

const [folder = fileURLToPath(new URL('../docs/pictures', import.meta.url))] = process.argv.slice(2)
const PAGES = [
  ['overview', '#/', 1280],
  ['overview-phone', '#/', 390],
  ['day', '#/day', 1280],
  ['map', '#/map', 1280],
  ['peer', `#/peer/${aRow('cedar').id}`, 1280],
  ['machines', '#/machines', 1280],
] as const

await mkdir(folder, { recursive: true })
await buildPage()
for (const colorScheme of ['light', 'dark'] as const)
  for (const [name, hash, width] of PAGES) {
    const served = await servedPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
    showLivingNetwork(served.node)
    tellItsStory(served.node)
    await openAt(served, hash)
    await served.page.locator('main.page .card').first().waitFor()
    await served.page.waitForLoadState('networkidle')
    await served.page.screenshot({ path: `${folder}/${name}-${colorScheme}.png` })
    await served.end()
  }
