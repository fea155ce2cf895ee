import { expect, test } from 'vitest'
import { causeOfRefusal, loginRefusalText } from '../../src/domain/frps-refusal.ts'
import { explain, type ServiceCause } from '../../src/domain/service-cause.ts'

const ASKED = { kind: 'http', port: 20_080, domain: 'web.example.org', group: 'shop', at: 'cedar' } as const
const at = 'cedar'

test.each<[string, ServiceCause]>([
  ['port not allowed', { type: 'port-not-allowed', port: 20_080, at }],
  ['port already used', { type: 'port-taken', port: 20_080, at }],
  ['port unavailable', { type: 'port-taken', port: 20_080, at }],
  ['no available port', { type: 'no-free-port', at }],
  ['acquire port 20080 error: port already used', { type: 'port-taken', port: 20_080, at }],
  ['acquire port 0 error: no available port', { type: 'no-free-port', at }],
  ['exceed the max_ports_per_client', { type: 'too-many-ports', at }],
  ['router config conflict', { type: 'domain-taken', domain: 'web.example.org', at }],
  [
    'custom domain [web.example.org] should not belong to subdomain_host [example.org]',
    { type: 'domain-not-allowed', domain: 'web.example.org', at },
  ],
  [
    'custom domain [web.example.org] should not belong to subdomain host [example.org]',
    { type: 'domain-not-allowed', domain: 'web.example.org', at },
  ],
  ["custom domain [web.example.org] is the server's own", { type: 'domain-not-allowed', domain: 'web.example.org', at }],
  ['proxy name [0123.web] is already in use', { type: 'name-taken', at }],
  ['proxy [0123.web] already exists', { type: 'name-taken', at }],
  ['type [http] not support when vhost_http_port is not set', { type: 'kind-not-carried', kind: 'http', at }],
  ['type [http] not supported when vhost http port is not set', { type: 'kind-not-carried', kind: 'http', at }],
  ['proxy [0123.web] type [http] error', { type: 'kind-not-carried', kind: 'http', at }],
  ['unknown proxy type: http', { type: 'kind-not-carried', kind: 'http', at }],
  ['group auth failed', { type: 'group-key-wrong', group: 'shop', at }],
  ['group params invalid', { type: 'group-not-allowed', group: 'shop', at }],
  ['group should have same remote port', { type: 'group-port-differs', group: 'shop', at }],
  ['bandwidth limit mode should be client or server', { type: 'limit-not-understood', at }],
  ['bandwidth_limit "1GB" is not a number of KB or MB, such as 1MB', { type: 'limit-not-understood', at }],
  ["token in NewWorkConn doesn't match token from configuration", { type: 'not-authorized', at }],
  ['the TURN did not answer in 20 s', { type: 'no-answer', at }],
  ['the request is longer than frp allows', { type: 'request-too-long' }],
  ['more domains and locations than one proxy may have', { type: 'request-too-long' }],
  ['new proxy [0123.web] error', { type: 'refused', at, said: 'new proxy [0123.web] error' }],
  ['', { type: 'refused', at, said: '' }],
  ['x'.repeat(10_240), { type: 'refused', at, said: 'x'.repeat(200) }],
])('frps says %j', (text, cause) => expect(causeOfRefusal(text, ASKED)).toEqual(cause))

test('a name that a client gave itself is not taken for a reason', () => {
  expect(causeOfRefusal('proxy name [port not allowed] is already in use', ASKED).type).toEqual('name-taken')
})

test.each([
  ["token in login doesn't match token from configuration", 'it wants another token'],
  ['invalid OIDC token in login: expired', 'it wants another token'],
  ['too many clients', 'it has as many clients as it takes'],
  ['Please upgrade your frpc version to at least 0.18.0', 'it wants a newer frp than this node speaks'],
  ['client_id [x] for user [y] is already online', 'another process is logged in there as this node'],
  ['the server picked a codec that was not offered', 'the server picked a codec that was not offered'],
  ['register control error', 'it refuses the login for a reason this node does not know; its log says why'],
])('a login refused with %j', (text, told) => expect(loginRefusalText(text)).toEqual(told))

const local = '127.0.0.1:3000'
const address = '203.0.113.9:20017'

test.each<[ServiceCause, string, string]>([
  [
    { type: 'port-not-allowed', port: 20_080, at },
    'port 20080 is not allowed at cedar',
    'Leave the port out, or ask whoever runs cedar which ports may be named there.',
  ],
  [{ type: 'port-not-allowed', port: 80, at }, 'port 80 is not allowed at cedar', 'Leave the port out, or name one of 1024-65535.'],
  [
    { type: 'port-taken', port: 20_080, at },
    'port 20080 is taken at cedar',
    'Leave the port out, or name another. It is asked for again every 30 s.',
  ],
  [{ type: 'no-free-port', at }, 'no port is free at cedar', 'Have more ports allowed there (--ports). It is asked for again every 30 s.'],
  [
    { type: 'no-free-port', at: null },
    'no port is free at this node',
    'Have more ports allowed there (--ports). It is asked for again every 30 s.',
  ],
  [
    { type: 'domain-taken', domain: 'web.example.org', at },
    'the domain web.example.org is taken at cedar',
    'Choose another domain, or end the service that has it there. It is asked for again every 30 s.',
  ],
  [
    { type: 'group-needs-turn', group: 'shop' },
    'the group shop would share a port of a TURN, and this node is reached without one',
    'Leave the group out.',
  ],
  [
    { type: 'refused', at, said: 'new proxy [0123.web] error' },
    'cedar refuses it for a reason this node does not know',
    'The log of cedar says why. It is asked for again every 30 s.',
  ],
  [
    { type: 'nothing-listens', local },
    `nothing listens at ${local}`,
    `Start the service at ${local}, or expose the address it listens at.`,
  ],
  [
    { type: 'silent', address },
    `nothing came through to it from its public address ${address} in time`,
    `Check that no firewall keeps others from ${address}; it is tried again and again.`,
  ],
  [
    { type: 'check-failed', local, why: 'GET /health was answered with 500' },
    'its check fails: GET /health was answered with 500',
    `Check the service at ${local}; it is asked every 10 s.`,
  ],
])('people are told of %j', (cause, text, fix) => expect(explain(cause)).toEqual({ text, fix }))

test('whatever the reason, the text is a clause and the advice a sentence, with nothing left out', () => {
  const all: readonly ServiceCause[] = [
    { type: 'too-many-ports', at },
    { type: 'port-not-opened', port: 80, why: 'this needs more rights' },
    { type: 'domain-not-allowed', domain: 'web.example.org', at },
    { type: 'name-taken', at },
    { type: 'kind-not-carried', kind: 'http', at },
    { type: 'group-key-wrong', group: 'shop', at },
    { type: 'group-port-differs', group: 'shop', at },
    { type: 'group-not-allowed', group: 'shop', at },
    { type: 'limit-not-understood', at },
    { type: 'not-authorized', at },
    { type: 'request-too-long' },
    { type: 'no-answer', at },
    { type: 'address-unknown' },
    { type: 'unreachable', address, why: 'connection refused' },
    { type: 'not-tried', why: 'no port is free' },
    { type: 'local-failed', local, why: 'it did not answer in time' },
  ]
  for (const { text, fix } of all.map(explain)) {
    expect(text).toMatch(/^[a-z0-9].*[^.]$/)
    expect(fix).toMatch(/^[A-Z].*\.$/)
    expect(text + fix).not.toMatch(/undefined|null|\[object/)
  }
})
