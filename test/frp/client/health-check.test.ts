import { describe, expect, test } from 'vitest'
import { watchHealth } from '../../../src/frp/client/health-check.ts'
import type { HealthCheck } from '../../../src/frp/contract.ts'
import type { Link } from '../../../src/frp/links/link.ts'
import { settle } from '../frp-clock.ts'
import { echo, World } from '../frp-world.ts'

const LOCAL = '127.0.0.1:80'
const HTTP: HealthCheck = { type: 'http', path: '/health' }

/** A service that answers the request with `answer`, in two pieces, and ends. */
const answering = (answer: string) => (link: Link) => {
  link.on('error', () => {})
  link.on('data', () => {
    link.write(Buffer.from(answer.slice(0, 5)))
    link.write(Buffer.from(answer.slice(5)))
    link.end()
  })
  link.on('end', () => link.end())
}

function watching(check: HealthCheck, world = new World()) {
  const said: (string | null)[] = []
  const stop = watchHealth({
    clock: world.clock,
    dialLocal: world.dialLocal,
    check,
    local: LOCAL,
    onChange: (why) => said.push(why === null ? null : `${world.clock.now()} ms: ${why}`),
  })
  return { world, said, stop }
}

describe('one check', () => {
  test.each([
    ['HTTP/1.1 200 OK\r\n\r\n', null],
    ['HTTP/1.0 204 No Content\n\n', null],
    ['HTTP/1.1 299', null],
    ['HTTP/1.1 404 Not Found\r\n\r\n', '0 ms: GET /health was answered with 404'],
    ['HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n', '0 ms: GET /health was answered with 302'],
    ['SSH-2.0-OpenSSH\r\n', '0 ms: GET /health was not answered with HTTP'],
    [`HTTP/1.1 ${'x'.repeat(2000)}`, '0 ms: GET /health was not answered with HTTP'],
    ['HTTP/', '0 ms: GET /health was not answered with HTTP'],
  ])('an answer of %j says: %s', async (answer, why) => {
    const world = new World()
    world.service = answering(answer)
    const { said, stop } = watching(HTTP, world)
    await settle()
    stop()
    await settle()
    expect([said, world.openLinks, world.clock.timerCount]).toEqual([[why], 0, 0])
  })

  test('asks for its path, at the address of the service', async () => {
    const world = new World()
    let asked = ''
    world.service = (link) => {
      link.on('error', () => {})
      link.on('data', (bytes) => {
        asked += bytes.toString()
      })
    }
    const { stop } = watching(HTTP, world)
    await settle()
    stop()
    expect(asked).toEqual('GET /health HTTP/1.1\r\nHost: 127.0.0.1:80\r\nUser-Agent: moonwalk\r\nConnection: close\r\n\r\n')
  })

  test('a service that accepts and stays silent fails the check by HTTP after 3 s, and passes the one by connecting', async () => {
    const world = new World()
    world.service = (link) => {
      link.on('error', () => {})
      link.on('data', () => {})
      link.on('end', () => link.end())
    }
    const http = watching(HTTP, world)
    const tcp = watching({ type: 'tcp' }, world)
    await world.clock.advance(3_000)
    expect([http.said, tcp.said]).toEqual([[`3000 ms: ${LOCAL} did not answer its check within 3 s`], [null]])
    http.stop()
    tcp.stop()
    await settle()
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })

  test('a dial that hangs is given up after 3 s, and what it brings later is ended', async () => {
    const world = new World()
    let answer = (): void => {}
    const said: (string | null)[] = []
    const stop = watchHealth({
      clock: world.clock,
      dialLocal: (target, reader) => new Promise((resolve) => (answer = () => void world.dialLocal(target, reader).then(resolve))),
      check: { type: 'tcp' },
      local: LOCAL,
      onChange: (why) => said.push(why),
    })
    await world.clock.advance(3_000)
    const late = answer
    stop()
    world.service = (link) => {
      link.on('error', () => {})
      link.on('data', () => {})
      link.on('end', () => link.end())
    }
    late()
    await settle()
    expect([said, world.openLinks, world.clock.timerCount]).toEqual([[`${LOCAL} did not answer its check within 3 s`], 0, 0])
  })
})

test('changes are told, at most one check every 10 s', async () => {
  const { world, said, stop } = watching({ type: 'tcp' })
  await world.clock.advance(25_000)
  world.localFails = true
  await world.clock.advance(25_000)
  world.localFails = false
  await world.clock.advance(15_000)
  stop()
  expect(said).toEqual([null, `30000 ms: ${LOCAL} can't be connected to: connection refused`, null])
  expect(world.links.length / 2).toEqual(4) // the others found nobody
})

describe('a proxy with a check', () => {
  test('is registered once its service lives, withdrawn while it does not, and has its port back', async () => {
    const world = new World()
    world.localFails = true
    const { client, told, port } = await world.serving({ healthCheck: { type: 'tcp' } })
    expect([port, world.ports.size]).toEqual([0, 0])
    world.localFails = false
    await world.clock.advance(10_000)
    const [taken = 0] = world.ports.keys()
    const user = world.user(taken)
    user?.link.write(Buffer.from('hello'))
    await settle()
    expect(user?.text).toEqual('hello')
    world.localFails = true
    await world.clock.advance(10_000)
    expect([world.ports.size, user?.closed]).toEqual([0, true])
    world.localFails = false
    await world.clock.advance(10_000)
    expect([...world.ports.keys()]).toEqual([taken])
    const why = "127.0.0.1:80 can't be connected to: connection refused"
    expect(told.filter(({ type }) => type.startsWith('client.proxy'))).toEqual([
      { type: 'client.proxyUnhealthy', proxy: 'web', why },
      { type: 'client.proxyStarted', proxy: 'web', remoteAddr: `:${taken}` },
      { type: 'client.proxyUnhealthy', proxy: 'web', why },
      { type: 'client.proxyStarted', proxy: 'web', remoteAddr: `:${taken}` },
    ])
    client.end('done')
    await settle()
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })

  test('is checked no more once it is closed or refused', async () => {
    const world = new World()
    world.service = echo
    const { client } = await world.serving({ healthCheck: { type: 'tcp' } })
    const refused = await world.serving({ name: 'low', remotePort: 80, healthCheck: { type: 'tcp' } })
    expect(refused.told.at(-1)).toEqual({ type: 'client.proxyRefused', proxy: 'low', error: 'port not allowed' })
    client.closeProxy('web')
    await settle()
    const before = world.links.length
    await world.clock.advance(60_000)
    expect(world.links.length).toEqual(before)
  })
})
