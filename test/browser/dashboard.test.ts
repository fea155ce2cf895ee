// The dashboard in a real browser, in front of a node that shows what it is told to show.
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Listening } from '../../src/ports.ts'
import { launchChromium, textOf } from './chromium.ts'
import { aClient, aRow, aService, aStatus, createFakeNode, type FakeNode, NOTHING_CARRIED, someTraffic } from './fake-node.ts'
import { itsDay } from './living-network.ts'
import { buildPage, serve } from './served-page.ts'

const turn = {
  id: 'b',
  name: 'birch',
  address: 'birch.test:8088',
  rttMs: 12.4,
  reason: 'least latency of 2',
  reasonAt: null,
  since: '2026-01-02T03:04:05.000Z',
  provenAt: null,
}

let browser: Browser
let page: Page
let node: FakeNode
let server: Listening
let complaints: string[]

beforeAll(async () => {
  await buildPage()
  browser = await launchChromium()
})
afterAll(() => browser?.close())

beforeEach(async () => {
  node = createFakeNode()
  server = await serve(node, '127.0.0.1:0', 'the-token')
  const context = await browser.newContext({ viewport: { width: 1500, height: 1000 } })
  page = await context.newPage()
  await page.route('**/api/history*', (asked) => asked.fulfill({ json: itsDay() }))
  complaints = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
})
afterEach(async () => {
  await page.context().close()
  await server.close()
})

const open = () => page.goto(`http://127.0.0.1:${server.port}/#token=the-token`)
const visit = (hash: string) => page.evaluate(`location.hash = '${hash}'`)
const sentence = () => textOf(page, '.sentence')
const lit = (machine: string) =>
  page.locator(`svg[data-machine="${machine}"] [data-state].active`).evaluateAll((all) => all.map((one) => one.getAttribute('data-state')))
const hot = (machine: string) =>
  page.locator(`svg[data-machine="${machine}"] [data-edge].hot`).evaluateAll((all) => all.map((one) => one.getAttribute('data-edge')))
/** What the whole page is coloured by, its title and its icon. */
const painted = async () => [
  await page.locator('html').getAttribute('data-tone'),
  await page.title(),
  await page.locator('link[rel=icon]').getAttribute('href'),
]
const firstColumn = () => page.locator('.peers tbody th').allInnerTexts()

test('shows the node as it is, and follows it without a reload', async () => {
  node.show({
    status: aStatus('probing'),
    states: { node: ['probing'] },
    peers: [aRow('elm', { rttMs: 30 }), aRow('birch', { rttMs: 20 })],
  })
  await open()
  expect(page.url()).toEqual(`http://127.0.0.1:${server.port}/`)
  await page.locator('[data-link=live]').waitFor()
  expect(await firstColumn()).toEqual(['birch', 'elm'])
  await page.evaluate('window.unbroken = true')
  await visit('#/machines')
  await page.locator('svg[data-machine=node] .active').waitFor()
  expect(await lit('node')).toEqual(['probing'])

  node.show({
    status: aStatus(
      'tunnelling.up',
      {
        turn,
        turns: [{ ...turn, state: 'open', public: 'birch.test:21734', provenAt: new Date().toISOString() }],
        services: [aService('web')],
      },
      { address: 'birch.test:21734', reachability: 'tunnelled' },
    ),
    states: { node: ['tunnelling', 'tunnelling.up'], tunnel: ['linked', 'linked.open'] },
    peers: [aRow('elm', { rttMs: 5 }), aRow('birch', { rttMs: 20 }), aRow('oak', { rttMs: null, state: 'unknown' })],
  })
  node.tell({ type: 'turn.chosen', peer: 'b', name: 'birch', address: 'birch.test:8088', reason: 'least latency of 2' })
  node.tell({
    type: 'state.entered',
    machine: 'node',
    instance: '',
    state: 'tunnelling.up',
    from: 'tunnelling.down',
    event: 'tunnel.opened',
  })
  await page.locator('svg[data-machine=tunnel] .active').first().waitFor()
  expect(await lit('node')).toEqual(['tunnelling', 'tunnelling.up'])
  expect(await hot('node')).toEqual(['tunnelling.down > tunnelling.up'])
  expect(await lit('tunnel')).toEqual(['linked', 'linked.open'])
  expect(await page.locator('[data-machine-card=node] .lines li').allInnerTexts()).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d tunnel\.opened → tunnelling\.up$/),
  ])
  await visit('#/')
  await page.locator('[data-node-state="tunnelling.up"]').waitFor()
  expect(await firstColumn()).toEqual(['elm', 'birch', 'oak'])
  expect(await textOf(page, '.turn-name')).toEqual('birch')
  expect(await textOf(page, '[data-network=open]')).toEqual('In an open network.')
  expect(await textOf(page, '[data-service=web] .route')).toEqual('birch.test:20018 → 127.0.0.1:3000')
  expect(await page.locator('.news .what').allInnerTexts()).toEqual(['TURN: birch (birch.test:8088), least latency of 2.'])
  await page.getByLabel('every state').check()
  await page.locator('.news .what', { hasText: 'node: tunnelling.down → tunnelling.up (tunnel.opened)' }).waitFor()
  expect(await sentence()).toMatch(/^Reachable at birch\.test:21734 through birch \(12 ms\), proven \d s ago; service web is up\.$/)
  expect(await page.locator('.strip li').allInnerTexts()).toEqual([
    'Network found ✓',
    'Asked around ✓',
    'Measured ✓',
    'TURN chosen ✓',
    expect.stringMatching(/^Reached through birch, \d+ d$/),
  ])
  expect(await painted()).toEqual(['good', '🟢 ash: reachable', './favicon-good.svg'])
  expect(await page.evaluate('window.unbroken')).toEqual(true)
  expect(complaints).toEqual([])
})

