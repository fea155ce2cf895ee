// What a person does on the page: search, expose, ping, remove, and where a page of its own is opened.
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { textOf } from './chromium.ts'
import { aRow, aService, aStatus } from './fake-node.ts'
import { showLivingNetwork } from './living-network.ts'
import { buildPage, openAt, type ServedPage, servedPage } from './served-page.ts'

let served: ServedPage
beforeAll(() => buildPage())
beforeEach(async () => {
  served = await servedPage({ permissions: ['clipboard-read', 'clipboard-write'] })
})
afterEach(async () => {
  const { complaints } = served
  await served.end()
  expect(complaints).toEqual([])
})

const thousands = (count: number) => Array.from({ length: count }, (_, i) => aRow(`n${String(i).padStart(4, '0')}`, { rttMs: i + 1 }))

test('of 5,000 servers those on the screen are drawn, and every one is found', async () => {
  const { page, node } = served
  node.show({ peers: thousands(5_000) })
  await openAt(served)
  const drawn = page.locator('.peers tr[data-peer]')
  await drawn.first().waitFor()
  expect(await drawn.count()).toBeLessThan(60)
  await expect.poll(() => page.locator('.peers').getAttribute('aria-rowcount')).toEqual('5001')
  await page.locator('.table-card .scroll').evaluate((scroll) => scroll.scrollTo(0, scroll.scrollHeight))
  await page.locator('.peers th', { hasText: 'n4999' }).waitFor()
  expect(await drawn.last().getAttribute('aria-rowindex')).toEqual('5001')
  await page.locator('.search input').fill('n1234')
  await page.locator('.peers th', { hasText: 'n1234' }).waitFor()
  expect([await drawn.count(), await textOf(page, '.search [role=status]')]).toEqual([1, '1 of 5000'])
  await page.locator('.search input').fill('')
  await page.locator('.search select').selectOption('offline')
  await page.getByText('Nobody fits that.').waitFor()
})

