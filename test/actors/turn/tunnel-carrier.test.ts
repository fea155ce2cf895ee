// Which port a tunnel asks its TURN for, and what becomes of that when somebody else has it.
import { expect, test } from 'vitest'
import type { PlaceListener } from '../../../src/actors/services/carrier.ts'
import { createServicePorts, type ServicePorts } from '../../../src/actors/services/service-ports.ts'
import { createTunnelCarrier } from '../../../src/actors/turn/tunnel-carrier.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { readPortSpan, servicePort } from '../../../src/domain/service-port.ts'
import { createWorld } from '../../sim/world.ts'

const SELF = 'ab'.repeat(16)
const SPAN = { first: 20_000, last: 29_999 }
const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const nth = (step: number): number => servicePort(SELF, 'web', SPAN, step) ?? 0
const TAKEN = 'port already used'

function carrying(servicePorts: ServicePorts, span = '20000-29999') {
  const asked: (number | 'closed')[] = []
  const heard: string[] = []
  const carrier = createTunnelCarrier({
    servicePorts,
    network: createWorld().ports('me').network,
    client: () => ({ openProxy: ({ remotePort }) => asked.push(remotePort), closeProxy: () => asked.push('closed') }),
    prefix: 'me.',
    turn: { key: 'elm', name: 'elm' },
    turnHost: '192.0.2.1',
  })
  carrier.handsOut(readPortSpan(span))
  const listener: PlaceListener = {
    opened: (address) => heard.push(`opened ${address}`),
    refused: ({ type }) => heard.push(`refused ${type}`),
    served: () => {},
    intercept: () => false,
  }
  return {
    carrier,
    asked,
    heard,
    open: (spec: ServiceSpec = WEB) => carrier.open(spec, listener),
    refuse: (error = TAKEN) => carrier.hear({ type: 'client.proxyRefused', proxy: 'me.web', error }),
    start: (port: number) => carrier.hear({ type: 'client.proxyStarted', proxy: 'me.web', remoteAddr: `:${port}` }),
  }
}

test.each<[string, string, Partial<ServiceSpec>, number]>([
  ['asks for the number that is its own in what the TURN hands out', '20000-29999', {}, nth(0)],
  ['asks for any where the TURN does not say what it hands out', '', {}, 0],
  ['asks for what a person named', '20000-29999', { options: { port: 4_000 } }, 4_000],
  ['asks for any where it shares the port of a group', '20000-29999', { options: { group: 'g' } }, 0],
  ['asks for none where it has a domain', '20000-29999', { kind: 'http', domain: 'a.example' }, 0],
  ['asks for the same number over udp', '20000-29999', { kind: 'udp' }, nth(0)],
])('a service %s', (_, span, spec, port) => {
  const turn = carrying(createServicePorts(SELF), span)
  turn.open({ ...WEB, ...spec })
  expect(turn.asked).toEqual([port])
})

test('a number that is taken before the service stands anywhere is passed over at every TURN', () => {
  const ports = createServicePorts(SELF)
  const [elm, oak] = [carrying(ports), carrying(ports)]
  elm.open()
  elm.refuse()
  elm.start(nth(1))
  oak.open()
  oak.start(nth(1))
  expect([elm.asked, elm.heard, oak.asked, oak.heard]).toEqual([
    [nth(0), nth(1)],
    [`opened 192.0.2.1:${nth(1)}`],
    [nth(1)],
    [`opened 192.0.2.1:${nth(1)}`],
  ])
})

test('a number at which the service stands is kept, and only the TURN that has it taken is asked for the next', () => {
  const ports = createServicePorts(SELF)
  const [elm, oak, fir] = [carrying(ports), carrying(ports), carrying(ports)]
  elm.open()
  elm.start(nth(0))
  oak.open()
  oak.refuse()
  fir.open()
  expect([elm.asked, oak.asked, fir.asked]).toEqual([[nth(0)], [nth(0), nth(1)], [nth(0)]])
})

test('a number at which it stands no more is passed over where it is taken', () => {
  const ports = createServicePorts(SELF)
  const [elm, oak, fir] = [carrying(ports), carrying(ports), carrying(ports)]
  const place = elm.open()
  elm.start(nth(0))
  place.close()
  oak.open()
  oak.refuse()
  fir.open()
  expect([elm.asked, oak.asked, fir.asked]).toEqual([[nth(0), 'closed'], [nth(0), nth(1)], [nth(1)]])
})

test('where so many are taken any will do', () => {
  const turn = carrying(createServicePorts(SELF))
  turn.open()
  for (let step = 0; step < 16; step++) turn.refuse()
  turn.refuse()
  expect([turn.asked, turn.heard]).toEqual([[...Array.from({ length: 16 }, (_, step) => nth(step)), 0], ['refused port-taken']])
})

test('a TURN that does not let its own numbers be named is asked for any', () => {
  const turn = carrying(createServicePorts(SELF))
  turn.open()
  turn.refuse('port not allowed')
  turn.refuse('no available port')
  expect([turn.asked, turn.heard]).toEqual([[nth(0), 0], ['refused no-free-port']])
})
