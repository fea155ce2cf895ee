// What a node answers to those who want to reach its services, in a simulated world.
import { describe, expect, test } from 'vitest'
import { createPeerSessions } from '../../../src/actors/connect/peer-sessions.ts'
import { createReachService } from '../../../src/actors/connect/reach-service.ts'
import { createServedConnects } from '../../../src/actors/connect/served-connects.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { ProxyMeter } from '../../../src/frp/index.ts'
import type { Failure } from '../../../src/ports.ts'
import type { ConnectAsk } from '../../../src/v2/connect.ts'
import { EMPTY_TABLE, putOwn } from '../../domain/pure-table.ts'
import { signedBy } from '../../records.ts'
import { play } from '../../sim/story.ts'
import type { World } from '../../sim/world.ts'

const tcp = (name: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  ...{ name, kind: 'tcp', local: '127.0.0.1:7000', domain: null },
  ...more,
})
const ALL: readonly ServiceSpec[] = [
  tcp('web'),
  tcp('silent', { local: '127.0.0.1:7001' }),
  tcp('dns', { kind: 'udp' }),
  tcp('hidden', { options: { private: true, allow: ['elm'] } }),
  tcp('proxied', { options: { proxyProtocol: 'v1' } }),
  tcp('slow', { options: { limit: '1KB' } }),
  tcp('site', { kind: 'https', domain: 'www.example.org', options: { proxyProtocol: 'v1' } }),
  tcp('rest', { kind: 'http', domain: '*.example.org' }),
]
const ends = { from: '203.0.113.9:4711', at: '198.51.100.1:443' }
const service = (name: string, kind: 'tcp' | 'udp' = 'tcp'): ConnectAsk => ({ type: 'service', service: name, kind })

/** `me` asks `home` for each, says a word, and hears what comes back. */
async function ask(asks: readonly ConnectAsk[], { areMembers = true, words = 'word', forMs = 20_000 } = {}) {
  const meters = new Map<string, ProxyMeter>()
  const answers = await play([], {
    forMs,
    begin: (world: World) => {
      const told = new Map<ConnectAsk, string>()
      const [home, me] = [world.ports('home'), world.ports('me')]
      const onBug = (error: unknown): void => world.clock.crash(error)
      void home.network.listen('127.0.0.1:7000', (accepted) => {
        const { link } = accepted.open(null)
        link.on('error', () => {})
        link.on('data', (bytes) => link.write(Buffer.from(`<${bytes}>`)))
        link.on('end', () => link.end())
      })
      const served = createServedConnects({
        ...{ clock: home.clock, network: home.network, onBug },
        services: {
          specs: () => ALL,
          meter: (name) => {
            const meter = meters.get(name) ?? new ProxyMeter()
            meters.set(name, meter)
            return meter
          },
        },
        askerOf: (id) => ({ id, isMember: areMembers, idsOf: () => [] }),
        membersAreTrusted: areMembers,
      })
      const address = `${world.host('home').ip}:8088`
      void home.http.serve({ address: '0.0.0.0:8088', onRequest: async () => ({ status: 404, body: '' }), onConnect: served.accept })
      const { table } = putOwn(EMPTY_TABLE, signedBy(home.identity.id, address), 0)
      const sessions = createPeerSessions({ clock: me.clock, network: me.network, policy: 'any' })
      const admit = async (): Promise<Failure | null> => null
      const { reach } = createReachService({
        clock: me.clock,
        keeper: { current: () => table },
        sessions,
        admit,
        isStopped: () => false,
        onBug,
      })
      for (const one of asks)
        void reach(home.identity.id, one, 5_000).then((reached) => {
          if (reached.type !== 'open')
            return void told.set(one, reached.type === 'failed' ? reached.text : `${reached.status} ${reached.text}`)
          let heard = reached.rest?.toString() ?? ''
          reached.stream.onBytes = (bytes) => {
            heard += bytes.toString()
            told.set(one, heard)
          }
          reached.stream.write(Buffer.from(words))
        })
      return () => asks.map((one) => told.get(one) ?? 'nothing')
    },
  })
  return { answers, meters }
}

describe('who asks for a service', () => {
  test.each<[string, ConnectAsk, string]>([
    ['reaches it', service('web'), '<word>'],
    ['hears that nothing answers there', service('silent'), '502 silent does not answer: connection refused'],
    ['hears that there is none', service('nothing'), '404 there is no service nothing here that you may reach'],
    ['hears the same of one that is not for it', service('hidden'), '404 there is no service hidden here that you may reach'],
    ['hears that it is of another kind', service('dns'), '409 dns is a udp service'],
    ['reaches one with a limit', service('slow'), '<word>'],
  ])('%s', async (_, asked, expected) => expect((await ask([asked])).answers).toEqual([expected]))

  test('is told to the service as the node that it is', async () =>
    expect((await ask([service('proxied')])).answers.map((text) => text.replaceAll(/ \d+ 8088/g, ' P 8088'))).toEqual([
      '<PROXY TCP4 10.0.0.2 10.0.0.1 P 8088\r\n><word>',
    ]))

  test('is counted', async () => {
    const { meters } = await ask([service('web'), service('web'), service('silent')])
    const figures = [...meters].map(([name, meter]) => {
      const { connectionsEver, bytesIn, bytesOut, errorsEver } = meter.figures(0)
      return [name, connectionsEver, bytesIn, bytesOut, errorsEver]
    })
    expect(figures).toEqual([
      ['web', 2, 8, 12, 0],
      ['silent', 0, 0, 0, 1],
    ])
  })
})

describe('who carries a request for a domain', () => {
  const domain = (scheme: 'http' | 'https', name: string): ConnectAsk => ({ type: 'domain', scheme, domain: name, ...ends })
  test.each<[string, ConnectAsk, string]>([
    ['tells whose it is', domain('https', 'www.example.org'), '<PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n><word>'],
    ['reaches what a wildcard stands for', domain('http', 'a.example.org'), '<word>'],
    ['is refused where only the other scheme is there', domain('https', 'a.example.org'), '404 no service here answers for a.example.org'],
    ['is refused a domain of nobody', domain('http', 'www.example.com'), '404 no service here answers for www.example.com'],
  ])('%s', async (_, asked, expected) => expect((await ask([asked])).answers).toEqual([expected]))

  test('is not believed whose it is where nobody is a member', async () =>
    expect((await ask([domain('https', 'www.example.org')], { areMembers: false })).answers[0]).toContain('PROXY TCP4 10.0.0.2 10.0.0.1'))
})
