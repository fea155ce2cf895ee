// The page in Chromium: how soon it is there, what it weighs, and whether it stays smooth and small for two minutes in front of
// a thousand servers of which a hundred change each second.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { fillMeasurements, frameGapsMs, keepBusy, weightOf } from '../test/browser/busy-network.ts'
import { showLivingNetwork } from '../test/browser/living-network.ts'
import { buildPage, openAt, type ServedPage, servedPage } from '../test/browser/served-page.ts'
import { type Figure, markdown, median, type Part, progress, quantile, root, shown } from './measure.ts'

const WATCH_MS = 120_000
/** Two whole seconds in each part. */
const SHORT_WATCH_MS = 30_000
const PARTS = 12
const PAINTS = 7

export const pagePart: Part = async ({ short }) => {
  await buildPage()
  const bytes = compressedBytes()
  const paints: Paint[] = []
  for (let i = 0; i < (short ? 1 : PAINTS); i++) paints.push(await paintOf())
  const { perSecond, looks } = await watch(short ? SHORT_WATCH_MS : WATCH_MS)
  const [before, after] = [looks[1] ?? Number.NaN, looks.at(-1) ?? Number.NaN]
  const figures: readonly Figure[] = [
    figure('page: all its files, compressed', 'kB', bytes / 1_000, 'most', 100),
    figure('page: requests that the first paint waits for', '', Math.max(...paints.map(({ requests }) => requests)), 'most', 1),
    figure('page: their bytes, not compressed', 'kB', Math.max(...paints.map(({ bytes }) => bytes)) / 1_000, 'most', 40),
    figure('page: first paint', 'ms', median(paints.map(({ firstMs }) => firstMs)), 'most', 500),
    figure('page: first paint with the figures of the node', 'ms', median(paints.map(({ wholeMs }) => wholeMs)), 'most', 500),
    figure('page: frames in a second, 1,000 servers, 100 changes/s, median', '', median(perSecond), 'least', 50),
    figure('page: the same, p5', '', quantile(perSecond, 0.05), 'least', 50),
    figure('page: heap after two minutes over that after ten seconds', 'MB', (after - before) / 1e6, 'most', 1),
  ]
  const details = `The page's heap after each twelfth, in MB (after gc): ${looks.map((heap) => (heap / 1e6).toFixed(2)).join(', ')}.`
  return {
    figures,
    details: `${details}\n\n${markdown(
      ['first paint, ms', 'with figures, ms'],
      paints.map(({ firstMs, wholeMs }) => [shown(firstMs), shown(wholeMs)]),
    )}`,
  }
}

const figure = (name: string, unit: string, ours: number, at: 'most' | 'least', limit: number): Figure => ({
  ...{ name, unit, ours, rival: null },
  goal: { of: 'value', at, limit },
})

/** Everything that the page ever loads, as a server that compresses would send it. */
function compressedBytes(): number {
  const dir = join(root, 'dist/dashboard')
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length, 0)
}

interface Paint {
  readonly firstMs: number
  readonly wholeMs: number
  /** Without which the browser paints nothing: the document, and what it says must be there first. */
  readonly requests: number
  readonly bytes: number
}

/**
 * From the navigation to the first paint of anything, and to the first in which the
 * node's figures stand, in a browser that has nothing of it yet.
 */
async function paintOf(): Promise<Paint> {
  const served = await servedPage()
  showLivingNetwork(served.node)
  await served.page.addInitScript(`(() => {
    const look = () => document.querySelector('.sentence')?.textContent.startsWith('Reachable')
      ? requestAnimationFrame(() => { window.paintedMs = performance.now() })
      : requestAnimationFrame(look)
    look()
  })()`)
  await openAt(served)
  await served.page.waitForFunction('window.paintedMs > 0')
  const wholeMs = Number(await served.page.evaluate('window.paintedMs'))
  const firstMs = Number(await served.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"))
  const needed: readonly number[] = await served.page.evaluate(`[
    performance.getEntriesByType('navigation')[0],
    ...performance.getEntriesByType('resource').filter(({ renderBlockingStatus }) => renderBlockingStatus === 'blocking'),
  ].map(({ encodedBodySize }) => encodedBodySize)`)
  await served.end()
  return { firstMs, wholeMs, requests: needed.length, bytes: needed.reduce((sum, bytes) => sum + bytes, 0) }
}

async function watch(forMs: number): Promise<{ readonly perSecond: readonly number[]; readonly looks: readonly number[] }> {
  const served: ServedPage = await servedPage()
  const busy = keepBusy(served.node, { servers: 1_000, changesPerSecond: 100 })
  try {
    await openAt(served)
    await served.page.locator('.peers tr[data-peer]').first().waitFor()
    await fillMeasurements(served.node)
    const devtools = await served.page.context().newCDPSession(served.page)
    const looks = [(await weightOf(devtools)).heapBytes]
    const perSecond: number[] = []
    for (let part = 0; part < PARTS; part++) {
      perSecond.push(...secondsOf(await frameGapsMs(served.page, forMs / PARTS)))
      looks.push((await weightOf(devtools)).heapBytes)
      progress(`page: ${part + 1} of ${PARTS}, ${shown(median(perSecond))} frames/s, ${(looks.at(-1) ?? 0) / 1e6} MB`)
    }
    return { perSecond, looks }
  } finally {
    busy.stop()
    await served.end()
  }
}

/** Frames in each whole second. */
function secondsOf(gapsMs: readonly number[]): readonly number[] {
  const counts: number[] = []
  let atMs = 0
  for (const gapMs of gapsMs) {
    atMs += gapMs
    const second = Math.floor(atMs / 1_000)
    while (counts.length <= second) counts.push(0)
    counts[second] = (counts[second] ?? 0) + 1
  }
  return counts.slice(0, -1)
}
