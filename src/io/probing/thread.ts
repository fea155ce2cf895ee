// The thread that measures latency: its connections to peers are its own, and nothing else runs here, so that bytes are stamped when
// they arrive, however busy the node is. It decides nothing: each connection is allowed by the node's own thread.
import { parentPort, workerData } from 'node:worker_threads'
import { type NetworkKind, OPEN } from '../../domain/network-kind.ts'
import { type Failure, isFailure, type PeerAnswer } from '../../ports.ts'
import { identityFromKey } from '../disk/identity.ts'
import { failed } from '../network/network-failure.ts'
import { bugsOnly } from '../network/socket-errors.ts'
import { Permits } from './permits.ts'
import { createThreadAsks } from './thread-asks.ts'
import type { FromThread, ThreadStart, ToThread } from './thread-words.ts'

const port = parentPort
if (port === null) throw new Error('this is run as a thread of a node')
const { privateKey }: ThreadStart = workerData

const say = (word: FromThread): void => port.postMessage(word)
let network: NetworkKind = OPEN
let dials = 0
const underWay = new Map<number, AbortController>()
const undecided = new Map<number, (refusal: Failure | null) => void>()

const asks = createThreadAsks({
  permits: new Permits(() => say({ type: 'dial.over' })),
  self: privateKey === null ? null : { identity: identityFromKey(privateKey), network: () => network },
  onError: bugsOnly((error) => {
    throw error
  }),
  onClosed: (address) => say({ type: 'closed', address }),
})

async function ask({ number, address, request }: Extract<ToThread, { readonly type: 'ask' }>): Promise<void> {
  const ending = new AbortController()
  underWay.set(number, ending)
  const { signal } = ending
  const mayDial = (ip: string): Promise<Failure | null> =>
    new Promise((resolve) => {
      const dial = ++dials
      undecided.set(dial, resolve)
      say({ type: 'dial.asked', number, dial, ip })
    })
  const answer = await asks.ask({ address, request, signal, mayDial })
  underWay.delete(number)
  say({ type: 'answered', number, answer: signal.aborted ? failed('aborted', 'it was called off') : apart(answer) })
}

/** A small buffer lies in one that many share, and would cross with all of it. */
const apart = (answer: PeerAnswer | Failure): PeerAnswer | Failure =>
  isFailure(answer) ? answer : { ...answer, body: Buffer.from(Uint8Array.from(answer.body).buffer) }

port.on('message', (word: ToThread) => {
  switch (word.type) {
    case 'ask':
      network = word.network
      void ask(word)
      return
    case 'abort':
      underWay.get(word.number)?.abort()
      return
    case 'dial.decided':
      undecided.get(word.dial)?.(word.refusal)
      undecided.delete(word.dial)
      return
    case 'drop.warm':
      asks.dropWarm()
  }
})
say({ type: 'ready' })
