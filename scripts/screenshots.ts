// `node --import tsx scripts/screenshots.ts`: the pictures of README, docs/pictures/page-light.png and -dark.png, of a network
// that is made up. `… scripts/screenshots.ts FOLDER`: every page, wide and narrow, in both themes, to look at.
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
const README = { folder: fileURLToPath(new URL('../docs/pictures', import.meta.url)), width: 1120, height: 940, trafficS: 60 }
const MOST_BYTES = 180_000

await mkdir(folder ?? README.folder, { recursive: true })
await buildPage()
for (const colorScheme of ['light', 'dark'] as const)
  if (folder === undefined) await forReadme(colorScheme)
  else for (const width of WIDTHS) await everyPage(folder, colorScheme, width)

async function everyPage(to: string, colorScheme: 'light' | 'dark', width: number): Promise<void> {
  const served = await servedPage({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' })
  tellItsStory(served.node)
  for (const [name, hash, how] of PAGES) {
    showLivingNetwork(served.node, how)
    await openAt(served, hash)
    await served.page.locator('main.page .card').first().waitFor()
    if (name === 'peer') await served.page.locator('.plot canvas').first().waitFor()
    if (name === 'machines') await served.page.locator('svg[data-machine=exposedService] .active').first().waitFor()
    await served.page.waitForLoadState('networkidle')
    await served.page.screenshot({ path: `${to}/${name}-${width}-${colorScheme}.png`, fullPage: true })
  }
  await served.end()
}

/** A calm one, with some traffic to be seen. */
async function forReadme(colorScheme: 'light' | 'dark'): Promise<void> {
  const served = await servedPage({ viewport: { width: README.width, height: README.height }, colorScheme, reducedMotion: 'reduce' })
  tellItsStory(served.node)
  showLivingNetwork(served.node, { calm: true })
  await openAt(served)
  await served.page.locator('[data-service=web] .heartbeat').waitFor()
  for (let second = 0; second < README.trafficS; second++) {
    showLivingNetwork(served.node, {
      calm: true,
      webBytes: Math.round(900_000 + 500_000 * Math.sin(second / 4) + 260_000 * Math.sin(second * 1.7)),
    })
    await new Promise((settle) => setTimeout(settle, 1_000))
  }
  const path = `${README.folder}/page-${colorScheme}.png`
  await served.page.screenshot({ path })
  const { size } = await stat(path)
  process.stdout.write(`${path}: ${size} bytes\n`)
  if (size > MOST_BYTES) throw new Error(`${path} has more than ${MOST_BYTES} bytes`)
  await served.end()
}
