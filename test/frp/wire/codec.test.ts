import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeMessage, MAX_BODY_BYTES, MessageReader, type Read } from '../../../src/frp/wire/codec.ts'
import type { Message, Outgoing } from '../../../src/frp/wire/messages.ts'

const frame = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(9)
  head[0] = type.charCodeAt(0)
  head.writeBigInt64BE(BigInt(Buffer.byteLength(body)), 1)
  return Buffer.concat([head, Buffer.from(body)])
}

function read(...pieces: readonly Buffer[]): { readonly messages: readonly Message[]; readonly end: Read } {
  const reader = new MessageReader()
  const messages: Message[] = []
  let end: Read = { type: 'more' }
  for (const piece of pieces) {
    reader.push(piece)
    for (end = reader.next(); end.type === 'message'; end = reader.next()) messages.push(end.message)
    if (end.type === 'fault') break
  }
  return { messages, end }
}

const LOGIN: Outgoing = {
  type: 'login',
  version: '0.45.0',
  privilegeKey: 'e37729af62f40f134311cffbc230178e',
  timestamp: 1_700_000_000,
  poolCount: 1,
}

describe('a frame', () => {
  test.each<[string, Outgoing, string]>([
    [
      'login',
      { ...LOGIN, os: 'linux', arch: 'amd64' },
      '6f00000000000000897b2276657273696f6e223a22302e34352e30222c226f73223a226c696e7578222c2261726368223a22616d643634222c2270726976696c6567655f6b6579223a226533373732396166363266343066313334333131636666626332333031373865222c2274696d657374616d70223a313730303030303030302c22706f6f6c5f636f756e74223a317d',
    ],
    [
      'login answer',
      { type: 'loginResp', version: '0.45.0', runId: '0123456789abcdef' },
      '3100000000000000307b2276657273696f6e223a22302e34352e30222c2272756e5f6964223a2230313233343536373839616263646566227d',
    ],
    ['request for work', { type: 'reqWorkConn' }, '7200000000000000027b7d'],
    ['ping', { type: 'ping' }, '6800000000000000027b7d'],
    ['pong', { type: 'pong' }, '3400000000000000027b7d'],
    [
      'work',
      { type: 'newWorkConn', runId: '0123456789abcdef' },
      '77000000000000001d7b2272756e5f6964223a2230313233343536373839616263646566227d',
    ],
    [
      'proxy',
      { type: 'newProxy', proxyName: 'web', proxyType: 'tcp', remotePort: 6000 },
      '70000000000000003a7b2270726f78795f6e616d65223a22776562222c2270726f78795f74797065223a22746370222c2272656d6f74655f706f7274223a363030307d',
    ],
    [
      'start',
      { type: 'startWorkConn', proxyName: 'web', srcAddr: '203.0.113.9', dstAddr: '192.0.2.1', srcPort: 40_000, dstPort: 6000 },
      '7300000000000000657b2270726f78795f6e616d65223a22776562222c227372635f61646472223a223230332e302e3131332e39222c226473745f61646472223a223139322e302e322e31222c227372635f706f7274223a34303030302c226473745f706f7274223a363030307d',
    ],
    [
      'datagram',
      { type: 'udpPacket', content: 'aGk=', remote: { host: '203.0.113.9', port: 40_000 } },
      '75000000000000003c7b2263223a2261476b3d222c2272223a7b224950223a223230332e302e3131332e39222c22506f7274223a34303030302c225a6f6e65223a22227d7d',
    ],
  ])('of a %s is what stock frp writes', (_, message, hex) => {
    expect(encodeMessage(message).toString('hex')).toEqual(hex)
    expect(encodeMessage(read(encodeMessage(message)).messages[0] ?? { type: 'ping' }).toString('hex')).toEqual(hex)
  })
})

