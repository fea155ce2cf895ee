// HTTP whose timed requests a thread makes keeps the contract of all HTTP, and what can be timed of the contract is timed here.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDescriptors } from '../../../src/io/network/descriptors.ts'
import { createNodeNetwork } from '../../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../../src/io/network/peer-http.ts'
import { createNodeClock } from '../../../src/io/node-clock.ts'
import { withProbingThread } from '../../../src/io/probing/probing-http.ts'
import { createProbingThread } from '../../../src/io/probing/probing-thread.ts'
import type { Http, Listening, Network, PeerRequest } from '../../../src/ports.ts'
import { httpContract } from '../../contracts/http.ts'
import { readyThread } from './ready-thread.ts'

const descriptors = createDescriptors(10_000)
const thread = createProbingThread({ descriptors, clock: createNodeClock() })
let asked = 0
let answered = 0
/** Counts what the thread itself answered. */
const counted: typeof thread = {
  ...thread,
  ask: async (address, request) => {
    asked++
    const answer = await thread.ask(address, request)
    if (answer !== null) answered++
    return answer
  },
}
beforeAll(() => readyThread(thread))
afterAll(() => thread.close())

const timed = { samples: 1, primer: 'cold' } as const
const isPlain = ({ method, body, onBytes, apart }: PeerRequest): boolean =>
  method === 'GET' && body === undefined && onBytes === undefined && apart === undefined

httpContract('a thread of its own', () => {
  const [client, server] = [withProbingThread(createNodeHttp(), counted), createNodeHttp()]
  const open: Listening[] = []
  const kept = <A extends Listening | { readonly type: 'failed' }>(answer: A): A => {
    if (answer.type === 'listening') open.push(answer)
    return answer
  }
  const network = createNodeNetwork()
  const listen: Network['listen'] = async (address, onLink) => kept(await network.listen(address, onLink))
  const serve: Http['serve'] = async (options) => kept(await server.serve(options))
  const request: Http['request'] = (address, one) => client.request(address, isPlain(one) ? { timed, ...one } : one)
  return {
    client: { ...client, request },
    server: { ...server, serve },
    clientNetwork: network,
    serverNetwork: { ...network, listen },
    serverHost: '127.0.0.1',
    until: (promise) => promise,
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    end: async () => {
      client.dropWarm()
      for (const listening of open) await listening.close()
    },
  }
})

test('and it was the thread that answered', () => {
  expect(asked).toBeGreaterThan(20)
  expect(answered).toEqual(asked)
})
