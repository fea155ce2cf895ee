// Speed tests: with one peer at a time, both ways, until each way's rate is known. Whoever is busy says so.
import { hostKind, parseAddress } from '../../domain/address.ts'
import { type BothWays, believed, isSurprise, limitOf, type SpeedFigure, wantsSecondLook } from '../../domain/speed-figure.ts'
import type { Failure, Lane, Ports } from '../../ports.ts'
import type { PeerRequests } from './peer-requests.ts'
import { BUSY, type Busy, isRefused } from './speed-answers.ts'
import { createSpeedService, type SpeedService, type SpeedServiceNeeds } from './speed-service.ts'
import { type Sustained, sustainedRate } from './speed-sustained.ts'
import { openConnections } from './speed-transfer.ts'

export interface SpeedResult extends BothWays {
  readonly type: 'speed'
  readonly down: SpeedFigure
  readonly up: SpeedFigure
}

/** What a test may be surprised by: the last one's figures. */
export interface KnownSpeed {
  readonly downMbps: number | null
  readonly upMbps: number | null
}

export interface Speed {
  /**
   * Tests with whoever is at the address; once more where that is far from what was known, or says itself that it is little to go by. `busy` when it, or
   * this node, has another test under way; then `retryAfterMs` is the appointment that it gives. By the
   * `schedule` it may refuse for longer. Default: a person.
   */
  test(address: string, lane: Lane, known?: KnownSpeed, by?: 'person' | 'schedule'): Promise<SpeedResult | Failure | Busy>
  /** One stream, two seconds, as the schedule has it. */
  sustain(address: string, lane: Lane): Promise<Sustained | Failure | Busy>
  /** The serving side of our routes and of P2PRC's. Null: not one of them. */
  readonly answer: SpeedService['answer']
}

interface SpeedNeeds extends Pick<Ports, 'clock' | 'random'>, Pick<SpeedServiceNeeds, 'closedBy' | 'spend'> {
  readonly http: PeerRequests
  readonly ownAddresses: () => readonly (string | null)[]
  /** Who asks over the members' channel is a member. In an open network anybody may, and has as many ids as it likes. */
  readonly isPrivate: boolean
}

export function createSpeed({ clock, random, http, ownAddresses, isPrivate, closedBy, spend }: SpeedNeeds): Speed {
  const names = random.fork('names of speed tests')
  /** `self`: the one test that this node may serve itself meanwhile. */
  let testing: 'other' | 'self' | null = null
  const service = createSpeedService({ clock, isPrivate, isTesting: () => testing === 'other', closedBy, spend })

  const newName = (): string => Buffer.from(names.bytes(8)).toString('hex')
  const once = async (address: string, lane: Lane, isAutomatic: boolean): Promise<SpeedResult | Failure | Busy> => {
    const test = newName()
    const opened = await openConnections({ ...{ clock, http, address, lane, test, isAutomatic }, onMoved: isAutomatic ? spend : () => {} })
    if (isRefused(opened)) return opened
    const down = await opened.download()
    if (isRefused(down)) return down
    const up = await opened.upload()
    if (isRefused(up)) return up
    return resultOf({
      ...{ downBytes: down.bytes, upBytes: up.bytes, downMs: Math.round(down.ms), upMs: Math.round(up.ms) },
      down: { ...down.plateau, limitedBy: limitOf([down.busy, up.far.busyDown ?? 0]) },
      up: { ...up.plateau, limitedBy: limitOf([up.busy, up.far.busyUp ?? 0]) },
    })
  }

  const twice = async (address: string, lane: Lane, known: KnownSpeed, isAutomatic: boolean): ReturnType<Speed['test']> => {
    const first = await once(address, lane, isAutomatic)
    if (first.type !== 'speed') return first
    const isWanted = isLoopback(address) ? isSurpriseOf : wantsSecondLook
    if (!isWanted(known.downMbps, first.down) && !isWanted(known.upMbps, first.up)) return first
    if (isAutomatic && closedBy() !== null) return first
    const second = await once(address, lane, isAutomatic)
    if (second.type !== 'speed') return first
    return resultOf({
      downBytes: first.downBytes + second.downBytes,
      upBytes: first.upBytes + second.upBytes,
      downMs: first.downMs + second.downMs,
      upMs: first.upMs + second.upMs,
      down: believed(known.downMbps, first.down, second.down),
      up: believed(known.upMbps, first.up, second.up),
    })
  }

  /** One at a time. Strangers could keep a person from testing by testing all the time. */
  const alone = async <T>(address: string, by: 'person' | 'schedule', run: () => Promise<T>): Promise<T | Busy> => {
    if (testing !== null || (by === 'person' ? !service.makeRoom() : service.isBusy())) return BUSY
    testing = ownAddresses().includes(address) ? 'self' : 'other'
    try {
      return await run()
    } finally {
      testing = null
    }
  }

  return {
    test: (address, lane, known = NOTHING_KNOWN, by = 'person') => alone(address, by, () => twice(address, lane, known, by === 'schedule')),
    sustain: (address, lane) =>
      alone(address, 'schedule', () => sustainedRate({ ...{ clock, http, address, lane, test: newName() }, onMoved: spend })),
    answer: service.answer,
  }
}

/** Within a machine its processor is the path, which seldom settles: a second look finds the same. */
const isLoopback = (address: string): boolean => hostKind(parseAddress(address)?.host ?? '') === 'loopback'
const isSurpriseOf = (knownMbps: number | null, { mbps }: SpeedFigure): boolean => isSurprise(knownMbps, mbps)

const NOTHING_KNOWN: KnownSpeed = { downMbps: null, upMbps: null }

const resultOf = (of: Pick<SpeedResult, 'down' | 'up' | 'downBytes' | 'upBytes' | 'downMs' | 'upMs'>): SpeedResult => ({
  type: 'speed',
  downMbps: of.down.mbps,
  upMbps: of.up.mbps,
  ...of,
  confidence: Math.min(of.down.confidence, of.up.confidence),
})