describe('a reader', () => {
  const login = { clientId: '', hostname: '', os: '', arch: '', user: '', runId: '', metas: {} }

  test('fills in what is missing', () => {
    expect(read(frame('o', '{}'), frame('p', 'null'))).toEqual({
      messages: [
        { type: 'login', ...login, version: '', privilegeKey: '', timestamp: 0, poolCount: 0 },
        {
          type: 'newProxy',
          proxyName: '',
          proxyType: '',
          useEncryption: false,
          useCompression: false,
          bandwidthLimit: '',
          bandwidthLimitMode: '',
          group: '',
          groupKey: '',
          metas: {},
          remotePort: 0,
          customDomains: [],
          subdomain: '',
          locations: [],
          httpUser: '',
          httpPwd: '',
          hostHeaderRewrite: '',
          headers: {},
          responseHeaders: {},
          routeByHttpUser: '',
        },
      ],
      end: { type: 'more' },
    })
  })

  test('knows keys in any case, takes null as empty and ignores what it does not know', () => {
    const body =
      '{"VERSION":"1","Privilege_Key":"k","TimeStamp":7,"user":null,"metas":{"a":"b"},"client_spec":{"type":1},"__proto__":{"os":"x"}}'
    expect(read(frame('o', body))).toEqual({
      messages: [{ type: 'login', ...login, version: '1', privilegeKey: 'k', timestamp: 7, metas: { a: 'b' }, poolCount: 0 }],
      end: { type: 'more' },
    })
  })

  test.each([
    ['a type that is not known', Buffer.from([0x21]), 'unknown message type 33'],
    ['a length below zero', Buffer.from('6fffffffffffffffff', 'hex'), 'message of -1 bytes'],
    ['a length over the limit', Buffer.from('6f0000000000002801', 'hex'), 'message of 10241 bytes'],
    ['a length over all limits', Buffer.from('6f7fffffffffffffff', 'hex'), 'message of 9223372036854775807 bytes'],
    ['an empty body', frame('h', ''), 'malformed ping'],
    ['no JSON', frame('h', '{'), 'malformed ping'],
    ['a list', frame('h', '[]'), 'malformed ping'],
    ['a number for a text', frame('o', '{"version":1}'), 'malformed login'],
    ['a text for a number', frame('o', '{"timestamp":"1"}'), 'malformed login'],
    ['a fraction', frame('p', '{"remote_port":1.5}'), 'malformed newProxy'],
    ['a port beyond 65535', frame('s', '{"src_port":65536}'), 'malformed startWorkConn'],
    ['a number for a flag', frame('p', '{"use_encryption":1}'), 'malformed newProxy'],
    ['a number in a map', frame('o', '{"metas":{"a":1}}'), 'malformed login'],
    ['a number in a list', frame('p', '{"custom_domains":[1]}'), 'malformed newProxy'],
    ['a bad address', frame('u', '{"r":{"IP":"::1","Port":-1}}'), 'malformed udpPacket'],
  ])('drops %s', (_, bytes, text) => {
    expect(read(frame('4', '{}'), bytes)).toEqual({ messages: [{ type: 'pong', error: '' }], end: { type: 'fault', text } })
  })

  test('takes the longest body there may be', () => {
    const version = 'v'.repeat(MAX_BODY_BYTES - '{"version":""}'.length)
    expect(read(frame('1', `{"version":"${version}"}`)).messages).toEqual([
      { type: 'loginResp', version, runId: '', error: '', moonwalk: '', moonwalkDatagrams: 0, moonwalkPorts: '' },
    ])
  })

  test('stops exactly behind a message', () => {
    const reader = new MessageReader()
    reader.push(Buffer.concat([frame('4', '{}'), Buffer.from('rest')]))
    expect(reader.next()).toEqual({ type: 'message', message: { type: 'pong', error: '' } })
    expect(reader.takeRest()?.toString()).toEqual('rest')
    expect([reader.heldBytes, reader.takeRest()]).toEqual([0, null])
  })

  test('gives the same messages however the bytes are cut', () => {
    const sent: Outgoing[] = [LOGIN, { type: 'reqWorkConn' }, { type: 'closeProxy', proxyName: 'ü "\n' }, { type: 'pong', error: 'e' }]
    const bytes = Buffer.concat(sent.map(encodeMessage))
    const whole = read(bytes)
    expect(whole.messages.map(encodeMessage)).toEqual(sent.map(encodeMessage))
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        expect(read(...cutAt(bytes, cuts))).toEqual(whole)
      }),
    )
  })

  test('survives any garbage', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) =>
        ['more', 'fault'].includes(read(...pieces.map(Buffer.from)).end.type),
      ),
    )
  })
})

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}