test('shows what passes, for its own services and for those it carries, and follows it', async () => {
  const QUIET = { connectionsNow: 0, inBytesPerSecond: 0, outBytesPerSecond: 0 }
  const lastError = { text: 'nothing answers at 127.0.0.1:53', at: new Date(Date.now() - 300_000).toISOString() }
  const services = [aService('web', someTraffic()), aService('dns', someTraffic({ ...QUIET, errorsEver: 1, lastError })), aService('new')]
  node.show({ status: aStatus('serving', { services }) })
  await open()
  await page.locator('[data-service=web] .traffic').waitFor()
  const traffic = (service: string) => page.locator(`[data-service=${service}] .traffic > *`).allInnerTexts()
  expect(await traffic('web')).toEqual(['Users', '2 now', '31 ever', 'In', '3.4 KiB/s', '1.2 MiB', 'Out', '1.1 MiB/s', '45 MiB'])
  expect(await traffic('dns')).toEqual(['Users', '0 now', '31 ever', 'In', 'quiet', '1.2 MiB', 'Out', 'quiet', '45 MiB'])
  expect(await textOf(page, '[data-service=dns] .last-error')).toEqual('last error 5 min ago: nothing answers at 127.0.0.1:53')
  // once a second the page writes down the rate
  await page.locator('[data-service=web] .spark').waitFor()
  expect(await page.locator('.spark').count()).toEqual(1)
  expect([await traffic('new'), await page.locator('.carrying').count()]).toEqual([[], 0])

  node.show({
    status: aStatus('serving', {
      services: [aService('web', someTraffic({ connectionsNow: 3, connectionsEver: 32 }))],
      clients: [
        aClient('5f0c2a9be1', [{ name: 'a1b2c3d4e5f60718.web', port: 20_002 }], { name: 'cedar', dialect: 'moonwalk' }),
        aClient('77aa01bb22', [{ name: '<b>mine', kind: 'udp', ...QUIET, errorsEver: 1, lastError }]),
      ],
      carried: { ...NOTHING_CARRIED, clients: 2, proxies: 3, connectionsNow: 2, connectionsEver: 40, bytesIn: 2_000_000, bytesOut: 90e9 },
    }),
  })
  await page.locator('.carrying tbody').first().waitFor()
  expect((await traffic('web')).slice(1, 3)).toEqual(['3 now', '32 ever'])
  expect(await textOf(page, '.carrying > header')).toEqual(
    'Carrying for others2 clients, 2 connections now, 40 ever; in 1.9 MiB, out 84 GiB',
  )
  const cells = (client: string) => page.locator(`[data-client="${client}"] td`).allInnerTexts()
  expect(await cells('5f0c2a9be1')).toEqual(['web', '20002/tcp', '2', '31', '1.2 MiB', '45 MiB', '3.4 KiB/s', '1.1 MiB/s'])
  expect(await cells('77aa01bb22')).toEqual([
    '<b>mine\nlast error 5 min ago: nothing answers at 127.0.0.1:53',
    '20018/udp',
    '0',
    '31',
    '1.2 MiB',
    '45 MiB',
    '–',
    '–',
  ])
  expect(await page.locator('.carrying tbody th').allInnerTexts()).toEqual([
    expect.stringMatching(/^cedar moonwalk\n203\.0\.113\.9:4711, here \d+ d$/),
    expect.stringMatching(/^77aa01bb frp 0\.70\.1\n203\.0\.113\.9:4711, here \d+ d$/),
  ])
  expect(await textOf(page, '.left-out')).toEqual('and 1 more: “moonwalk status” shows the busiest.')
  expect(complaints).toEqual([])
})

