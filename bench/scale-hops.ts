// How often something was passed on until it got somewhere: seen in the requests and answers that hold it.
import { isFailure } from '../src/ports.ts'
import type { World } from '../test/sim/world.ts'

export interface Hops {
  /** The most for any host that has it; null: nobody else has. */
  most(): number | null
  end(): void
}

/** From now on, `text` is on its way from `origin`. `nameAt`: whose an address is. */
export function followText(world: World, text: string, origin: string, nameAt: (address: string) => string | undefined): Hops {
  const hops = new Map([[origin, 0]])
  const before = world.onRequest
  const pass = (from: string, to: string | undefined, body: unknown): void => {
    const had = hops.get(from)
    if (
      to === undefined ||
      had === undefined ||
      !(body instanceof Uint8Array) ||
      !Buffer.from(body.buffer, body.byteOffset, body.length).includes(text)
    )
      return
    hops.set(to, Math.min(hops.get(to) ?? Number.POSITIVE_INFINITY, had + 1))
  }
  world.onRequest = (host, address, request) => {
    const ended = before(host, address, request)
    const to = nameAt(address)
    return (answer) => {
      ended(answer)
      if (isFailure(answer) || to === undefined) return
      pass(host, to, request.body)
      pass(to, host, answer.body)
    }
  }
  return {
    most: () => (hops.size > 1 ? Math.max(...hops.values()) : null),
    end: () => {
      world.onRequest = before
    },
  }
}
