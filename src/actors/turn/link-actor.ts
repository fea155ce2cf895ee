// The client's end of a tunnel: logs in at a TURN, has this node carried there and proves that, and carries the services. Everything
// it opened ends with it.
import { type EventObject, fromCallback } from 'xstate'
import type { ServiceSpec, TurnSource } from '../../answers.ts'
import { addressOf, parseAddress } from '../../domain/address.ts'
import { causeOfRefusal, loginRefusalText } from '../../domain/frps-refusal.ts'
import { explain } from '../../domain/service-cause.ts'
import { type PortSpan, readPortSpan } from '../../domain/service-port.ts'
import { PROBE_PERIOD, TUNNEL_KEEPALIVE, TUNNEL_SILENCE } from '../../domain/timings.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import { createFrpClient, type FrpClient, type FrpClientFact } from '../../frp/index.ts'
import type { LinkCommand, LinkFact } from '../../machines/tunnel-machine.ts'
import type { Ports } from '../../ports.ts'
import type { PeerCalls } from '../membership/peer-calls.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import { isFailureOf } from '../services/carrier.ts'
import { createRetirement } from '../services/retirement.ts'
import { portIn } from '../services/service-address.ts'
import type { ServicePorts } from '../services/service-ports.ts'
import type { Services } from '../services/services.ts'
import { type AskedNumber, createAskedNumber } from './asked-number.ts'
import type { ExternalFrps } from './external-frps.ts'
import { bestPing, dialTlsOf, type ExternalSource } from './external-login.ts'
import type { Knocks } from './knocks.ts'
import { createNodeProof } from './node-proof.ts'
import { createTunnelCarrier, proxyOf, requestOf } from './tunnel-carrier.ts'

interface LinkNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly calls: Pick<PeerCalls, 'whoAnswers'>
  readonly services: Pick<Services, 'carriedBy' | 'meter' | 'onlyAt'>
  readonly external: Pick<ExternalFrps, 'measured' | 'refused' | 'rttMs'>
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly servicePorts: ServicePorts
  readonly knocks: Pick<Knocks, 'at'>
  readonly self: string
  /** Users of a tunnel that retires have so long to end their connections. */
  readonly patienceMs: number
  /** Of this process: another one with the same key proves nothing of its tunnel. */
  readonly run: string
  /** Where this node's own HTTP answers to what comes through a tunnel. */
  readonly innerAddress: () => string
  readonly turns: readonly TurnSource[]
  readonly onBug: (error: unknown) => void
}

const DIAL_TIMEOUT = 5_000
/** P2PRC's `/FRPPort` answers before its frps listens; its own client sleeps 5 s. */
const LATE_LISTENER_TRIES = 24
const LATE_LISTENER_WAIT = 250
/** A stock frps in use is timed this often, as nodes are. */
const PING_PERIOD = PROBE_PERIOD
/** TURNs whose earlier session is remembered; the oldest makes room. */
const MOST_RUN_IDS = 64
/**
 * Work connections kept waiting at the TURN, so that a burst of ten users
 * finds one each: a path's round trip less for nine of them.
 */
const POOL = 10

