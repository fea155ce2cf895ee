// The node's end of the thread that measures latency (thread.ts): started when it is first needed, replaced when it dies.
import { backoffMs } from '../../domain/backoff.ts'
import { type Clock, type Failure, isFailure, type PeerAnswer, type PeerRequest, type StoreNote } from '../../ports.ts'
import type { Descriptors } from '../network/descriptors.ts'
import type { ChannelSelf } from '../network/members-channel.ts'
import { failed } from '../network/network-failure.ts'
import { NO_DESCRIPTORS } from '../network/tcp-listener.ts'
import { ToldAll } from '../network/told-all.ts'
import { type StartThread, startThread, type ThreadHandle } from './start-thread.ts'
import type { FromThread, TimedRequest, ToThread } from './thread-words.ts'

export interface ProbingThread {
  /** Null: the thread is not there yet, or has died meanwhile. */
  ask(address: string, request: TimedRequest & Pick<PeerRequest, 'admit' | 'signal'>): Promise<PeerAnswer | Failure | null>
  dropWarm(): void
  /** As in the port `Http`, of the thread's own connections. */
  onClosed(tell: (address: string) => void): () => void
  /** What a person should know: that it is not there because it died. */
  note(): StoreNote | null
  /** Settles when it has ended. It is never started again. */
  close(): Promise<void>
}

interface ThreadNeeds {
  /** Who this node is on the members' channel; absent: it has none. */
  readonly self?: ChannelSelf | undefined
  readonly descriptors: Descriptors
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>
  readonly start?: StartThread
}

/** From the first question on: a node that has just started joins first, and starting a thread takes what two cores have to give. */
const STARTS_AFTER = 2_000
/** After a death it is started again when this has passed, then twice that, and so on; one that lived for `STABLE_MS` begins anew. */
const RESTART_FIRST = 1_000
const RESTART_LAST = 60_000
const STABLE_MS = 60_000
/** One that has not answered so long after a request's own time hangs. */
const HANGS_AFTER = 5_000

interface Asked {
  readonly admit: PeerRequest['admit']
  settle(answer: PeerAnswer | Failure | null): void
}

interface Life {
  readonly thread: ThreadHandle
  readonly beganMs: number
  readonly asked: Map<number, Asked>
  isReady: boolean
  isOver: boolean
  /** Connections that it may have, and has not told the end of. */
  permits: number
  why: string
}

export function createProbingThread({ self, descriptors, clock, start = startThread }: ThreadNeeds): ProbingThread {
  let life: Life | null = null
  let deaths = 0
  let died: { readonly why: string; readonly againMs: number } | null = null
  let isClosed = false
  let starting: unknown = null
  let numbers = 0
  const closed = new ToldAll<string>()

  const say = ({ thread, isOver }: Life, word: ToThread): void => {
    if (!isOver) thread.postMessage(word)
  }
  const give = (here: Life): void => {
    here.permits--
    descriptors.give()
  }
  const begin = (): Life => {
    const thread = start({ privateKey: self?.identity.privateKey ?? null })
    const here: Life = { thread, beganMs: clock.now(), asked: new Map(), isReady: false, isOver: false, permits: 0, why: '' }
    thread.unref()
    thread.on('message', (word) => hear(here, word))
    thread.once('error', (error) => {
      here.why = error instanceof Error ? error.message : String(error)
    })
    thread.once('exit', (code) => end(here, code))
    return here
  }
  const end = (here: Life, code: number): void => {
    here.isOver = true
    if (life === here) life = null
    while (here.permits > 0) give(here)
    if (!isClosed) {
      deaths = clock.now() - here.beganMs > STABLE_MS ? 1 : deaths + 1
      const why = here.why === '' ? `it ended with ${code}` : here.why
      died = { why, againMs: clock.now() + backoffMs(deaths - 1, RESTART_FIRST, RESTART_LAST, Math.random()) }
    }
    for (const { settle } of [...here.asked.values()]) settle(null)
  }
  const hear = (here: Life, word: FromThread): void => {
    switch (word.type) {
      case 'ready':
        here.isReady = true
        return
      case 'answered':
        here.asked.get(word.number)?.settle(whole(word.answer))
        return
      case 'dial.over':
        give(here)
        return
      case 'closed':
        closed.tell(word.address)
        return
      case 'dial.asked':
        void decide(here, word)
    }
  }
  const decide = async (here: Life, { number, dial, ip }: Extract<FromThread, { readonly type: 'dial.asked' }>): Promise<void> => {
    const asked = here.asked.get(number)
    const refusal = asked === undefined ? CALLED_OFF : ((await asked.admit?.(ip)) ?? null)
    if (refusal !== null || here.isOver) return say(here, { type: 'dial.decided', dial, refusal })
    if (!descriptors.take('own')) return say(here, { type: 'dial.decided', dial, refusal: NO_DESCRIPTORS })
    here.permits++
    say(here, { type: 'dial.decided', dial, refusal: null })
  }
  const living = (): Life | null => {
    if (isClosed || life !== null) return life
    if (died !== null && clock.now() >= died.againMs) life = begin()
    if (died === null)
      starting ??= clock.setTimeout(() => {
        life = begin()
      }, STARTS_AFTER)
    return life
  }

  return {
    ask: (address, { admit, signal, ...request }) => {
      if (signal?.aborted) return Promise.resolve(CALLED_OFF)
      const here = living()
      if (here === null || !here.isReady) return Promise.resolve(null)
      const number = ++numbers
      return new Promise((resolve) => {
        const hung = clock.setTimeout(() => void here.thread.terminate(), request.timeoutMs + HANGS_AFTER)
        const abort = (): void => say(here, { type: 'abort', number })
        here.asked.set(number, {
          admit,
          settle: (answer) => {
            clock.clearTimeout(hung)
            signal?.removeEventListener('abort', abort)
            here.asked.delete(number)
            resolve(answer)
          },
        })
        signal?.addEventListener('abort', abort, { once: true })
        say(here, { type: 'ask', number, address, request, network: self?.network() ?? { type: 'open' } })
      })
    },
    dropWarm: () => {
      if (life !== null) say(life, { type: 'drop.warm' })
    },
    onClosed: closed.add,
    note: () => {
      if (died === null || life?.isReady === true) return null
      return {
        text: `latency is measured beside this node's other work: the thread for it ended (${died.why})`,
        fix: 'It is started again by itself; until then pings show more than the path takes while the node is busy.',
      }
    },
    close: async () => {
      isClosed = true
      clock.clearTimeout(starting)
      await life?.thread.terminate()
    },
  }
}

const CALLED_OFF = failed('aborted', 'it was called off')

/** A buffer arrives as plain bytes. */
function whole(answer: PeerAnswer | Failure): PeerAnswer | Failure {
  if (isFailure(answer)) return answer
  const { buffer, byteOffset, length } = answer.body
  return { ...answer, body: Buffer.from(buffer, byteOffset, length) }
}
