// What a proxy asks for, as it goes over the wire and out at the other end.
import { describe, expect, test } from 'vitest'
import type { MessageOf, Outgoing } from '../../../src/frp/wire/messages.ts'
import { settle } from '../frp-clock.ts'
import { World } from '../frp-world.ts'
import { login, RawEnd } from '../raw-end.ts'
import { atRawTurn } from '../raw-turn.ts'
import { UdpNet } from '../udp-net.ts'

describe('the PROXY protocol', () => {
  test.each([
    ['plain', {}],
    ['coded and limited', { useEncryption: true, useCompression: true, limit: '1MB' }],
  ])('%s: the local service hears the header, and then the user', async (_, spec) => {
    const world = new World()
    let heard = ''
    world.service = (link) => {
      link.on('error', () => {})
      link.on('data', (bytes) => {
        heard += bytes.toString()
      })
    }
    const { told, port } = await world.serving({ proxyProtocol: 'v1', ...spec })
    const user = world.user(port)
    user?.link.write(Buffer.from('hello'))
    await settle()
    const from = told.find((fact) => fact.type === 'client.served')?.from.split(':')[1]
    expect(heard).toMatch(new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 ${from} \\d+\r\nhello$`))
  })

  async function served(started: Partial<MessageOf<'startWorkConn'>>): Promise<string> {
    const { world, admit, work } = await atRawTurn({}, [{ proxyProtocol: 'v1' }])
    await admit()
    let heard = ''
    world.service = (link) => {
      link.on('error', () => {})
      link.on('data', (bytes) => {
        heard += bytes.toString()
      })
    }
    const stream = await work(started)
    stream.stream.write(Buffer.from('hello'))
    await settle()
    return heard
  }

  test.each([
    [
      { srcAddr: '203.0.113.9', srcPort: 40_000, dstAddr: '192.0.2.1', dstPort: 6000 },
      'PROXY TCP4 203.0.113.9 192.0.2.1 40000 6000\r\nhello',
    ],
    [{ srcAddr: '203.0.113.9', srcPort: 40_000 }, 'PROXY TCP4 203.0.113.9 127.0.0.1 40000 0\r\nhello'],
    [{ srcAddr: '2001:db8::9', srcPort: 40_000 }, 'PROXY TCP6 2001:db8::9 ::ffff:127.0.0.1 40000 0\r\nhello'],
    [{ dstAddr: '192.0.2.1', dstPort: 6000 }, 'hello'],
    [{ srcAddr: '203.0.113.9' }, 'hello'],
  ])('a user announced as %j', async (started, heard) => expect(await served(started)).toEqual(heard))

  test("datagrams: each user's first one has the header in front, and again once its socket was closed", async () => {
    const net = new UdpNet()
    const { openDatagrams } = net
    const world = new World({ openDatagrams })
    const heard: string[] = []
    await openDatagrams('127.0.0.1:53', (bytes) => heard.push(bytes.toString('hex')))
    const spec = { name: 'dns', type: 'udp', local: '127.0.0.1:53', proxyProtocol: 'v2' } as const
    const { port } = await world.serving(spec, { openDatagrams })
    await world.clock.advance(0)
    const socket = await openDatagrams('127.0.0.1:0', () => {})
    if (socket.type === 'failed') throw new Error(socket.text)
    const ask = async (): Promise<void> => {
      socket.send(Buffer.from('?'), { host: '127.0.0.1', port })
      await settle()
    }
    await ask()
    await ask()
    await world.clock.advance(30_000)
    await ask()
    const source = socket.port.toString(16).padStart(4, '0')
    const header = `0d0a0d0a000d0a515549540a2112000c7f0000017f000001${source}0035`
    expect(heard).toEqual([`${header}3f`, '3f', `${header}3f`])
  })
})

test('NewProxy says what was asked for, as stock frpc writes it', async () => {
  const { control, admit } = await atRawTurn({}, [
    { name: 'a', limit: '500KB', limitMode: 'client', group: { name: 'g', key: 'k' }, remotePort: 6000 },
    { name: 'b', limit: '1MB', limitMode: 'server', proxyProtocol: 'v2' },
  ])
  await admit()
  const domains = { customDomains: [], subdomain: '', locations: [], routeByHttpUser: '' }
  const rules = { httpUser: '', httpPwd: '', hostHeaderRewrite: '', headers: {}, responseHeaders: {} }
  const empty = { useEncryption: false, useCompression: false, metas: {}, ...domains, ...rules }
  const asked = { type: 'newProxy', proxyType: 'tcp', ...empty, group: '', groupKey: '' }
  expect(control.heard.filter(({ type }) => type === 'newProxy')).toEqual([
    { ...asked, proxyName: 'a', bandwidthLimit: '500KB', bandwidthLimitMode: '', group: 'g', groupKey: 'k', remotePort: 6000 },
    { ...asked, proxyName: 'b', bandwidthLimit: '1MB', bandwidthLimitMode: 'server', remotePort: 0 },
  ])
})

describe('what a client is told, in the words of frp 0.45', () => {
  const opened = { type: 'newProxy', proxyName: 'first', remotePort: 6000 } as const
  type Asked = Omit<Extract<Outgoing, { type: 'newProxy' }>, 'type'>
  const datagrams = { openDatagrams: new UdpNet().openDatagrams }

  test.each<[string, Asked, string, ConstructorParameters<typeof World>[0]?]>([
    ['a port that another proxy has', { proxyName: 'p', remotePort: 6000 }, 'port already used'],
    ['a port outside of what is allowed', { proxyName: 'p', remotePort: 80 }, 'port not allowed'],
    [
      'a port between two ranges',
      { proxyName: 'p', remotePort: 6005 },
      'port not allowed',
      {
        allowPorts: [
          { first: 6000, last: 6004 },
          { first: 6006, last: 7000 },
        ],
      },
    ],
    [
      'a port in the second range',
      { proxyName: 'p', remotePort: 6006 },
      '',
      {
        allowPorts: [
          { first: 6000, last: 6004 },
          { first: 6006, last: 7000 },
        ],
      },
    ],
    ['a negative port', { proxyName: 'p', remotePort: -1 }, 'port not allowed'],
    ['a port beyond all ports', { proxyName: 'p', remotePort: 65_536 }, 'port not allowed', { allowPorts: { first: 1, last: 70_000 } }],
    ['a port that is busy outside of frp', { proxyName: 'p', remotePort: 6001 }, 'port unavailable'],
    ['any port where none is free', { proxyName: 'p' }, 'no available port', { ports: { first: 6001, last: 6001 } }],
    [
      'a udp port that another proxy has',
      { proxyName: 'p', proxyType: 'udp', remotePort: 6002 },
      'acquire port 6002 error: port already used',
      datagrams,
    ],
    [
      'a udp port that is not allowed',
      { proxyName: 'p', proxyType: 'udp', remotePort: 80 },
      'acquire port 80 error: port not allowed',
      datagrams,
    ],
    [
      'a udp port that is busy outside of frp',
      { proxyName: 'p', proxyType: 'udp', remotePort: 6003 },
      'acquire port 6003 error: port unavailable',
      { openDatagrams: async () => ({ type: 'failed', text: 'address in use' }) },
    ],
    [
      'any udp port where none is free',
      { proxyName: 'p', proxyType: 'udp' },
      'acquire port 0 error: no available port',
      { openDatagrams: async () => ({ type: 'failed', text: 'address in use' }) },
    ],
    ['a name that is taken', { proxyName: 'first', remotePort: 6004 }, 'proxy name [first] is already in use'],
    ['a name and a port that are taken', { proxyName: 'first', remotePort: 6000 }, 'port already used'],
    ['more ports than it may have', { proxyName: 'p' }, 'exceed the max_ports_per_client', { maxPortsPerClient: 1 }],
    ['http', { proxyName: 'p', proxyType: 'http' }, 'type [http] not support when vhost_http_port is not set'],
    ['https', { proxyName: 'p', proxyType: 'https' }, 'type [https] not support when vhost_https_port is not set'],
    ['a type that nobody knows', { proxyName: 'p', proxyType: 'carrier-pigeon' }, 'proxy [p] type [carrier-pigeon] error'],
    ['a limit that is none', { proxyName: 'p', bandwidthLimit: 'fast' }, 'bandwidth_limit "fast" is not a number of KB or MB, such as 1MB'],
    [
      'nobody to keep the limit',
      { proxyName: 'p', bandwidthLimit: '1MB', bandwidthLimitMode: 'us' },
      'bandwidth_limit_mode "us" is neither client nor server',
    ],
    ['neither name nor type', {}, ''],
  ])('%s', async (_, asked, error, options) => {
    const world = new World(options)
    world.busy.add(6001)
    const control = new RawEnd(world.toTurn(), world.clock, true).open()
    control.say(login({ runId: 'r' }))
    await settle()
    control.secure(world.clock)
    control.say(opened)
    if (asked.proxyType === 'udp') control.say({ ...opened, proxyName: 'datagrams', proxyType: 'udp', remotePort: 6002 })
    control.say({ type: 'newProxy', ...asked })
    await settle()
    const answers = control.heard.flatMap((message) => (message.type === 'newProxyResp' ? [message.error] : []))
    expect(answers.at(-1)).toEqual(error)
  })
})