test('on a phone the table shows who, how near and since when, and the page is no wider', async () => {
  const { page, node } = served
  await page.setViewportSize({ width: 390, height: 800 })
  showLivingNetwork(node)
  await openAt(served)
  await page.locator('.peers tr[data-peer]').first().waitFor()
  expect(await page.locator('.peers thead th:visible').allInnerTexts()).toEqual(['Name', 'RTT ms▴', 'Seen'])
  for (const hash of ['#/', '#/day', '#/map', '#/machines', `#/peer/${aRow('cedar').id}`]) {
    await page.evaluate(`location.hash = '${hash}'`)
    await page.locator('main.page .card').first().waitFor()
    expect([hash, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([hash, 390])
  }
})

test('a service is exposed and ended from the page, and its address is copied', async () => {
  const { page, node } = served
  node.show({ status: aStatus('serving', { services: [aService('web')] }) })
  await openAt(served)
  await page.getByRole('button', { name: 'Copy the address of web' }).click()
  await page.getByText('Copied').waitFor()
  expect(await page.evaluate('navigator.clipboard.readText()')).toEqual('birch.test:20018')
  expect(await page.locator('[data-service=web] .route a').getAttribute('href')).toEqual('http://birch.test:20018')

  await page.getByText('Expose a service').click()
  const said = page.locator('.expose [role=status]')
  await page.getByLabel('Port, or host:port, here').fill('three')
  await page.getByRole('button', { name: 'Expose', exact: true }).click()
  await said.filter({ hasText: 'Write the port that the service listens at' }).waitFor()
  await page.getByLabel('Port, or host:port, here').fill('8080')
  await page.getByLabel('Kind').selectOption('http')
  await page.getByLabel('Domain').fill('app.example.org')
  await page.getByRole('button', { name: 'Expose', exact: true }).click()
  await said.filter({ hasText: 'http-8080 is up at birch.test:20018.' }).waitFor()

  await page.getByRole('button', { name: 'Unexpose web' }).click()
  await page.getByRole('button', { name: 'Keep' }).click()
  await page.getByRole('button', { name: 'Unexpose web' }).click()
  await page.getByRole('button', { name: 'Unexpose', exact: true }).click()
  await page.getByRole('button', { name: 'Unexpose web' }).waitFor()
  expect(node.asked).toEqual([
    ['expose', { name: 'http-8080', kind: 'http', local: '127.0.0.1:8080', domain: 'app.example.org' }, 30_000],
    ['unexpose', 'web'],
  ])
})

test('what is wrong with a service is said with what to do about it', async () => {
  showLivingNetwork(served.node)
  await openAt(served)
  expect(await served.page.locator('[data-error=db]').allInnerTexts()).toEqual([
    'nothing listens at 127.0.0.1:5432\nStart the service at 127.0.0.1:5432, or expose the address it listens at.',
  ])
})

test('a server opens to what is known of it, and is pinged, tested and, once confirmed, removed', async () => {
  const { page, node } = served
  node.show({ peers: [aRow('elm', { via: aRow('birch').id }), aRow('birch')] })
  const elm = aRow('elm').id
  node.tell({ type: 'peer.cleared', peer: elm ?? '', name: 'elm', address: 'elm.test:8088' })
  await openAt(served)
  await page.getByRole('link', { name: 'elm' }).click()
  await page.locator('.peer-page .pairs').waitFor()
  expect(page.url()).toContain(`#/peer/${elm}`)
  expect((await page.locator('.pairs dd').allInnerTexts()).slice(0, 2)).toEqual(['elm.test:8088 Copy', 'through birch'])
  expect(await page.locator('.peer-page .figures tbody tr').first().locator('th, td').allInnerTexts()).toEqual([
    'RTT',
    '10.0 ms',
    expect.stringMatching(/^measured here, \d+ d ago$/),
  ])
  expect(await page.locator('.peer-page .what').allInnerTexts()).toEqual(['elm (elm.test:8088) answers again.'])
  const said = page.locator('[data-said]')
  await page.getByRole('button', { name: 'Ask what it offers' }).click()
  await page.getByText('None for this node.').waitFor()
  await page.getByRole('button', { name: 'Ping now' }).click()
  await said.filter({ hasText: '1.50 ms, the best of 2.' }).waitFor()
  await page.getByRole('button', { name: 'Speed test' }).click()
  await said.filter({ hasText: 'Down: 90 Mbit/s, between 88 and 92. Up: 40 Mbit/s, between 39 and 41.' }).waitFor()
  await page.getByRole('button', { name: 'Pin as TURN' }).click()
  await page.getByRole('button', { name: 'Pin it' }).click()
  await said.filter({ hasText: 'elm is the pinned TURN now.' }).waitFor()
  await page.getByRole('button', { name: 'Unpin' }).click()
  await said.filter({ hasText: 'TURNs are chosen again as the node was started.' }).waitFor()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByRole('button', { name: 'Keep it' }).click()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByRole('button', { name: 'Remove it' }).click()
  await said.filter({ hasText: 'elm.test:8088 is forgotten.' }).waitFor()
  expect(node.asked).toEqual([['ping', elm], ['speedtest', elm], ['pin', elm], ['pin'], ['remove', elm]])
})

test('the map moves as latencies change, and tells the latency between any two', async () => {
  const { page, node } = served
  await page.emulateMedia({ reducedMotion: 'reduce' })
  showLivingNetwork(node)
  await openAt(served, '#/map')
  const distance = (name: string) =>
    page.locator(`[data-dot=${name}]`).evaluate((dot) => {
      const [x = 0, y = 0] = (dot.getAttribute('style')?.match(/-?[\d.]+(?=px)/g) ?? []).map(Number)
      return Math.round(Math.hypot(x, y))
    })
  await page.locator('.at.turn[data-dot=cedar]').waitFor()
  const before = await distance('cedar')
  expect(before).toBeLessThan(await distance('larch'))
  await page.getByLabel('from', { exact: true }).selectOption({ label: 'holly' })
  await page.getByLabel('to', { exact: true }).selectOption({ label: 'larch' })
  await page
    .locator('[data-between]')
    .filter({ hasText: /^about \d+\.\d ms, give or take 12 %$/ })
    .waitFor()
  const peers = node.peers('all').peers.map((row) => (row.name === 'cedar' ? { ...row, rttMs: 90 } : row))
  node.show({ peers })
  await expect.poll(() => distance('cedar'), { timeout: 5_000 }).toBeGreaterThan(before)
})

test('the last day is a bar for each, and a gap tells its story', async () => {
  const { page, node } = served
  showLivingNetwork(node)
  await openAt(served, '#/day')
  await page.locator('[data-series=web]').waitFor()
  expect(await page.locator('.day-line summary .day-name').allInnerTexts()).toEqual(['attic', 'web', 'game', 'db', 'cedar'])
  await page.locator('[data-series=web] summary').click()
  await page.locator('[data-series=web] .gaps').waitFor()
  expect(await page.locator('[data-series=web] .gaps > li').allInnerTexts()).toEqual([
    expect.stringMatching(
      /^\d\d:\d\d degraded for up to a minute\n\d\d:\d\d:01 The TURN alder was lost: connection reset\.\n\d\d:\d\d:01 TURN: cedar \(.*\), least latency of 11\.$/,
    ),
  ])
  await page.locator(`[data-series="${aRow('cedar').id}"] summary`).click()
  await page.getByRole('link', { name: 'Its latency, and all about cedar' }).click()
  await page
    .getByRole('img', { name: /^Latency of cedar over the last 24 hours: 9\.\d+ to 16\.\d ms$/ })
    .locator('canvas')
    .waitFor()
  await page
    .getByRole('img', { name: /^Speed of cedar .*: last down 104, up 66 Mbit\/s$/ })
    .locator('canvas')
    .waitFor()
  expect(await page.locator('.heartbeat .degraded').count()).toEqual(1)
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.locator('[data-service=web] .heartbeat').waitFor()
})

test('what passed for a service over the day stands below its line, and as a chart on the page of the day', async () => {
  const { page, node } = served
  showLivingNetwork(node)
  await openAt(served, '#/')
  const said = 'in 33 MiB, out 988 MiB, 1813 connections of users'
  await page.locator('[data-service=game]').getByText(`last 24 hours: ${said}`).waitFor()
  await page
    .locator('[data-service=game]')
    .getByRole('img', { name: `The traffic of game in the last 24 hours: ${said}` })
    .waitFor()
  expect(await page.locator('[data-service=db] .day-traffic').count()).toEqual(0)
  await page.getByRole('link', { name: '24 hours' }).click()
  await page.locator('[data-series=game] summary').click()
  await page
    .getByRole('img', { name: `Traffic of game over the last 24 hours: ${said}` })
    .locator('canvas')
    .waitFor()
  expect(await page.locator('.day-line .day-traffic').count()).toEqual(2)
})
