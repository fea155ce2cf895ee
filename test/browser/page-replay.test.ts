// A recording of an outage, watched in the page.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startReplayServer } from '../../src/io/control/replay-server.ts'
import { startRecording } from '../../src/io/disk/recording-file.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'
import { launchChromium } from './chromium.ts'
import { createFakeNode } from './fake-node.ts'
import { showLivingNetwork } from './living-network.ts'
import { ROOT } from './real-node.ts'
import { buildPage } from './served-page.ts'

test('a recording is shown at any moment of it, and plays', async () => {
  await buildPage()
  const folder = await mkdtemp(join(tmpdir(), 'moonwalk-replay-'))
  const [node, clock, file] = [createFakeNode(), new VirtualClock(), join(folder, 'outage.jsonl')]
  showLivingNetwork(node)
  const stop = startRecording({ node, clock, file, onTrouble: () => undefined })
  if (typeof stop !== 'function') throw new Error(stop.text)
  await clock.advance(30_000)
  showLivingNetwork(node, { outage: true })
  await clock.advance(5_000)
  await stop()
  const recording = await readFile(file)
  const server = await startReplayServer({
    port: 0,
    token: 'a-token',
    recording,
    dashboardDir: `${ROOT}dist/dashboard`,
    diagramsDir: `${ROOT}diagrams`,
  })
  if (server.type === 'failed') throw new Error(server.text)
  const browser = await launchChromium()
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(`http://127.0.0.1:${server.port}/#token=a-token&replay=1`)
  const sentence = (text: RegExp) => page.locator('.sentence').filter({ hasText: text }).waitFor()
  const slider = page.getByLabel('Time', { exact: true })
  await sentence(/^Reachable at 203\.0\.113\.9:21734 through cedar/)
  await slider.fill((await slider.getAttribute('max')) ?? '')
  await sentence(/^Not reachable: looking for a TURN/)
  await slider.fill((await slider.getAttribute('min')) ?? '')
  await sentence(/^Reachable/)
  await page.getByRole('button', { name: 'Play 60 times as fast' }).click()
  await sentence(/^Not reachable/)
  expect(await page.getByText('Expose a service').count()).toEqual(0)
  await page.reload()
  await sentence(/^Reachable/)
  expect(complaints).toEqual([])
  await browser.close()
  await server.close()
  await rm(folder, { recursive: true, force: true })
})
