// What any `Network` promises, as a suite. The virtual one and the real one both pass it, so that they cannot drift apart.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AcceptedLink, Link, OpenedLink, Reader } from '../../src/frp/links/link.ts'
import type { Failure, Listening, Network } from '../../src/ports.ts'

/** Two ends of one network, and how time passes in it. */
export interface NetworkPair {
  /** Dials. May be the same as `far`. */
  readonly near: Network
  /** Listens. */
  readonly far: Network
  /** What `far` listens on and `near` dials, without port. */
  readonly farHost: string
  /** Waits for a promise while time passes: in a virtual world, moves the clock until it settles. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Lets that much time pass, at most 100 ms. */
  elapse(ms: number): Promise<void>
  end(): Promise<void>
}

export function networkContract(name: string, makePair: () => NetworkPair | Promise<NetworkPair>): void {
  describe(`the network contract, kept by ${name}`, () => {
    let pair: NetworkPair
    beforeEach(async () => {
      pair = await makePair()
    })
    afterEach(() => pair.end())

    test('a dial to a port where nobody listens is refused', async () => {
      const listening = await listen(pair, () => {})
      await pair.until(listening.close())
      const answer = await pair.until(pair.near.dial(`${pair.farHost}:${listening.port}`, { timeoutMs: 5_000 }))
      expect(answer).toEqual({ type: 'failed', reason: 'refused', text: expect.any(String) })
    })

    test('a dial given up beforehand is aborted', async () => {
      const listening = await listen(pair, () => {})
      const dialled = pair.near.dial(`${pair.farHost}:${listening.port}`, { timeoutMs: 5_000, signal: AbortSignal.abort() })
      expect(await pair.until(dialled)).toEqual({ type: 'failed', reason: 'aborted', text: expect.any(String) })
    })

    test('a port in use cannot be opened twice, and is free again once closed', async () => {
      const first = await listen(pair, () => {})
      const again = () => pair.until(pair.far.listen(`${pair.farHost}:${first.port}`, () => {}))
      expect(await again()).toEqual({ type: 'failed', reason: 'in-use', text: expect.any(String) })
      await pair.until(first.close())
      const second = await again()
      expect(second).toEqual({ type: 'listening', host: pair.farHost, port: first.port, close: expect.any(Function) })
      if (second.type === 'listening') await pair.until(second.close())
    })

    test('port 0 picks one and says which', async () => {
      const [one, two] = [await listen(pair, () => {}), await listen(pair, () => {})]
      expect([one.port > 0, two.port > 0, one.port === two.port]).toEqual([true, true, false])
    })

    test('bytes arrive whole and in order, both ways at once', async () => {
      const { near, far } = await connect(pair)
      const [up, down] = [pattern(700_001, 1), pattern(300_003, 2)]
      const [atFar, atNear] = [readAll(far), readAll(near)]
      near.write(up)
      near.end()
      far.write(down)
      far.end()
      expect((await pair.until(atFar)).equals(up)).toBe(true)
      expect((await pair.until(atNear)).equals(down)).toBe(true)
    })

    test('one side may end and still hear the other out', async () => {
      const { near, far } = await connect(pair)
      const atNear = readAll(near)
      near.end()
      await pair.until(readAll(far))
      far.write(Buffer.from('still here'))
      far.end()
      expect((await pair.until(atNear)).toString()).toBe('still here')
    })

    test('a writer is held back while nobody reads, and told when there is room', async () => {
      const { near, far } = await connect(pair)
      far.pause()
      const piece = pattern(256 << 10, 3)
      let written = 0
      while (near.writableLength < 8 << 20 && written < 64) {
        near.write(piece)
        written++
        await pair.elapse(1)
      }
      expect(near.writableLength > 0).toBe(true)
      expect(near.write(piece)).toBe(false)
      const drained = new Promise<void>((resolve) => near.on('drain', resolve))
      const atFar = readAll(far)
      await pair.until(drained)
      near.end()
      expect((await pair.until(atFar)).length).toBe((written + 1) * piece.length)
    })

    test('what the other side destroys comes to its end here', async () => {
      const { near, far } = await connect(pair)
      const closed = new Promise<string>((resolve) => near.on('close', () => resolve('closed')))
      near.on('end', () => near.end())
      near.resume()
      far.destroy()
      expect(await pair.until(closed)).toBe('closed')
      expect([near.destroyed, far.destroyed]).toEqual([true, true])
    })

    test('destroySoon sends what was written before it ends both sides', async () => {
      const { near, far } = await connect(pair)
      far.on('end', () => far.end())
      const atFar = readAll(far)
      const closed = new Promise<string>((resolve) => near.on('close', () => resolve('closed')))
      const all = pattern(500_000, 4)
      near.write(all)
      near.destroySoon()
      expect((await pair.until(atFar)).equals(all)).toBe(true)
      expect(await pair.until(closed)).toBe('closed')
    })

    test('a reader gets the bytes in its own buffers, and may stop and go on', async () => {
      const all = pattern(400_000, 5)
      const got: Buffer[] = []
      const into = Buffer.alloc(10_000)
      let bytes = 0
      let onAll = () => {}
      const whole = new Promise<void>((resolve) => {
        onAll = resolve
      })
      let near: Link | null = null
      const reader: Reader = {
        buffer: () => into,
        callback: (count) => {
          got.push(Buffer.from(into.subarray(0, count)))
          bytes += count
          if (bytes === all.length) onAll()
          const goesOn = got.length % 7 !== 0
          if (!goesOn) queueMicrotask(() => near?.resume())
          return goesOn
        },
      }
      const listening = await listen(pair, (accepted) => {
        const { link } = accepted.open(null)
        link.on('error', () => {})
        link.on('data', () => link.write(all))
      })
      const opened = await pair.until(pair.near.dial(`${pair.farHost}:${listening.port}`, { timeoutMs: 5_000, reader }))
      near = linkOf(opened).link
      near.on('error', () => {})
      expect('direct' in opened && opened.direct).toBe(true)
      near.write(Buffer.from('go'))
      await pair.until(whole)
      expect(Buffer.concat(got).equals(all)).toBe(true)
      near.destroy()
    })

    test('an accepted connection says who came, and where', async () => {
      const seen: AcceptedLink[] = []
      const listening = await listen(pair, (accepted) => {
        seen.push(accepted)
        accepted.open(null).link.on('error', () => {})
      })
      const { link } = linkOf(await pair.until(pair.near.dial(`${pair.farHost}:${listening.port}`, { timeoutMs: 5_000 })))
      link.on('error', () => {})
      await pair.elapse(50)
      expect(seen.map(({ remote, local, tls, first }) => ({ port: remote.port, local, tls, first }))).toEqual([
        { port: link.localPort, local: { host: pair.farHost, port: listening.port }, tls: false, first: null },
      ])
      expect([link.remoteAddress, link.remotePort]).toEqual([pair.farHost, listening.port])
      link.destroy()
    })

    test('a connection turned away ends', async () => {
      const listening = await listen(pair, (accepted) => accepted.refuse())
      const { link } = linkOf(await pair.until(pair.near.dial(`${pair.farHost}:${listening.port}`, { timeoutMs: 5_000 })))
      link.on('error', () => {})
      link.on('end', () => link.end())
      const closed = new Promise<string>((resolve) => link.on('close', () => resolve('closed')))
      link.resume()
      expect(await pair.until(closed)).toBe('closed')
    })

    test('closing a listener ends what came in through it', async () => {
      const { near, listening } = await connect(pair)
      near.on('end', () => near.end())
      const closed = new Promise<string>((resolve) => near.on('close', () => resolve('closed')))
      near.resume()
      await pair.until(listening.close())
      expect(await pair.until(closed)).toBe('closed')
    })
  })
}

