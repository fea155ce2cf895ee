// A light login at a stock frps: nothing is opened there, its round trip is timed, and it ends.
import type { TurnSource } from '../../answers.ts'
import type { LoginOutcome } from '../../domain/external-frps.ts'
import { loginRefusalText } from '../../domain/frps-refusal.ts'
import { roundMs } from '../../domain/latency.ts'
import { EXTERNAL_TIMEOUT } from '../../domain/timings.ts'
import { createFrpClient, type FrpClient } from '../../frp/index.ts'
import type { DialOptions, Ports } from '../../ports.ts'
import { isFailureOf } from '../services/carrier.ts'

export type ExternalSource = Extract<TurnSource, { readonly type: 'frp' }>

const SAMPLES = 3

/** TLS unless it is not wanted: every stock frps takes it on the same port. */
export const dialTlsOf = ({ tls, ca, serverName }: ExternalSource): Pick<DialOptions, 'tls'> =>
  tls === 'off' ? {} : { tls: { ...(ca === undefined ? {} : { ca }), ...(serverName === undefined ? {} : { serverName }) } }

/**
 * Logs in and times it: the login itself on the connection that stands, then three pings of the mux, as `/server_info` of a node is
 * asked three times on a warm connection. The best counts. `signal` ends it early.
 */
export function timeLogin(
  { clock, random, network }: Pick<Ports, 'clock' | 'random' | 'network'>,
  source: ExternalSource,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  return new Promise((resolve) => {
    let dialledAt = 0
    let bestMs: number | null = null
    let lasting = false
    const settle = (outcome: LoginOutcome): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      resolve(outcome)
      client.end('only asked')
    }
    const answered = (rttMs: number): void => settle({ type: 'answered', rttMs: roundMs(rttMs) })
    const abort = (): void => settle({ type: 'failed', why: 'it was called off' })
    const timer = clock.setTimeout(
      () => (bestMs === null ? settle({ type: 'failed', why: 'it did not answer the login in time' }) : answered(bestMs)),
      EXTERNAL_TIMEOUT,
    )
    const client: FrpClient = createFrpClient({
      clock,
      randomBytes: (count) => random.bytes(count),
      dialServer: async (reader) => {
        const opened = await network.dial(source.address, {
          timeoutMs: EXTERNAL_TIMEOUT,
          signal,
          ...(reader ? { reader } : {}),
          ...dialTlsOf(source),
        })
        dialledAt = clock.now()
        lasting = isFailureOf(opened) && opened.reason === 'protocol'
        return opened
      },
      dialLocal: async () => ({ type: 'failed', text: 'nothing is exposed here' }),
      token: source.token,
      mux: true,
      tls: source.tls !== 'off',
      wire: source.wire,
      poolCount: 0,
      runId: '',
      keepaliveMs: 0,
      silenceMs: 0,
      peerIsOurs: false,
      tell: (fact) => {
        if (fact.type === 'client.loggedIn') {
          bestMs = clock.now() - dialledAt
          bestPing(client, (pingMs) => answered(Math.min(pingMs, bestMs ?? pingMs)))
        }
        if (fact.type !== 'client.closed') return
        if (fact.refused) settle({ type: 'refused', why: loginRefusalText(fact.why) })
        else settle({ type: lasting ? 'refused' : 'failed', why: fact.why })
      },
    })
    signal.addEventListener('abort', abort)
    client.start()
  })
}

/** The best of three pings, one after another. Never told when the session ends before. */
export function bestPing(client: Pick<FrpClient, 'ping'>, told: (rttMs: number) => void): void {
  const ask = (left: number, bestMs: number): void =>
    client.ping((rttMs) => {
      const best = Math.min(bestMs, rttMs)
      if (left > 1) ask(left - 1, best)
      else told(best)
    })
  ask(SAMPLES, Number.POSITIVE_INFINITY)
}
