import { describe, expect, test } from 'vitest'
import { BytesInFlight, type FlightLimits } from '../../../src/frp/mux/bytes-in-flight.ts'
import { InteractiveStreams } from '../../../src/frp/mux/interactive-streams.ts'
import { HEADER_BYTES, putHeader } from '../../../src/frp/mux/yamux-frame.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { settle } from '../frp-clock.ts'
import { linkPair } from '../link-pair.ts'
import { muxAndWire } from '../mux-rig.ts'

const KIB = 1 << 10
const limits: FlightLimits = {
  interactiveFlightBytes: 256 * KIB,
  interactiveFlightBytesPerMs: 128 * KIB,
  flightMaxRttMs: 20,
  flightTimeoutMs: 500,
}

describe('an interactive stream', () => {
  test('is one with a small piece in the last half second, and no large one since', () => {
    const clock = new VirtualClock()
    const interactive = new InteractiveStreams(clock)
    const seen = [interactive.any]
    interactive.small(1)
    interactive.small(3)
    seen.push(interactive.any)
    interactive.large(1)
    seen.push(interactive.any)
    interactive.large(3)
    seen.push(interactive.any)
    interactive.small(5)
    clock.pass(499)
    seen.push(interactive.any)
    clock.pass(1)
    seen.push(interactive.any)
    expect(seen).toEqual([false, true, true, false, true, false])
  })
})

describe('bulk in flight', () => {
  /** Sends until it is full, with a ping where one is wanted; answers how many KiB. */
  const fill = (flight: BytesInFlight, ids: number[]): number => {
    let kib = 0
    for (; !flight.full && kib < 16_384; kib += 64) {
      flight.busy()
      if (flight.sent(64 * KIB, true)) flight.probed(ids.push(ids.length + 1))
    }
    return kib
  }
  const measured = (rttMs: number): { flight: BytesInFlight; clock: VirtualClock } => {
    const clock = new VirtualClock()
    const flight = new BytesInFlight(limits, clock)
    flight.probed(99)
    clock.pass(rttMs)
    flight.answered(99)
    return { flight, clock }
  }

  test.each([
    ['on the same machine', 0, 256],
    ['two milliseconds away', 2, 256],
    ['ten milliseconds away', 10, 1_280],
    ['far away: not at all', 21, 16_384],
  ])('is bounded %s', (_, rttMs, kib) => {
    expect(fill(measured(rttMs).flight, [])).toEqual(kib)
  })

  test('makes room as the pings behind it are answered', () => {
    const { flight } = measured(0)
    const ids: number[] = []
    fill(flight, ids)
    expect([flight.answered(ids[1] ?? 0), flight.full, fill(flight, ids), flight.answered(77)]).toEqual([true, false, 128, false])
  })

  test('is forgotten when no answer comes', () => {
    const { flight } = measured(0)
    fill(flight, [])
    flight.giveUp()
    expect([flight.full, fill(flight, [])]).toEqual([false, 256])
  })

  test('that went out unwatched is waited for once the first ping behind it is sent', () => {
    const { flight } = measured(0)
    flight.busy()
    flight.sent(1_024 * KIB, false)
    const before = flight.full
    flight.probed(7)
    expect([before, flight.full, flight.answered(7), flight.full]).toEqual([false, true, true, false])
  })

  test('a round trip behind bulk counts only where it is the shortest yet', () => {
    const { flight, clock } = measured(10)
    const ids: number[] = []
    fill(flight, ids)
    clock.pass(15)
    flight.answered(ids.at(-1) ?? 0)
    const slow = fill(flight, ids)
    clock.pass(4)
    flight.answered(ids.at(-1) ?? 0)
    expect([slow, fill(flight, ids)]).toEqual([1_280, 512])
  })
})

describe('a session', () => {
  const hex = (type: number, flags: number, id: number, length: number): string => {
    const bytes = Buffer.alloc(HEADER_BYTES)
    putHeader(bytes, type, flags, id, length)
    return bytes.toString('hex')
  }
  const pings = (sent: readonly string[]): readonly number[] =>
    sent.filter((line) => line.startsWith('ping syn')).map((line) => Number(line.split(' +').at(-1)?.split(' ').at(-1)))
  const bytesOf = (sent: readonly string[]): number =>
    sent.filter((line) => line.startsWith('data 1 ')).reduce((sum, line) => sum + Number(/(\d+) bytes/.exec(line)?.[1] ?? 0), 0)

  test('sends bulk beside an interactive stream only as far as its pings are answered, or long unanswered', async () => {
    const { end, clock, sent, say } = muxAndWire({ limits: { ...limits, slabMaxBytes: 64 * KIB } })
    say(hex(1, 1, 1, 0) + hex(1, 1, 3, 0) + hex(1, 0, 1, 64 << 20))
    await settle()
    const [bulkNear, bulkFar] = linkPair()
    const [terminalNear, terminalFar] = linkPair()
    const relayed = { direct: false, rest: null, closeTogether: false }
    end.streams[0]?.relay(bulkNear, relayed)
    end.streams[1]?.relay(terminalNear, relayed)
    terminalFar.write(Buffer.from('l'))
    await settle()
    expect(sent.slice(2)).toEqual(['ping syn 0 1', 'data 3 "l"'])
    say(hex(2, 2, 0, 1)) // a path of no length
    await settle()
    bulkFar.write(Buffer.alloc(4 << 20))
    await settle()
    const first = bytesOf(sent)
    expect(first).toBeLessThan(512 * KIB)
    say(hex(2, 2, 0, pings(sent).at(-1) ?? 0))
    await settle()
    const second = bytesOf(sent)
    expect([second > first, second - first < 512 * KIB]).toEqual([true, true])
    terminalFar.write(Buffer.from('s'))
    clock.pass(499)
    await settle()
    expect(bytesOf(sent)).toEqual(second)
    clock.pass(1)
    await settle()
    expect(bytesOf(sent)).toBeGreaterThan(second)
  })
})
