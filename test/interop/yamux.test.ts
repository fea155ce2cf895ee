// Our sessions against hashicorp/yamux, which of the two dialled and which of the two opens streams either way.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type Arrived,
  digest,
  join,
  type Role,
  readAll,
  roundTrip,
  type Session,
  startSession,
  YAMUX_VERSIONS,
  yamuxPeer,
} from './yamux-rig.ts'

const MiB = 1 << 20
const SIZES = [1, 65_536, 3 * MiB, 9 * MiB]
const ROLES: readonly Role[] = ['client', 'server']

describe.each(YAMUX_VERSIONS.flatMap((version) => ROLES.map((role) => ({ version, role }))))(
  'with yamux $version as the $role',
  ({ version, role }) => {
    let binary = ''
    let session: Session
    const start = async (more: readonly string[] = []): Promise<Session> => {
      session = await startSession(binary, role, more)
      return session
    }
    beforeAll(() => {
      binary = yamuxPeer(version)
    })
    afterEach(() => session.end())

    test.each(SIZES)('%i bytes come back from it whole', async (count) => {
      const { sent, back } = await roundTrip(await (await start()).ask('echo'), count)
      expect(digest(back)).toEqual(sent)
    })

    test.each(SIZES)('%i bytes that it sends come back to it whole', async (count) => {
      const { back } = await roundTrip(await (await start()).ask(`dial 1 ${count}`), 0)
      expect(back.toString()).toBe('ok 1\n')
    })

    test.each(SIZES)('%i bytes of its own arrive as it made them', async (count) => {
      const { back } = await roundTrip(await (await start()).ask(`send ${count}`), 0)
      expect({ bytes: back.length, sha256: digest(back.subarray(0, count)).sha256 }).toEqual({
        bytes: count + 32,
        sha256: back.subarray(count).toString('hex'),
      })
    })

    test.each(SIZES)('its answer arrives on a stream whose sending side ended after %i bytes', async (count) => {
      const { sent, back } = await roundTrip(await (await start()).ask('count'), count)
      expect(back.toString()).toBe(`${sent.bytes} ${sent.sha256}\n`)
    })

    test.each(SIZES)('our answer of %i bytes arrives there though its sending side ended before we began', async (count) => {
      await start()
      session.onStream = async (stream) => {
        const socket = await join(stream)
        socket.end(await readAll(socket))
      }
      const { back } = await roundTrip(await session.ask(`dial 1 ${count}`), 0)
      expect(back.toString()).toBe('ok 1\n')
    })

    test('fifty streams at once each get their own bytes back', async () => {
      await start()
      const all = await Promise.all(
        Array.from({ length: 50 }, async (_, nth): Promise<readonly Arrived[]> => {
          const { sent, back } = await roundTrip(await session.ask('echo'), 100_000 + nth)
          return [sent, digest(back)]
        }),
      )
      expect(all.map(([, back]) => back)).toEqual(all.map(([sent]) => sent))
      expect(new Set(all.map(([sent]) => sent?.sha256)).size).toBe(50)
    })

    test('fifty streams that it opens at once each bring their own bytes back', async () => {
      const { back } = await roundTrip(await (await start()).ask('dial 50 100000'), 0)
      expect(back.toString()).toBe('ok 50\n')
    })

    test('a stream that it never reads delays no other, and holds no more than its window', async () => {
      await start()
      const stalled = session.open('stall')
      const socket = await join(stalled)
      socket.write(Buffer.alloc(9 * MiB))
      const { sent, back } = await roundTrip(await session.ask('echo'), 9 * MiB)
      expect(digest(back)).toEqual(sent)
      expect(stalled.bytesOut).toBe(256 * 1024)
    })

    test('a stream that we never read delays no other, and what was held arrives once it is read', async () => {
      await start()
      const slow = await session.ask(`send ${32 * MiB}`)
      slow.pause()
      const { sent, back } = await roundTrip(await session.ask('echo'), 9 * MiB)
      expect(digest(back)).toEqual(sent)
      const late = await readAll(slow)
      expect(digest(late.subarray(0, 32 * MiB)).sha256).toBe(late.subarray(32 * MiB).toString('hex'))
      slow.end()
    })

    test('a stream that we reset is cut off there, and the session lives on', async () => {
      await start()
      session.open('watch').reset()
      expect(await session.peer.line(/^watched|^a stream without a wish/)).toMatch(/connection reset/)
      const { sent, back } = await roundTrip(await session.ask('echo'), 65_536)
      expect(digest(back)).toEqual(sent)
    })

    test('a stream that we reset with bytes on their way takes none of the others with it', async () => {
      await start()
      const stream = session.open(`send ${9 * MiB}`)
      await new Promise<void>((resolve) => {
        stream.onBytes = () => resolve()
      })
      const echo = roundTrip(await session.ask('echo'), 3 * MiB)
      stream.reset()
      const { sent, back } = await echo
      expect({ back: digest(back), closed: session.mux.closed }).toEqual({ back: sent, closed: false })
    })

    test('a stream that it resets is gone here, and the session lives on', async () => {
      await start(['-close-timeout', '100ms'])
      const stream = session.open('leave')
      await new Promise<void>((resolve) => {
        stream.onGone = resolve
      })
      const { sent, back } = await roundTrip(await session.ask('echo'), 65_536)
      expect({ back: digest(back), closed: session.mux.closed }).toEqual({ back: sent, closed: false })
    })

    test('after its GoAway we open no more, and what is open lives on', async () => {
      await start()
      const echo = await session.ask('echo')
      const { back } = await roundTrip(await session.ask('goaway'), 0)
      expect(back.toString()).toBe('asked\n')
      expect(session.mux.open()).toBeNull()
      const { sent, back: echoed } = await roundTrip(echo, 3 * MiB)
      expect(digest(echoed)).toEqual(sent)
    })

    test('after our GoAway it opens no more, and what is open lives on', async () => {
      await start()
      const echo = await session.ask('echo')
      session.mux.goAway()
      const { back } = await roundTrip(await session.ask('try'), 0)
      expect(back.toString()).toBe('remote end is not accepting connections\n')
      const { sent, back: echoed } = await roundTrip(echo, 3 * MiB)
      expect(digest(echoed)).toEqual(sent)
    })

    test('we notice that it is gone', async () => {
      await start()
      await session.peer.end()
      expect(await session.over).toMatch(/closed|ECONNRESET/)
    })

    test('it notices that we are gone', async () => {
      await start()
      session.mux.close('enough')
      expect(await session.peer.line(/^session over/)).toMatch(/EOF|shutdown/)
    })
  },
)
