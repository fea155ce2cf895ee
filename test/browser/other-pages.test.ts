// What web pages in the owner's browser can do to a node on the same machine, both ports, by every way a page has to send something:
// nothing. Real nodes, a real browser.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { type RealNode, ROOT, startNode } from './real-node.ts'

let folder: string
let browser: Browser
let node: RealNode
let evil: Server
let context: BrowserContext
/** The ways to both ports: what a browser keeps to itself, as with CORS, is seen there. */
let watched: { readonly control: Watched; readonly public: Watched }

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: ROOT })
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-pages-'))
  // Names of the attacker's own, which lead to this machine; and a browser that does not yet ask before a page reaches there.
  browser = await launchChromium(
    '--host-resolver-rules=MAP evil.test 127.0.0.1,MAP rebound.test 127.0.0.1',
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights',
  )
  node = await startNode(join(folder, 'node'), ['--addresses', 'any', '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0'])
  watched = { control: await watch(portOf(node.control)), public: await watch(portOf(node.listen)) }
  evil = createHttpServer((request, response) => {
    const sandbox = request.url === '/sandboxed' ? { 'content-security-policy': 'sandbox allow-scripts allow-forms' } : {}
    response.writeHead(200, { 'content-type': 'text/html', ...sandbox })
    response.end('<!doctype html><title>evil</title><body>')
  })
  await new Promise<void>((listening) => evil.listen(0, '127.0.0.1', listening))
})
afterAll(async () => {
  await node?.end()
  await browser?.close()
  evil?.close()
  for (const one of Object.values(watched ?? {})) one.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  context = await browser.newContext()
})
afterEach(() => context.close())

interface Watched {
  port(): number
  /** Of every answer that came this way. */
  readonly statuses: number[]
  close(): void
}

/** A forwarded port. */
async function watch(to: number): Promise<Watched> {
  const statuses: number[] = []
  const forwarder: TcpServer = createTcpServer((near) => {
    const far = connect(to, '127.0.0.1')
    far.on('data', (piece: Buffer) => {
      for (const [, status] of piece.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)) statuses.push(Number(status))
    })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy()).pipe(other)
  })
  await new Promise<void>((listening) => forwarder.listen(0, '127.0.0.1', listening))
  return { port: () => (forwarder.address() as AddressInfo).port, statuses, close: () => forwarder.close() }
}

const portOf = (address: string): number => Number(address.split(':').at(-1))
const evilPort = (): number => (evil.address() as AddressInfo).port

interface Ways {
  /** What reveals or changes something, by GET. */
  readonly read: string
  /** The same by POST. */
  readonly write: string
  readonly socket: string
}
const TARGETS = {
  control: { port: () => watched.control.port(), read: '/api/status', write: '/api/peers', socket: '/feed' },
  public: { port: () => watched.public.port(), read: '/MAPPort?port=7777', write: '/IpTable', socket: '/MAPPort?port=7777' },
} as const satisfies Readonly<Record<string, Ways & { readonly port: () => number }>>
type Target = keyof typeof TARGETS

/**
 * Where the attacker's page is, and by which name it speaks to the node. A
 * rebound name is first the attacker's and then this machine's.
 */
const PAGES = {
  'on another host': { at: () => `http://evil.test:${evilPort()}/`, asks: '127.0.0.1' },
  'on this host, another port': { at: () => `http://127.0.0.1:${evilPort()}/`, asks: '127.0.0.1' },
  'on localhost, another port': { at: () => `http://localhost:${evilPort()}/`, asks: 'localhost' },
  'of no origin': { at: () => `http://evil.test:${evilPort()}/sandboxed`, asks: '127.0.0.1' },
  'on a rebound name': { at: (target: Target) => `http://rebound.test:${TARGETS[target].port()}/`, asks: 'rebound.test' },
} as const