test('every column of a server is there, and each sorts by keyboard too', async () => {
  node.show({
    peers: [
      aRow('elm', { rttMs: 30, downMbps: 10 }),
      aRow('birch', { rttMs: 20, downMbps: 90 }),
      aRow('ash', { self: true, via: aRow('birch').id }),
    ],
  })
  await open()
  await page.locator('.peers tbody tr').first().waitFor()
  expect(await page.locator('.peers thead button').allInnerTexts()).toEqual([
    'Name',
    'Address',
    'State',
    'RTT ms▴',
    '± ms',
    'Loss %',
    '↓ Mbit/s',
    '↑ Mbit/s',
    'TURN',
    'Via',
    'Seen',
    'Speaks',
    'Id',
  ])
  expect(await page.locator('.peers tbody tr').first().locator('th, td').allInnerTexts()).toEqual([
    'ash self',
    'ash.test:8088',
    'alive',
    '10.0',
    '0.30',
    '0',
    '93.1',
    '41.0',
    'offers',
    'birch',
    expect.stringMatching(/^\d+ d$/),
    'moonwalk',
    '61736800',
  ])
  await page.locator('.col-down button').focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await page.locator('.col-down[aria-sort=descending]').waitFor()
  expect(await firstColumn()).toEqual(['ash self', 'birch', 'elm'])
})

test('who is offline is greyed and last, with when it was last seen, and does not count as there', async () => {
  const lastProof = new Date(Date.now() - 3 * 3_600_000).toISOString()
  node.show({
    peers: [
      aRow('oak', { rttMs: 1, state: 'offline', lastProof }),
      aRow('elm', { rttMs: 30 }),
      aRow('birch', { rttMs: null, state: 'unknown' }),
      aRow('ash', { rttMs: 20, state: 'suspect' }),
    ],
  })
  await open()
  await page.locator('.peers tbody tr').first().waitFor()
  expect(await firstColumn()).toEqual(['ash', 'elm', 'birch', 'oak'])
  expect(await textOf(page, '.counts')).toEqual('3 in the table, 1 alive; 1 offline')
  const oak = await page.locator('.peers tbody tr').last().locator('td').allInnerTexts()
  expect([oak[1], oak[9]]).toEqual(['offline', '3 h'])
  const colours = (row: string) => page.evaluate(`getComputedStyle(document.querySelector('.peers tr.${row}')).color`)
  expect(await colours('offline')).not.toEqual(await colours('alive'))
  for (const times of [1, 2]) {
    await page.locator('.col-name button').click()
    await page.locator(`.col-name[aria-sort=${times === 1 ? 'ascending' : 'descending'}]`).waitFor()
    expect((await firstColumn()).at(-1)).toEqual('oak')
  }
  // It is back.
  node.show({ peers: [aRow('oak', { rttMs: 1 })] })
  node.tell({ type: 'peer.added', peer: 'x', name: 'oak', address: 'oak.test:8088' })
  await page.locator('.peers tr.alive').filter({ hasText: 'oak' }).waitFor()
  expect(await textOf(page, '.counts')).toEqual('1 in the table, 1 alive')
  expect(complaints).toEqual([])
})

test('of several sessions all are lit together, and each by itself', async () => {
  node.show({
    status: aStatus('serving', { clients: [aClient('5f0c2a9be1', [{}], { name: 'cedar', address: '203.0.113.9:4711' })] }),
    states: {
      node: ['serving'],
      turnSession: ['carrying', 'idle'],
      'turnSession/203.0.113.9:4711': ['carrying'],
      'turnSession/203.0.113.9:4712': ['idle'],
    },
  })
  const entered = { type: 'state.entered', machine: 'turnSession' } as const
  node.tell({ ...entered, instance: '203.0.113.9:4711', from: 'idle', state: 'carrying', event: 'proxy.opened' })
  node.tell({ ...entered, instance: '203.0.113.9:4712', from: 'awaitingLogin', state: 'idle', event: 'session.loggedIn' })
  await open()
  await visit('#/machines')
  await page.locator('svg[data-machine=turnSession] .active').first().waitFor()
  const shown = async () => [
    await textOf(page, '[data-machine-card=turnSession] figcaption'),
    await lit('turnSession'),
    await hot('turnSession'),
  ]
  expect(await shown()).toEqual(['turnSession of several', ['idle', 'carrying'], ['awaitingLogin > idle']])
  expect(await page.locator('[data-instance]').allInnerTexts()).toEqual(['cedar: carrying', '203.0.113.9:4712: idle'])
  await page.locator('[data-instance="203.0.113.9:4711"]').click()
  await page.locator('[data-instance][aria-pressed=true]').waitFor()
  expect(await shown()).toEqual(['turnSession of cedar is carrying', ['carrying'], ['idle > carrying']])
  expect(complaints).toEqual([])
})

