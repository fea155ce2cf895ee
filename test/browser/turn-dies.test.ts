// Real nodes, real processes, a real browser: the page of a node behind NAT while its TURN is killed.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, textOf } from './chromium.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const children: ChildProcess[] = []
let folder: string
let browser: Browser

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: root })
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-browser-'))
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await Promise.all(children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).map((child) => end(child)))
  await rm(folder, { recursive: true, force: true })
})

interface Running {
  readonly child: ChildProcess
  readonly name: string
  readonly listen: string | null
  readonly control: string
  readonly token: string
}

/** A node in a process of its own, once it says that it is ready. */
async function up(name: string, ...flags: readonly string[]): Promise<Running> {
  const data = join(folder, name)
  const always = ['--open', '--data', data, '--name', name, '--control', '127.0.0.1:0', '--addresses', 'any', '--json']
  const child = spawn(process.execPath, ['dist/main.js', 'up', ...always, ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let complaints = ''
  child.stderr.on('data', (piece: Buffer) => {
    complaints = `${complaints}${piece}`.slice(-4_000)
  })
  const lines = createInterface({ input: child.stdout })
  // `readline` gives up lines nobody waits for; the pipe must be read to its end all the same.
  const ready = await new Promise<string>((settle, fail) => {
    lines.once('line', settle)
    child.once('exit', (code) => fail(new Error(`${name} ended with ${code}: ${complaints}`)))
  })
  const { listen, control }: { readonly listen: string | null; readonly control: string } = JSON.parse(ready)
  const { token }: { readonly token: string } = JSON.parse(await readFile(join(data, 'control.json'), 'utf8'))
  return { child, name, listen, control, token }
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** What a plain request for `/` gets at a public address. */
async function get(address: string): Promise<string> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
  const socket = connect({ host, port: Number(port) })
  socket.end('GET / HTTP/1.0\r\n\r\n')
  let answer = ''
  for await (const piece of socket) answer += piece
  return answer.split('\r\n\r\n')[1] ?? ''
}

test('a TURN is killed: the page shows the loss, the next TURN and the new address, without a reload', async () => {
  const service = createServer((_, response) => response.end('hello from behind NAT'))
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo

  const reachable = ['--listen', '127.0.0.1:0']
  const ash = await up('ash', ...reachable, '--ports', '23100-23199')
  const birch = await up('birch', ...reachable, '--ports', '23200-23299', '--join', ash.listen ?? '')
  const cedar = await up('cedar', ...reachable, '--ports', '23300-23399', '--join', birch.listen ?? '')
  const hidden = await up('hidden', '--no-listen', '--join', cedar.listen ?? '', '--expose', `web=127.0.0.1:${port}`)

  const page = await browser.newPage({ viewport: { width: 1500, height: 1100 } })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(`${hidden.control}/#token=${hidden.token}`)
  await page.evaluate('window.unbroken = true')

  await page.locator('[data-node-state="tunnelling.up"]').waitFor()
  await page.locator('[data-service=web] .dot.up').waitFor()
  await page.locator('[data-tone=good]').waitFor({ state: 'attached' })
  await page.locator('.peers tr[data-peer]').nth(3).waitFor()
  const turnName = await textOf(page, '.turn-name')
  const address = (await textOf(page, '[data-service=web] .route')).split(' ')[0] ?? ''
  expect(await get(address)).toEqual('hello from behind NAT')
  expect(
    await page
      .locator('.peers tbody th')
      .allInnerTexts()
      .then((names) => names.map((name) => name.split(' ')[0]).toSorted()),
  ).toEqual(['ash', 'birch', 'cedar', 'hidden'])

  const killed = [ash, birch, cedar].find(({ name }) => name === turnName)
  if (!killed) throw new Error(`the TURN ${turnName} is none of the three`)
  const told = (text: RegExp) => page.locator('.news .what').filter({ hasText: text })
  const killedAt = Date.now()
  await end(killed.child, 'SIGKILL')
  await told(new RegExp(`^(The TURN ${turnName} was lost|The tunnel through ${turnName} broke off)`))
    .first()
    .waitFor()
  expect(Date.now() - killedAt).toBeLessThan(1_000)
  await told(new RegExp(`^The TURN ${turnName} was lost`))
    .first()
    .waitFor()
  await page.locator('.turn-name').filter({ hasNotText: turnName }).waitFor()
  await page.locator('[data-node-state="tunnelling.up"]').waitFor()
  await page.locator('[data-service=web] .dot.up').waitFor()
  await page.locator('[data-service=web] .route').filter({ hasNotText: address }).waitFor()
  await page
    .locator('.sentence')
    .filter({ hasText: /^Reachable at .* through .*, proven \d+ s ago; service web is up\.$/ })
    .waitFor()
  await page.getByRole('link', { name: 'Machines' }).click()
  await page.locator('svg[data-machine=node] [data-state="tunnelling.up"].active').waitFor()
  await page.locator('svg[data-machine=node] [data-edge].hot').first().waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  const next = (await textOf(page, '[data-service=web] .route')).split(' ')[0] ?? ''
  expect(await get(next)).toEqual('hello from behind NAT')

  // The dead one is suspected first, then offline.
  await page.locator('.peers tr.offline th').filter({ hasText: turnName }).waitFor({ timeout: 90_000 })
  expect(await page.evaluate('window.unbroken')).toEqual(true)
  expect(complaints).toEqual([])
  service.close()
})
