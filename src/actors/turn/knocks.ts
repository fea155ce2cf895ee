// A cheap look at whether others still come through a tunnel: one request in clear, to this node's public address there, on a
// connection made for it. It is refused like any other in clear, and that is enough: what was sent has come out at this node's own
// end, and the answer has come back. Only a proof over the members' channel shows who it is that answers, and whether the path loses
// large packets.
import type { Ports } from '../../ports.ts'
import { isFailureOf } from '../services/carrier.ts'

export interface Knocks {
  /** A request has come through a tunnel. */
  heard(path: string): void
  /** True: a knock at `address` (`host:port`) was heard here, and answered. */
  at(address: string, timeoutMs: number): Promise<boolean>
}

const PATH = '/v2/knock/'
const NONCE_BYTES = 8

export function createKnocks({ clock, random, network }: Pick<Ports, 'clock' | 'random' | 'network'>): Knocks {
  /** Those under way, by their path. */
  const expected = new Map<string, () => void>()
  return {
    heard: (path) => expected.get(path)?.(),
    at: async (address, timeoutMs) => {
      const untilMs = clock.now() + timeoutMs
      const opened = await network.dial(address, { timeoutMs })
      if (isFailureOf(opened)) return false
      const { link } = opened
      const path = PATH + Buffer.from(random.bytes(NONCE_BYTES)).toString('hex')
      return new Promise((resolve) => {
        let [isHeard, isAnswered] = [false, false]
        const end = (): void => {
          clock.clearTimeout(timer)
          expected.delete(path)
          link.destroy()
          resolve(isHeard && isAnswered)
        }
        const look = (): void => {
          if (isHeard && isAnswered) end()
        }
        const timer = clock.setTimeout(end, Math.max(1, untilMs - clock.now()))
        expected.set(path, () => {
          isHeard = true
          look()
        })
        link.on('data', () => {
          isAnswered = true
          look()
        })
        link.on('error', () => {})
        link.on('end', end)
        link.on('close', end)
        link.write(Buffer.from(`HEAD ${path} HTTP/1.1\r\nHost: moonwalk\r\nConnection: close\r\n\r\n`))
      })
    },
  }
}