/** What a page does to send something; each settles with whether the page got hold of an answer. */
const WAYS: Readonly<Record<string, string>> = {
  'fetch GET': 'fetch(read).then((r) => r.ok, () => false)',
  'fetch GET, with cookies and a guessed token':
    "fetch(read, { credentials: 'include', headers: { authorization: 'Bearer guessed' } }).then((r) => r.ok, () => false)",
  'fetch GET, opaque': "fetch(read, { mode: 'no-cors', credentials: 'include' }).then((r) => r.ok, () => false)",
  'fetch POST of JSON':
    "fetch(write, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then((r) => r.ok, () => false)",
  'fetch POST, opaque':
    "fetch(write, { method: 'POST', mode: 'no-cors', credentials: 'include', body: table() }).then((r) => r.ok, () => false)",
  form: 'submit()',
  img: "loaded('img', { src: read })",
  script: "loaded('script', { src: read })",
  'style sheet': "loaded('link', { rel: 'stylesheet', href: read })",
  frame:
    "loaded('iframe', { src: read }).then(() => { try { return frames[frames.length - 1].document.body.innerText.length > 200 } catch { return false } })",
  websocket: 'new Promise((settle) => { const s = new WebSocket(socket); s.onopen = () => settle(true); s.onerror = () => settle(false) })',
  'websocket with a guessed token':
    "new Promise((settle) => { const s = new WebSocket(socket, ['moonwalk.feed', 'moonwalk.token.guessed']); s.onopen = () => settle(true); s.onerror = () => settle(false) })",
}
const TOOLS = `
  const body = '{"address":"203.0.113.7:8088"}'
  const table = () => { const f = new FormData(); f.set('json', new Blob(['{"ip_address":[{"ipv4":"203.0.113.7","port no":"8088"}]}']), 't.json'); return f }
  const loaded = (tag, how) => new Promise((settle) => { const one = Object.assign(document.createElement(tag), how); one.onload = () => settle(tag !== 'iframe'); one.onerror = () => settle(false); document.body.append(one) })
  const submit = () => new Promise((settle) => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'answer' }); document.body.append(frame)
    const form = Object.assign(document.createElement('form'), { method: 'POST', action: write, target: 'answer', enctype: 'text/plain' })
    form.append(Object.assign(document.createElement('input'), { name: body.slice(0, -1) + ',"x":"', value: '"}' })); document.body.append(form)
    frame.onload = () => settle(false); form.submit()
  })`

/** Opens the attacker's page; of a rebound name its first answer is the attacker's. */
async function attackFrom(url: string): Promise<Page> {
  const page = await context.newPage()
  if (url.includes('rebound')) await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><body>' }))
  await page.goto(url)
  await page.unrouteAll()
  return page
}

describe.each(Object.keys(TARGETS) as Target[])('the %s port', (target) => {
  test.each(Object.entries(PAGES))('gives a page %s nothing, whatever way it asks', async (_, { at, asks }) => {
    const { port, read, write, socket } = TARGETS[target]
    const page = await attackFrom(at(target))
    const said = watched[target].statuses
    said.length = 0
    const base = `${asks}:${port()}`
    const urls = `const read = 'http://${base}${read}', write = 'http://${base}${write}', socket = 'ws://${base}${socket}'`
    for (const [way, code] of Object.entries(WAYS)) {
      const got = await page.evaluate(`(async () => { ${urls}; ${TOOLS}; return ${code} })()`)
      expect([way, got, said.filter((status) => status < 400)]).toEqual([way, false, []])
    }
    const [opened] = await Promise.all([
      page.waitForResponse((answer) => answer.url().endsWith(read)),
      page.evaluate(`void (location.href = 'http://${base}${read}')`),
    ])
    expect(['navigation', opened.status() >= 400]).toEqual(['navigation', true])
    // What the browser itself held back proves nothing of the node.
    expect(said.length).toBeGreaterThanOrEqual(Object.keys(WAYS).length)
    expect(await untouched()).toEqual(true)
  })
})

