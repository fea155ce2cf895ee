// The built page in front of a node that shows what it is told to show.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { startControlServer } from '../../src/io/control/control-server.ts'
import { createNodeClock } from '../../src/io/node-clock.ts'
import type { Listening } from '../../src/ports.ts'
import { launchChromium } from './chromium.ts'
import { createFakeDesk, createFakeNode, type FakeNode } from './fake-node.ts'
import { itsDay } from './living-network.ts'
import { ROOT } from './real-node.ts'

export const buildPage = () => promisify(execFile)(process.execPath, ['scripts/build.mjs', 'dashboard'], { cwd: ROOT })

export async function serve(node: FakeNode, address: string, token: string): Promise<Listening> {
  const answer = await startControlServer({
    address,
    token,
    metricsToken: 'a-metrics-token',
    node,
    networkDesk: createFakeDesk(),
    clock: createNodeClock(),
    version: '0.1.0',
    dashboardDir: `${ROOT}dist/dashboard`,
    diagramsDir: `${ROOT}diagrams`,
  })
  if (answer.type === 'failed') throw new Error(answer.text)
  return answer
}

export interface ServedPage {
  readonly page: Page
  readonly node: FakeNode
  /** As it is now: a restarted server is another. */
  server: Listening
  /** What the browser found wrong. */
  readonly complaints: readonly string[]
  end(): Promise<void>
}

/** A page that is not open yet, and whom it will ask. */
export async function servedPage(options: BrowserContextOptions = {}): Promise<ServedPage> {
  const node = createFakeNode()
  const browser = await launchChromium()
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  await page.route('**/api/history*', (asked) => asked.fulfill({ json: itsDay() }))
  const complaints: string[] = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  const served: ServedPage = {
    page,
    node,
    server: await serve(node, '127.0.0.1:0', 'the-token'),
    complaints,
    end: async () => {
      await browser.close()
      await served.server.close()
    },
  }
  return served
}

/** Opens the page by its link, at one of its pages. */
export async function openAt({ page, server }: ServedPage, hash = '#/'): Promise<void> {
  await page.goto(`http://127.0.0.1:${server.port}/#token=the-token`)
  await page.locator('[data-link=live]').waitFor()
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
}