async function listen(pair: NetworkPair, onLink: (accepted: AcceptedLink) => void): Promise<Listening> {
  const listening = await pair.until(pair.far.listen(`${pair.farHost}:0`, onLink))
  if (listening.type === 'failed') throw new Error(listening.text)
  return listening
}

/** A connection with somebody at both ends, who ignore errors. */
async function connect(pair: NetworkPair): Promise<{ readonly near: Link; readonly far: Link; readonly listening: Listening }> {
  let onFar = (_: Link) => {}
  const came = new Promise<Link>((resolve) => {
    onFar = resolve
  })
  const listening = await listen(pair, (accepted) => {
    const { link } = accepted.open(null)
    link.on('error', () => {})
    onFar(link)
  })
  const { link: near } = linkOf(await pair.until(pair.near.dial(`${pair.farHost}:${listening.port}`, { timeoutMs: 5_000 })))
  near.on('error', () => {})
  return { near, far: await pair.until(came), listening }
}

function linkOf(opened: OpenedLink | Failure): OpenedLink {
  if ('type' in opened) throw new Error(opened.text)
  return opened
}

const readAll = (link: Link): Promise<Buffer> =>
  new Promise((resolve) => {
    const pieces: Buffer[] = []
    link.on('data', (bytes) => pieces.push(bytes))
    link.on('end', () => resolve(Buffer.concat(pieces)))
    link.resume()
  })

/** Bytes in which a lost, doubled or swapped piece shows. */
export function pattern(length: number, salt: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((Math.imul(at, 2_654_435_761) ^ salt) >>> 0, at)
  return bytes
}
