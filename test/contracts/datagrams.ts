// What any network's UDP ports promise, as a suite that the virtual and the real one both pass.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DatagramPort } from '../../src/frp/contract.ts'
import type { Failure } from '../../src/ports.ts'
import { type NetworkPair, pattern } from './network.ts'

export function datagramContract(name: string, makePair: () => NetworkPair | Promise<NetworkPair>): void {
  describe(`the datagram contract, kept by ${name}`, () => {
    let pair: NetworkPair
    let open: DatagramPort[]
    beforeEach(async () => {
      pair = await makePair()
      open = []
    })
    afterEach(async () => {
      for (const port of open) await pair.until(port.close())
      await pair.end()
    })

    /** A port on one side, and what comes to it: `next` settles with the first datagram not yet asked for. */
    const openAt = async (side: 'near' | 'far', at = `${pair.farHost}:0`) => {
      const came: { readonly bytes: Buffer; readonly from: { readonly host: string; readonly port: number } }[] = []
      let look = (): void => {}
      const port = portOf(
        await pair.until(
          pair[side].openDatagrams(at, (bytes, from) => {
            came.push({ bytes, from })
            look()
          }),
        ),
      )
      open.push(port)
      const next = () =>
        pair.until(
          new Promise<(typeof came)[number]>((resolve) => {
            look = () => {
              const first = came.shift()
              if (first) resolve(first)
            }
            look()
          }),
        )
      return { port, next, came }
    }
    const both = async () => ({ near: await openAt('near', '0.0.0.0:0'), far: await openAt('far') })

    test('a datagram arrives whole with its sender, who can be answered', async () => {
      const { near, far } = await both()
      near.port.send(Buffer.from('hello'), { host: pair.farHost, port: far.port.port })
      const { bytes, from } = await far.next()
      expect([bytes.toString(), from.port]).toEqual(['hello', near.port.port])
      far.port.send(Buffer.from('well met'), from)
      const answer = await near.next()
      expect([answer.bytes.toString(), answer.from]).toEqual(['well met', { host: pair.farHost, port: far.port.port }])
    })

    test.each([0, 1, 1_400, 9_000, 65_507])('%i bytes stay one datagram', async (length) => {
      const { near, far } = await both()
      const sent = pattern(length, length)
      near.port.send(sent, { host: pair.farHost, port: far.port.port })
      expect((await far.next()).bytes.equals(sent)).toBe(true)
    })

    test('what cannot be sent is lost, and the port goes on', async () => {
      const { near, far } = await both()
      const to = { host: pair.farHost, port: far.port.port }
      near.port.send(Buffer.alloc(65_508), to)
      near.port.send(Buffer.from('to port 0'), { ...to, port: 0 })
      near.port.send(Buffer.from('to nobody'), { host: 'nobody.invalid', port: 53 })
      near.port.send(Buffer.from('fine'), to)
      expect((await far.next()).bytes.toString()).toBe('fine')
      expect(far.came).toEqual([])
    })

    test('a datagram to a port that nobody has is lost, and the port goes on', async () => {
      const { near, far } = await both()
      const gone = await openAt('far')
      await pair.until(gone.port.close())
      near.port.send(Buffer.from('anybody?'), { host: pair.farHost, port: gone.port.port })
      await pair.elapse(20)
      near.port.send(Buffer.from('fine'), { host: pair.farHost, port: far.port.port })
      expect((await far.next()).bytes.toString()).toBe('fine')
      expect(gone.came).toEqual([])
    })

    test('datagrams may be kept, and the sender may write over its own', async () => {
      const { near, far } = await both()
      const mine = Buffer.from('one')
      const to = { host: pair.farHost, port: far.port.port }
      near.port.send(mine, to)
      const first = await far.next()
      mine.write('two')
      near.port.send(mine, to)
      const second = await far.next()
      expect([first.bytes.toString(), second.bytes.toString()]).toEqual(['one', 'two'])
    })

    test('a port in use cannot be opened twice, and is free again once closed', async () => {
      const first = await openAt('far')
      const again = () => pair.until(pair.far.openDatagrams(`${pair.farHost}:${first.port.port}`, () => {}))
      expect(await again()).toEqual({ type: 'failed', reason: 'in-use', text: expect.any(String) })
      await pair.until(first.port.close())
      const second = portOf(await again())
      open.push(second)
      expect(second.port).toBe(first.port.port)
    })

    test('its number may be that of a TCP port', async () => {
      const listening = await pair.until(pair.far.listen(`${pair.farHost}:0`, () => {}))
      if (listening.type === 'failed') throw new Error(listening.text)
      const { port } = await openAt('far', `${pair.farHost}:${listening.port}`)
      expect(port.port).toBe(listening.port)
      await pair.until(listening.close())
    })

    test('a closed port sends and hears nothing, and may be closed again', async () => {
      const { near, far } = await both()
      await pair.until(near.port.close())
      await pair.until(near.port.close())
      near.port.send(Buffer.from('from the grave'), { host: pair.farHost, port: far.port.port })
      await pair.elapse(20)
      expect(far.came).toEqual([])
    })

    test('what is no address of this machine fails', async () => {
      expect(await pair.until(pair.near.openDatagrams('203.0.113.7:0', () => {}))).toEqual({
        type: 'failed',
        reason: 'unreachable',
        text: expect.any(String),
      })
      expect(await pair.until(pair.near.openDatagrams('no address', () => {}))).toEqual({
        type: 'failed',
        reason: 'unreachable',
        text: expect.any(String),
      })
    })
  })
}

function portOf(opened: DatagramPort | Failure): DatagramPort {
  if (opened.type === 'failed') throw new Error(opened.text)
  return opened
}