export function createLinkActor(needs: LinkNeeds) {
  const { clock, random, network, calls, services, servicePorts, external, self, innerAddress, onBug } = needs
  const isHere = async (address: string, timeoutMs: number): Promise<boolean> => {
    // A connection that stands says nothing of whether others can make one.
    const answer = await calls.whoAnswers(address, timeoutMs, true)
    return answer.type === 'answerer' && answer.id === self && answer.run === needs.run
  }
  // By frp address. A TURN that still holds this node's earlier session frees its ports at once when it is named.
  const runIds = new Map<string, string>()

  return fromCallback<LinkCommand | EventObject, { turn: TurnCandidate; frpAddress: string }>(({ input, sendBack, receive }) => {
    const { turn, frpAddress } = input
    let ended = false
    const timers = new Set<unknown>()
    const tell = (fact: LinkFact): void => {
      if (!ended) sendBack(fact)
    }
    const after = (ms: number, run: () => void): void => {
      const timer = clock.setTimeout(() => {
        timers.delete(timer)
        if (!ended) run()
      }, ms)
      timers.add(timer)
    }
    const remember = (runId: string): void => {
      const [oldest] = runIds.keys()
      if (oldest !== undefined && runIds.size >= MOST_RUN_IDS) runIds.delete(oldest)
      runIds.delete(frpAddress)
      runIds.set(frpAddress, runId)
    }
    const prefix = `${self.slice(0, 16)}.`
    const nodeProxy = `${self.slice(0, 16)}/node` // no service can be called so
    const host = parseAddress(turn.address)?.host ?? ''
    const named = turn.kind === 'frp' ? needs.turns.find((source) => source.type === 'frp' && source.address === frpAddress) : undefined
    const source: ExternalSource = named?.type === 'frp' ? named : { type: 'frp', address: frpAddress, token: '', tls: 'off', wire: 1 }
    let cut = false
    const noteCut = (): void => {
      cut = true
    }
    const ours = turn.kind === 'moonwalk'

    const dialServer: Parameters<typeof createFrpClient>[0]['dialServer'] = async (reader) => {
      for (let attempt = 1; ; attempt++) {
        const opened = await network.dial(frpAddress, {
          timeoutMs: DIAL_TIMEOUT,
          ...(reader ? { reader } : {}),
          ...(ours && turn.id !== null ? { member: turn.id } : dialTlsOf(source)),
        })
        // Before the mux hears of it: what the mux ends itself, as for silence, is no cut.
        if (!isFailureOf(opened)) {
          opened.link.on('end', noteCut)
          opened.link.on('error', noteCut)
          opened.link.on('close', noteCut)
        }
        const late =
          isFailureOf(opened) &&
          opened.reason === 'refused' &&
          turn.kind === 'p2prc' &&
          !runIds.has(frpAddress) &&
          attempt < LATE_LISTENER_TRIES &&
          !ended
        if (!late) return opened
        await new Promise<void>((resolve) => clock.setTimeout(resolve, LATE_LISTENER_WAIT))
      }
    }

    const pingMs = (): number | null => needs.keeper.current().rows.get(turn.key)?.latency.rttMs ?? external.rttMs(turn.key) ?? null
    const proof = createNodeProof({
      ...{ clock, random, isHere, knock: needs.knocks.at, pingMs, tell, onBug },
      onFirst: () => {
        if (turn.kind === 'frp') measure()
      },
    })
    /** While users are connected a ping waits behind what they move: it counts only where it is better than what is known. */
    const measure = (): void => {
      const { connectionsNow } = client
      bestPing(client, (rttMs) => {
        if (ended) return
        external.measured(turn.key, connectionsNow > 0 ? Math.min(rttMs, external.rttMs(turn.key) ?? rttMs) : rttMs)
        after(PING_PERIOD, measure)
      })
    }
    const askNodePort = (span: PortSpan | null): AskedNumber => {
      const proxy = proxyOf(nodeProxy, { ...NODE, local: innerAddress() })
      const open = (port: number): void => client.openProxy(port === 0 ? proxy : { ...proxy, remotePort: port })
      return createAskedNumber({ servicePorts, service: NODE_PORT_NAME, span, open })
    }
    let number: AskedNumber | null = null
    const nodeStarted = (remoteAddr: string): void => {
      number?.started()
      const address = addressOf(host, portIn(remoteAddr, NODE))
      if (address !== null) proof.begin(address)
    }
    let endCarrying = (_why: string): void => {}
    const hear = (fact: FrpClientFact): void => {
      if (ended) return
      switch (fact.type) {
        case 'client.loggedIn':
          remember(fact.runId)
          tell({ type: 'link.loggedIn' })
          carrier.handsOut(readPortSpan(fact.ports))
          number = askNodePort(readPortSpan(fact.ports))
          number.begin()
          endCarrying = services.carriedBy(carrier)
          return
        case 'client.proxyStarted':
          return fact.proxy === nodeProxy ? nodeStarted(fact.remoteAddr) : carrier.hear(fact)
        case 'client.proxyRefused': {
          if (fact.proxy !== nodeProxy) return carrier.hear(fact)
          const cause = causeOfRefusal(fact.error, requestOf(NODE, turn.name))
          if (number?.refused(cause)) return
          const { text } = explain(cause)
          external.refused(turn.key, text)
          return tell({ type: 'link.closed', why: text })
        }
        case 'client.served':
          return carrier.hear(fact)
        case 'client.closed':
          if (fact.refused) external.refused(turn.key, loginRefusalText(fact.why))
          return tell({ type: 'link.closed', why: fact.refused ? loginRefusalText(fact.why) : plain(fact.why), cut })
      }
    }

    const carrier = createTunnelCarrier({ network, servicePorts, client: () => client, prefix, turn, turnHost: host })
    const client: FrpClient = createFrpClient({
      clock,
      onBug,
      randomBytes: (count) => random.bytes(count),
      dialServer,
      dialLocal: carrier.dialLocal,
      openDatagrams: (address, onDatagram) => network.openDatagrams(address, onDatagram),
      interceptDatagram: carrier.interceptDatagram,
      token: source.token,
      mux: true,
      tls: ours || source.tls !== 'off',
      wire: source.wire,
      poolCount: POOL,
      runId: runIds.get(frpAddress) ?? '',
      keepaliveMs: TUNNEL_KEEPALIVE,
      silenceMs: TUNNEL_SILENCE,
      peerIsOurs: ours,
      meterOf: (proxy) => (proxy === nodeProxy ? null : services.meter(proxy.slice(prefix.length))),
      tell: hear,
    })
    client.start()

    const retirement = createRetirement({
      ...{ clock, patienceMs: needs.patienceMs, users: () => carrier.users() + services.onlyAt(carrier) },
      ended: (why) => tell({ type: 'link.closed', why }),
    })
    receive(({ type }) => {
      if (type === 'link.retire') retirement.begin()
      if (type !== 'link.resume') return
      retirement.callOff()
      proof.again()
    })

    return () => {
      ended = true
      retirement.callOff()
      proof.end()
      number?.left()
      for (const timer of timers) clock.clearTimeout(timer)
      client.end('this node moved on')
      endCarrying('its tunnel is gone')
    }
  })
}

/** This node's own HTTP, carried like a service. */
const NODE: ServiceSpec = { name: 'node', kind: 'tcp', local: '', domain: null }
/** Its number comes from this, as a service's from its name; no service can be called so. */
const NODE_PORT_NAME = '/node'

/** A socket's error message in words. */
function plain(why: string): string {
  if (/ECONNRESET|EPIPE/.test(why)) return 'connection reset'
  return /ETIMEDOUT/.test(why) ? 'connection timed out' : why
}
