// What the page says when the node falls silent, ends, is restarted or is another one, and what a person finds again afterwards.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { textOf } from './chromium.ts'
import { aRow, aService, aStatus, STARTED_AT } from './fake-node.ts'
import { buildPage, openAt, type ServedPage, serve, servedPage } from './served-page.ts'

/** Within this the page says that something is wrong, and that it is well again. */
const SOON = { timeout: 3_000 }
const REACHED = { address: '203.0.113.9:8088', reachability: 'public' } as const

let served: ServedPage
beforeAll(() => buildPage())
beforeEach(async () => {
  served = await servedPage()
  served.node.show({ status: aStatus('serving', { services: [aService('web')] }, REACHED), peers: [aRow('elm'), aRow('birch')] })
})
afterEach(() => served.end())

const restart = async (token = 'the-token'): Promise<void> => {
  const address = `127.0.0.1:${served.server.port}`
  await served.server.close()
  served.server = await serve(served.node, address, token)
}
const linkIs = (type: string) => served.page.locator(`[data-link=${type}]`).waitFor(SOON)

/** How many elements of the page are coloured green. */
const greens = () =>
  served.page.evaluate(`(() => {
    const isGreen = (css) => { const [r, g, b, a = 1] = (css.match(/[\\d.]+/g) ?? []).map(Number); return a > 0 && g > 1.25 * r && g > 1.25 * b && g > 60 }
    return [...document.querySelectorAll('body *')].filter((one) => {
      const { color, backgroundColor, borderLeftColor, borderLeftWidth, fill, stroke } = getComputedStyle(one)
      return isGreen(color) || isGreen(backgroundColor) || (borderLeftWidth !== '0px' && isGreen(borderLeftColor)) || isGreen(fill) || isGreen(stroke)
    }).length
  })()`)

test('a node that is restarted is noticed, and the page goes on where it was', async () => {
  await openAt(served)
  await served.page.locator('.search input').fill('birch')
  await served.page.locator('.counts').waitFor()
  served.node.show({ status: aStatus('serving', {}, { ...REACHED, startedAt: '2026-01-02T05:00:00.000Z' }) })
  await restart()
  await served.page.locator('.notice').waitFor(SOON)
  await linkIs('live')
  expect(await textOf(served.page, '.notice')).toMatch(/^The node was restarted; nothing came from it for \d s\./)
  expect(await served.page.locator('.peers tbody th').allInnerTexts()).toEqual(['birch'])
  await served.page.reload()
  await linkIs('live')
  expect(await served.page.locator('.peers tbody th').allInnerTexts()).toEqual(['birch'])
})

test('another node at the same place is noticed by its key', async () => {
  await openAt(served)
  served.node.show({ status: aStatus('serving', {}, { ...REACHED, id: 'cd'.repeat(16), startedAt: STARTED_AT }) })
  await restart()
  await served.page.locator('.notice').waitFor(SOON)
  expect(await textOf(served.page, '.notice')).toMatch(
    /^Another node answers here now: ash \(cdcdcdcd\) in place of ash \(abababab\), after \d s\./,
  )
})

test('a node with another token is noticed, and what to do is said', async () => {
  await openAt(served)
  await restart('another-token')
  await linkIs('locked')
  expect(await textOf(served.page, '.sentence')).toContain('open the link that “moonwalk dashboard” prints')
})

test.each([
  ['an outage', 'bad'],
  ['a page that hears nothing', 'stale'],
])('nothing on any page is green in %s', async (_, tone) => {
  const states = { node: ['tunnelling', 'tunnelling.up'] }
  served.node.show({ states })
  served.node.tell({ type: 'service.up', service: 'web', public: 'x.test:1' })
  await openAt(served)
  expect(await greens()).not.toEqual(0)
  if (tone === 'stale') await served.server.close()
  else served.node.show({ status: aStatus('selectingTurn', { services: [{ ...aService('web'), state: 'down', public: null }] }) })
  await served.page.locator(`[data-tone=${tone}]`).waitFor({ ...SOON, state: 'attached' })
  for (const hash of ['#/', '#/day', '#/map', ...(tone === 'stale' ? [] : ['#/machines']), `#/peer/${aRow('elm').id}`]) {
    await served.page.evaluate(`location.hash = '${hash}'`)
    await served.page.locator('main.page').waitFor()
    if (hash === '#/machines') await served.page.locator('svg .active').first().waitFor()
    await expect.poll(greens, SOON).toEqual(0)
  }
})

test('a node that falls silent is noticed while its connection stands, and so is its voice', async () => {
  const way = await createWay(served.server.port)
  await served.page.goto(`http://127.0.0.1:${way.port}/#token=the-token`)
  await linkIs('live')
  way.hold()
  const heldAt = Date.now()
  await linkIs('silent')
  expect(Date.now() - heldAt).toBeLessThan(3_500)
  expect(await textOf(served.page, '.sentence')).toMatch(
    /^No answer from the node: nothing since \d\d:\d\d:\d\d \(\d s\)\. What you see is from then\.$/,
  )
  way.release()
  await linkIs('live')
  expect(await textOf(served.page, '.sentence')).toEqual('Reachable at 203.0.113.9:8088 directly; service web is up.')
  await way.end()
})

/** A way to a port that can be held: bytes then wait, and no connection ends. */
async function createWay(port: number) {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const one of [near, far]) {
      sockets.add(one)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        sockets.delete(one)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    hold: () => {
      for (const one of sockets) one.cork()
    },
    release: () => {
      for (const one of sockets) one.uncork()
    },
    end: async () => {
      for (const one of sockets) one.destroy()
      await new Promise((settle) => server.close(settle))
    },
  }
}
