import { describe, expect, test } from 'vitest'
import {
  framingOf,
  type HttpRules,
  informationalHeaders,
  isAuthorized,
  NO_RULES,
  requestHeaders,
  responseHeaders,
  rulesOf,
  trailerHeaders,
} from '../../../src/frp/web/http-rules.ts'
import { type MessageOf, parseBody } from '../../../src/frp/wire/messages.ts'

/** A NewProxy as it comes from a client. */
function asked(body: object): MessageOf<'newProxy'> {
  const message = parseBody('newProxy', JSON.stringify(body))
  if (message?.type !== 'newProxy') throw new Error('not a NewProxy')
  return message
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

describe('a name and a password', () => {
  const ann: HttpRules = { ...NO_RULES, user: 'ann', password: 'a:b' }
  test.each([
    ['nobody is asked', NO_RULES, '', true],
    ['the right ones', ann, basic('ann:a:b'), true],
    ['the word in any case', ann, basic('ann:a:b').replace('Basic', 'bAsIc'), true],
    ['none', ann, '', false],
    ['another password', ann, basic('ann:a'), false],
    ['another name', ann, basic('bob:a:b'), false],
    ['no colon', ann, basic('ann'), false],
    ['another scheme', ann, basic('ann:a:b').replace('Basic', 'Bearer'), false],
    ['what is no base64', ann, 'Basic ***', false],
    ['a password alone', { ...NO_RULES, password: 'x' }, basic(':x'), true],
    ['letters beyond ASCII', { ...NO_RULES, user: 'zoë', password: 'é' }, basic('zoë:é'), true],
  ])('%s', (_, rules, authorization, passes) => expect(isAuthorized(rules, authorization)).toEqual(passes))
})

test.each([
  [[], { type: 'none' }],
  [['Content-Length', '5'], { type: 'length', text: '5' }],
  [['transfer-encoding', 'Chunked'], { type: 'chunked' }],
  [['Transfer-Encoding', 'gzip, chunked'], { type: 'unknown' }],
  [['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'], { type: 'unknown' }],
  [['Content-Length', '5', 'Transfer-Encoding', 'chunked'], { type: 'chunked' }],
])('a body told by %j', (raw, framing) => expect(framingOf(raw)).toEqual(framing))

describe('the headers of a request', () => {
  const question = { host: 'web.example.org', from: '192.0.2.1', tls: false, method: 'GET', upgrade: null, expectsContinue: false }
  const told = ['X-Forwarded-For', '192.0.2.1', 'X-Forwarded-Host', 'web.example.org', 'X-Forwarded-Proto', 'http']
  const close = ['Connection', 'close']
  test.each([
    [
      'lose what is for the next one only',
      ['Keep-Alive', '1', 'TE', 'x', 'Trailer', 'x', 'Proxy-Connection', 'x', 'Upgrade', 'h2c', 'Proxy-Authorization', 'x', 'Accept', 'a'],
      NO_RULES,
      ['Host', 'web.example.org', 'Accept', 'a', ...told, ...close],
    ],
    [
      'lose what Connection names',
      ['Connection', 'X-One , x-two', 'X-One', '1', 'X-TWO', '2', 'connection', 'x-three', 'X-Three', '3', 'X-Four', '4'],
      NO_RULES,
      ['Host', 'web.example.org', 'X-Four', '4', ...told, ...close],
    ],
    [
      'keep what is said of headers behind the body, where chunks can carry them',
      ['Trailer', 'X-Sum', 'TE', 'gzip, trailers;q=1', 'TE', 'Trailers', 'Transfer-Encoding', 'chunked'],
      NO_RULES,
      ['Host', 'web.example.org', 'Trailer', 'X-Sum', ...told, 'Transfer-Encoding', 'chunked', 'TE', 'trailers', 'Connection', 'close, TE'],
    ],
    [
      'keep the way a request has come',
      ['X-Forwarded-For', '203.0.113.1', 'x-forwarded-for', '203.0.113.2'],
      NO_RULES,
      ['Host', 'web.example.org', 'X-Forwarded-For', '203.0.113.1, 203.0.113.2, 192.0.2.1', ...told.slice(2), ...close],
    ],
    [
      'believe nothing else of it',
      ['X-Forwarded-Host', 'a.org', 'X-Forwarded-Proto', 'https', 'Forwarded', 'for=x'],
      NO_RULES,
      ['Host', 'web.example.org', ...told, ...close],
    ],
    ['keep their body’s length', ['Content-Length', '5'], NO_RULES, ['Host', 'web.example.org', ...told, 'Content-Length', '5', ...close]],
    ['have Host rewritten', ['Host', 'web.example.org'], { ...NO_RULES, hostRewrite: 'inner' }, ['Host', 'inner', ...told, ...close]],
    [
      'have others set, Host among them',
      ['X-A', '1', 'x-a', '2'],
      { ...NO_RULES, hostRewrite: 'inner', headers: { 'x-A': '3', host: 'last' } },
      ['Host', 'last', ...told, 'x-A', '3', ...close],
    ],
  ])('%s', (_, raw, rules, headers) => expect(requestHeaders({ ...question, raw }, rules)).toEqual(headers))

  test('say that the user waits for `100 Continue`', () =>
    expect(
      requestHeaders({ ...question, raw: ['Expect', '100-Continue', 'Content-Length', '5'], expectsContinue: true }, NO_RULES),
    ).toEqual([...['Host', 'web.example.org', ...told, 'Content-Length', '5', 'Expect', '100-continue', ...close]]))

  test('say what protocol a connection is to be handed over to', () => {
    const raw = ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', 'k']
    expect(requestHeaders({ ...question, raw, tls: true, upgrade: 'websocket' }, NO_RULES)).toEqual([
      ...['Host', 'web.example.org', 'Sec-WebSocket-Key', 'k', ...told.slice(0, 5), 'https'],
      ...['Connection', 'Upgrade', 'Upgrade', 'websocket'],
    ])
  })
})

test.each([
  [
    'stay as they came',
    ['Set-Cookie', 'a', 'set-cookie', 'b', 'Content-Length', '5'],
    {},
    ['Set-Cookie', 'a', 'set-cookie', 'b', 'Content-Length', '5'],
  ],
  [
    'lose what is for the next one only',
    ['Connection', 'close, x-a', 'X-A', '1', 'Keep-Alive', 't', 'Transfer-Encoding', 'chunked', 'ETag', 'e'],
    {},
    ['ETag', 'e'],
  ],
  ['keep the names of headers behind chunks', ['Transfer-Encoding', 'chunked', 'Trailer', 'X-Sum'], {}, ['Trailer', 'X-Sum']],
  ['lose the names of headers behind a length', ['Content-Length', '5', 'Trailer', 'X-Sum'], {}, ['Content-Length', '5']],
  ['lose a length that chunks contradict', ['Content-Length', '5', 'Transfer-Encoding', 'chunked'], {}, []],
  ['keep a length that Connection names', ['Connection', 'content-length', 'Content-Length', '5'], {}, ['Content-Length', '5']],
  ['are set', ['Server', 'theirs'], { server: 'ours' }, ['server', 'ours']],
])('the headers of an answer %s', (_, raw, rules, headers) =>
  expect(responseHeaders(raw, { ...NO_RULES, responseHeaders: rules })).toEqual(headers),
)

test('the headers of an answer of the 1xx kind are those that are for the user', () =>
  expect(informationalHeaders(['Link', '</a>', 'Connection', 'x-a', 'X-A', '1', 'Content-Length', '5'])).toEqual(['Link', '</a>']))

test('headers behind a body say nothing of where it ends, for whom it is or from whom, and nothing that a rule has set', () => {
  const harmless = ['X-Sum', '9', 'x-sum', '8', 'Server-Timing', 'a']
  const others = [
    'Content-Length',
    '5',
    'Transfer-Encoding',
    'chunked',
    'Host',
    'x',
    'Authorization',
    'x',
    'Set-Cookie',
    'x',
    'Trailer',
    'x',
  ]
  const ruled = ['X-Real-User', 'root', 'server', 'mine']
  const rules = { ...NO_RULES, headers: { 'X-Real-User': 'ann' }, responseHeaders: { Server: 'moon' } }
  expect(trailerHeaders([...others, ...harmless, ...ruled, 'X-Forwarded-For', 'x'], rules)).toEqual(harmless)
})

describe('the rules of a proxy', () => {
  test('are read from the request', () =>
    expect(
      rulesOf(asked({ http_user: 'u', http_pwd: 'p', host_header_rewrite: 'h', headers: { a: 'b' }, response_headers: { c: 'd' } })),
    ).toEqual({ user: 'u', password: 'p', hostRewrite: 'h', headers: { a: 'b' }, responseHeaders: { c: 'd' } }))

  test.each([
    [{ route_by_http_user: 'ann' }, 'route_by_http_user is not supported'],
    [{ host_header_rewrite: 'a\r\nX: y' }, 'host_header_rewrite is no header value'],
    [{ headers: { 'a b': 'c' } }, 'header [a b] is not valid'],
    [{ headers: { a: 'b\n' } }, 'header [a] is not valid'],
    [{ response_headers: { '': 'b' } }, 'header [] is not valid'],
    [{ response_headers: { 'Content-Length': '3' } }, "header [Content-Length] can't be set"],
    [{ headers: { 'transfer-encoding': 'chunked' } }, "header [transfer-encoding] can't be set"],
  ])('%j are refused', (body, why) => expect(rulesOf(asked(body))).toEqual(why))
})