test('that is more than a hundred ways', () => expect(2 * Object.keys(PAGES).length * (Object.keys(WAYS).length + 1)).toBeGreaterThan(100))

test('a link that the owner follows, with the dashboard open, hands the attacker nothing and opens nothing', async () => {
  const heard: string[] = []
  // A page of the attacker's at a port of this machine, as any forwarder may put it there: it hops until a request comes from nowhere.
  const hops: Readonly<Record<string, string>> = {
    '/': '/a',
    '/a': '/b',
    '/b': `http://127.0.0.1:${portOf(node.listen)}/MAPPort?port=${portOf(node.control)}`,
  }
  const forwarded = createHttpServer((request, response) => {
    heard.push(`${request.url} ${request.rawHeaders.join(' ')}`)
    const next = hops[request.url ?? '']
    response.writeHead(200, { 'content-type': 'text/html', 'referrer-policy': 'no-referrer' })
    response.end(next === undefined ? '' : `<!doctype html><script>setTimeout(() => location.replace('${next}'), 50)</script>`)
  })
  await new Promise<void>((listening) => forwarded.listen(0, '127.0.0.1', listening))
  const dashboard = await context.newPage()
  await dashboard.goto(`${node.control}/#token=${node.token}`)
  await dashboard.locator('[data-link=live]').waitFor()
  const followed = await context.newPage()
  const [mapped] = await Promise.all([
    followed.waitForResponse((answer) => answer.url().includes('/MAPPort')),
    followed.goto(`http://127.0.0.1:${(forwarded.address() as AddressInfo).port}/`),
  ])
  expect([mapped.status(), await mapped.text()]).toEqual([403, 'this port is not for web pages\n'])
  expect(heard.filter((request) => request.includes(node.token) || /cookie|authorization|moonwalk/i.test(request))).toEqual([])
  expect([heard.length > 2, await untouched()]).toEqual([true, true])
  await followed.close()
  forwarded.close()
})

async function untouched(): Promise<boolean> {
  const headers = { authorization: `Bearer ${node.token}` }
  const read = async (path: string): Promise<string> => (await fetch(`${node.control}${path}`, { headers })).text()
  const { services }: { readonly services: readonly unknown[] } = JSON.parse(await read('/api/status'))
  return services.length === 0 && !(await read('/api/table')).includes('203.0.113.7')
}

describe("the owner's own page", () => {
  const live = (page: Page) => page.locator('[data-link=live]').waitFor()
  const locked = async (page: Page) => {
    await page.locator('[data-link=locked]').waitFor()
    return page.locator('.sentence').textContent()
  }
  const LOCKED =
    'This tab has no key to the node, or one that it does not know any more: open the link that “moonwalk dashboard” prints on its machine.'

  test('passes, keeps its key for the tab alone, and shows it nowhere', async () => {
    const page = await context.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${node.control}/#token=${node.token}`)
    await live(page)
    expect([page.url(), await context.cookies(), asked.some((url) => url.includes(node.token))]).toEqual([`${node.control}/`, [], false])
    await page.reload()
    await live(page)
    expect(await page.evaluate("fetch('api/status').then((r) => r.status)")).toEqual(401)

    const second = await context.newPage()
    await second.goto(`${node.control}/`)
    expect(await locked(second)).toEqual(LOCKED)
    // The link, pasted where the page is already.
    await second.evaluate(`void (location.hash = 'token=${node.token}')`)
    await live(second)
  })

  test.each(['wrong', 'not%20a%20token%2F'])('with a key that is %s it says in one sentence where the link is', async (key) => {
    const page = await context.newPage()
    await page.goto(`${node.control}/#token=${key}`)
    expect(await locked(page)).toEqual(LOCKED)
  })

  test('opens through a forwarded port of another number', async () => {
    const page = await context.newPage()
    await page.goto(`http://localhost:${watched.control.port()}/#token=${node.token}`)
    await live(page)
  })
})
