// The members' channel of the virtual network: one greeting each way instead of TLS and proofs, in as many round trips. What follows
// is what would be said inside.

import type { NetworkKind } from '../../src/domain/network-kind.ts'
import { ANOTHER_NODE, NO_MEMBER } from '../../src/domain/seed-fault.ts'
import { beginAgain } from '../../src/io/network/further-dials.ts'
import type { Clock, DialOptions, Failure } from '../../src/ports.ts'
import type { VirtualAccepted } from './virtual-host.ts'
import { openedFor, VirtualLink } from './virtual-link.ts'
import { failed, type HostNetwork } from './virtual-network.ts'

export interface VirtualSelf {
  readonly id: string
  readonly network: () => NetworkKind
}

/** As a TLS record begins. */
export const GREETING_BYTE = 0x16
const GREETING = /^\x16([0-9a-f]{32}) (\S+)\n$/

const greeting = (id: string, secret: string): Buffer => Buffer.from(`\x16${id} ${secret}\n`)
const secretsOf = ({ network }: VirtualSelf): readonly string[] => {
  const kind = network()
  return kind.type === 'open' ? ['open'] : kind.secrets
}

/** Who is at the other end of a link that was opened over the channel. */
const members = new WeakMap<object, string>()
export const memberOf = (link: object): string | null => members.get(link) ?? null
/** How long each took to connect, without what was said then. */
const connects = new WeakMap<object, number>()
export const connectMsOf = (link: object): number | null => connects.get(link) ?? null

/** `expect`: the id that must be there; null: any node of this network. */
export async function dialChannel(
  network: HostNetwork,
  clock: Clock,
  self: VirtualSelf,
  address: string,
  { reader, member: _, ...options }: DialOptions,
  expect: string | null,
): ReturnType<HostNetwork['dial']> {
  const startMs = clock.now()
  const opened = await dialAgain(network, clock, address, options)
  if ('type' in opened) return opened
  const { link } = opened
  if (!(link instanceof VirtualLink)) throw new Error('not a link of the virtual network')
  const id = await greet(link, clock, self, startMs + options.timeoutMs - clock.now())
  if (typeof id !== 'string') {
    link.destroy()
    return id
  }
  if (expect !== null && id !== expect) {
    link.destroy()
    return failed('protocol', ANOTHER_NODE)
  }
  members.set(link, id)
  return openedFor(link, reader)
}

/** As the real one: another handshake is begun beside one that takes long. */
function dialAgain(
  network: HostNetwork,
  clock: Clock,
  address: string,
  { admit, signal, ...options }: DialOptions,
): ReturnType<HostNetwork['dial']> {
  const startMs = clock.now()
  const ending = new AbortController()
  const ended = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal
  return new Promise((resolve, reject) => {
    let isFirst = true
    let isOver = false
    const begin = (): void => {
      const begunMs = clock.now()
      const timeoutMs = Math.max(0, startMs + options.timeoutMs - begunMs)
      const admission = isFirst && admit ? { admit } : {}
      isFirst = false
      network.dial(address, { ...options, ...admission, timeoutMs, signal: ended }).then((opened) => {
        if (!('type' in opened)) connects.set(opened.link, clock.now() - begunMs)
        if (isOver && !('type' in opened)) opened.link.destroy()
        if (isOver) return
        isOver = true
        stop()
        resolve(opened)
        ending.abort()
      }, reject)
    }
    const stop = beginAgain(begin, clock)
  })
}

function greet(link: VirtualLink, clock: Clock, self: VirtualSelf, withinMs: number): Promise<string | Failure> {
  const [secret = ''] = secretsOf(self)
  return new Promise((resolve) => {
    const settle = (answer: string | Failure): void => {
      clock.clearTimeout(timer)
      resolve(answer)
    }
    const timer = clock.setTimeout(() => settle(failed('timeout', 'it did not answer in time')), Math.max(0, withinMs))
    link.on('error', () => settle(failed('reset', 'connection reset')))
    link.sniff((first) => {
      const [, id, theirs] = GREETING.exec(first?.toString('latin1') ?? '') ?? []
      settle(id === undefined || theirs !== secret ? failed('protocol', NO_MEMBER) : id)
    })
    link.write(greeting(self.id, secret))
  })
}

/** The server's end: answers a greeting, and hands on what follows it; null where it is no member's. */
export function acceptChannel(accepted: VirtualAccepted, self: VirtualSelf, tell: (accepted: VirtualAccepted | null) => void): void {
  const [, id, secret = ''] = GREETING.exec(accepted.first?.toString('latin1') ?? '') ?? []
  if (id === undefined || !secretsOf(self).includes(secret)) return tell(null)
  accepted.sniff(tell, id)
  accepted.say(greeting(self.id, secret))
}