test('measurements are shown to who asks for them, those from before too', async () => {
  node.tell({ type: 'node.listening', address: null })
  node.tell({ type: 'peer.measured', peer: 'ash', rttMs: 1, jitterMs: null, lossPct: 0 })
  await open()
  await page.locator('.news .what').first().waitFor()
  node.tell({ type: 'peer.measured', peer: 'ash', rttMs: 2, jitterMs: null, lossPct: 0 })
  node.tell({ type: 'peer.cleared', peer: 'x', name: 'elm', address: 'elm.test:1' })
  await page.locator('.news .what').nth(1).waitFor()
  const told = () => page.locator('.news .what').allInnerTexts()
  expect(await told()).toEqual(['elm (elm.test:1) answers again.', 'Nothing is opened to the outside.'])
  await page.getByLabel('every ping').check()
  await page.locator('.news .what').nth(3).waitFor()
  expect(await told()).toEqual([
    'elm (elm.test:1) answers again.',
    'ash answered in 2.00 ms.',
    'ash answered in 1.00 ms.',
    'Nothing is opened to the outside.',
  ])
  expect(complaints).toEqual([])
})

test('what others call themselves is text', async () => {
  const name = '<img src=x onerror="document.title=\'taken\'">'
  node.show({ status: aStatus('serving', {}, { name }), peers: [aRow('elm', { name })] })
  node.tell({ type: 'peer.added', peer: 'x', name, address: 'elm.test:1' })
  await open()
  await page.locator('.peers tbody tr').first().waitFor()
  expect([await textOf(page, '.node-name'), await firstColumn(), await page.locator('.news .what').allInnerTexts()]).toEqual([
    name,
    [name],
    [`${name} (elm.test:1) joined the table.`],
  ])
  expect(complaints).toEqual([])
})

test('says when the node is gone, and is back by itself with what is true then', async () => {
  node.show({ status: aStatus('serving'), peers: [aRow('birch')] })
  await open()
  await page.locator('[data-link=live]').waitFor()
  const address = `127.0.0.1:${server.port}`
  await server.close()
  await page.locator('[data-link=lost]').waitFor()
  expect(await sentence()).toMatch(/^The node has stopped: nothing since \d\d:\d\d:\d\d \(\d s\)\. What you see is from then\.$/)
  expect(await painted()).toEqual(['stale', '⚪ ash: no answer', './favicon-stale.svg'])
  node.show({ status: aStatus('probing'), peers: [aRow('elm')] })
  server = await serve(node, address, 'the-token')
  await page.locator('[data-link=live]').waitFor()
  await page.locator('[data-node-state=probing]').waitFor()
  expect(await firstColumn()).toEqual(['elm'])
  expect(await textOf(page, '.notice')).toMatch(/^The node was out of sight for \d s, and has run on meanwhile\./)
})

test('says what to do when the node has another key', async () => {
  await open()
  await page.locator('[data-link=live]').waitFor()
  const address = `127.0.0.1:${server.port}`
  await server.close()
  server = await serve(node, address, 'another-token')
  await page.locator('[data-link=locked]').waitFor()
  expect(await sentence()).toContain('open the link that “moonwalk dashboard” prints')
})

test('another web page gets nothing out of it', async () => {
  await open()
  await page.locator('[data-link=live]').waitFor()
  const elsewhere = await page.context().newPage()
  const other = await serve(node, '127.0.0.1:0', 'other-token')
  await elsewhere.goto(`http://127.0.0.1:${other.port}/#token=other-token`)
  const tried = await elsewhere.evaluate(`(async () => {
    const at = '127.0.0.1:${server.port}'
    const get = await fetch('http://' + at + '/api/status', { credentials: 'include' }).then((r) => r.status, () => 'blocked')
    const feed = await new Promise((settle) => { try { const s = new WebSocket('ws://' + at + '/feed'); s.onopen = () => settle('open'); s.onerror = () => settle('refused') } catch { settle('blocked') } })
    return [get, feed]
  })()`)
  expect([
    ['blocked', 'refused'],
    ['blocked', 'blocked'],
  ]).toContainEqual(tried)
  await other.close()
  expect(node.asked).toEqual([])
})
