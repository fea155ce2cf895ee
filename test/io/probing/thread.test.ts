// The real thread, run from the source.
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UNPLACED } from '../../../src/domain/coordinates.ts'
import { type NetworkKind, OPEN } from '../../../src/domain/network-kind.ts'
import { newIdentity } from '../../../src/io/disk/identity.ts'
import { createDescriptors } from '../../../src/io/network/descriptors.ts'
import { createNodeHttp } from '../../../src/io/network/peer-http.ts'
import { newSecret } from '../../../src/io/network-keyring.ts'
import { createNodeClock } from '../../../src/io/node-clock.ts'
import { createProbingThread } from '../../../src/io/probing/probing-thread.ts'
import { type Failure, type InboundRequest, isFailure, type PeerAnswer } from '../../../src/ports.ts'
import { TOKEN_HEADER, tokenSaidAgain } from '../../../src/v2/fresh-answer.ts'
import { LOOK_HEADERS, lookText } from '../../../src/v2/look.ts'
import { readyThread } from './ready-thread.ts'

const INFO = JSON.stringify({ Hostname: 'x', Platform: 'linux', CPU: '', RAM: 0, Disk: 0 })
const BURST = { samples: 3, primer: 'always' } as const
const secret = newSecret()
let own: NetworkKind = { type: 'private', secrets: [secret] }
const me = newIdentity()
const descriptors = createDescriptors(1_000)
const thread = createProbingThread({ self: { identity: me, network: () => own }, descriptors, clock: createNodeClock() })
beforeAll(() => readyThread(thread))
afterAll(() => thread.close())

/** A peer; tells by whom it was asked. */
async function peer(network: NetworkKind, answersAhead = false) {
  const identity = newIdentity()
  const http = createNodeHttp(undefined, { identity, network: () => network })
  const by: (string | null)[] = []
  const onRequest = async (request: Pick<InboundRequest, 'by' | 'headers'>) => {
    by.push(request.by)
    return { status: 200, headers: answersAhead ? { [TOKEN_HEADER]: '0'.repeat(16) } : tokenSaidAgain(request.headers), body: INFO }
  }
  const port = await http.serve({ address: '127.0.0.1:0', onRequest })
  if (isFailure(port)) throw new Error(port.text)
  return { id: identity.id, address: `127.0.0.1:${port.port}`, by, close: port.close }
}

const told = (answer: PeerAnswer | Failure | null) =>
  answer === null || isFailure(answer) ? answer?.text : { by: answer.by, timed: isTimed(answer) }
/** A machine that is busy throws some times away, and asks again. */
const isTimed = ({ timed }: PeerAnswer): boolean => timed !== undefined && timed.samplesMs.length + timed.discarded >= 3

describe("over the members' channel", () => {
  const request = { path: '/server_info', over: 'channel', timeoutMs: 5_000, timed: BURST } as const

  test('both ends prove themselves, and one connection is used for all', async () => {
    const elm = await peer({ type: 'private', secrets: [secret] })
    const dialled: string[] = []
    const admit = async (ip: string): Promise<null> => {
      dialled.push(ip)
      return null
    }
    expect(told(await thread.ask(elm.address, { ...request, admit }))).toEqual({ by: elm.id, timed: true })
    expect(told(await thread.ask(elm.address, { ...request, admit }))).toEqual({ by: elm.id, timed: true })
    expect([dialled, new Set(elm.by)]).toEqual([['127.0.0.1'], new Set([me.id])])
    await elm.close()
  })

  test('it tells of a warm connection that the other end closes', async () => {
    const elm = await peer({ type: 'private', secrets: [secret] })
    await thread.ask(elm.address, request)
    const closed = new Promise((resolve) => thread.onClosed(resolve))
    await elm.close()
    expect(await closed).toEqual(elm.address)
  })

  test('a look and its answer say nothing that the other end knows', async () => {
    const identity = newIdentity()
    const http = createNodeHttp(undefined, { identity, network: () => own })
    const asked: Readonly<Record<string, string>>[] = []
    const opened = await http.serve({
      address: '127.0.0.1:0',
      onRequest: async ({ headers }) => {
        asked.push(headers)
        return { status: 200, headers: tokenSaidAgain(headers), body: lookText('r', UNPLACED), isBare: true }
      },
    })
    if (isFailure(opened)) throw new Error(opened.text)
    const address = `127.0.0.1:${opened.port}`
    let dials = 0
    const admit = async (): Promise<null> => {
      dials++
      return null
    }
    const answer = await thread.ask(address, { ...request, headers: LOOK_HEADERS, admit })
    const namesIn = (headers: Readonly<Record<string, string>> | undefined) => Object.keys(headers ?? {}).sort()
    if (answer === null || isFailure(answer)) throw new Error(String(answer?.text))
    expect([told(answer), dials, new Set(asked.map((headers) => namesIn(headers).join())), namesIn(answer.headers)]).toEqual([
      { by: identity.id, timed: true },
      1,
      new Set([['host', 'moonwalk-token', 'prefer'].join()]),
      ['content-length', 'moonwalk-token'],
    ])
    await opened.close()
  })

  test('what answers without what it was asked for is timed by nobody', async () => {
    const elm = await peer({ type: 'private', secrets: [secret] }, true)
    expect(told(await thread.ask(elm.address, request))).toEqual('its answer is not to what was asked')
    await elm.close()
  })

  test('another node than the one that is wanted is asked nothing', async () => {
    const elm = await peer({ type: 'private', secrets: [secret] })
    const answer = await thread.ask(elm.address, { ...request, expect: me.id })
    expect([told(answer), elm.by]).toEqual(['another node answers there', []])
    await elm.close()
  })

  test('a secret that was replaced meanwhile is the one that is proven', async () => {
    const next = newSecret()
    const elm = await peer({ type: 'private', secrets: [next] })
    expect(told(await thread.ask(elm.address, request))).toEqual('it is no member of this network')
    own = { type: 'private', secrets: [next, secret] }
    expect(told(await thread.ask(elm.address, request))).toEqual({ by: elm.id, timed: true })
    own = { type: 'private', secrets: [secret] }
    await elm.close()
  })
})

test('an address that may not be connected to is not', async () => {
  const elm = await peer(OPEN)
  const refusal: Failure = { type: 'failed', reason: 'withheld', text: 'too many tries' }
  const request = { path: '/server_info', timeoutMs: 5_000, timed: BURST, admit: async () => refusal }
  expect([await thread.ask(elm.address, request), elm.by]).toEqual([refusal, []])
  await elm.close()
})

test('a peer that sends hints without end is cut off', async () => {
  const server = createServer((socket) => socket.on('data', () => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(9))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await thread.ask(`127.0.0.1:${(server.address() as AddressInfo).port}`, { path: '/', timeoutMs: 1_000, timed: BURST })
  expect(told(answer)).toEqual('it sends hints without end')
  server.close()
})

test('a connection that the peer has closed is replaced, once it is allowed again', async () => {
  const elm = await peer(OPEN)
  const dialled: string[] = []
  const admit = async (ip: string): Promise<null> => {
    dialled.push(ip)
    return null
  }
  const request = { path: '/server_info', timeoutMs: 5_000, timed: BURST, admit }
  expect(told(await thread.ask(elm.address, request))).toEqual({ by: null, timed: true })
  await elm.close()
  expect([told(await thread.ask(elm.address, request)), dialled.length]).toEqual(['connection refused', 2])
})
