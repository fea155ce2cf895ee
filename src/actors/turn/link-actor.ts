// The client's end of a tunnel: logs in at a TURN, registers this node and its services there, and proves each before it
// counts. Everything it opened ends with it.
import { type EventObject, fromCallback } from 'xstate'
import type { ServiceSpec, TurnSource } from '../../answers.ts'
import { addressOf, parseAddress } from '../../domain/address.ts'
import { PROBE_PERIOD, TUNNEL_KEEPALIVE, TUNNEL_SILENCE } from '../../domain/timings.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import { createFrpClient, type FrpClientFact } from '../../frp/index.ts'
import type { LinkFact } from '../../machines/tunnel-machine.ts'
import type { Ports } from '../../ports.ts'
import type { PeerCalls } from '../membership/peer-calls.ts'
import { createProbeDatagrams } from '../services/probe-datagrams.ts'
import { portIn, publicOf } from '../services/service-address.ts'
import { createServiceProof, isFailureOf } from '../services/service-proof.ts'
import { proxyWishes } from '../services/service-wishes.ts'
import type { Services } from '../services/services.ts'
import { bestPing, dialWishOf, type StockSource } from './stock-login.ts'
import type { StockTurns } from './stock-turns.ts'

interface LinkNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly calls: PeerCalls
  readonly services: Services
  readonly stock: StockTurns
  readonly self: string
  /** Where this node's own HTTP answers to what comes through a tunnel. */
  readonly innerAddress: () => string
  readonly turns: readonly TurnSource[]
}

const DIAL_TIMEOUT = 5_000
const LOCAL_DIAL_TIMEOUT = 10_000
/** P2PRC's `/FRPPort` answers before its frps listens; its own client sleeps 5 s. */
const LATE_LISTENER_TRIES = 24
const LATE_LISTENER_WAIT = 250
/** A stock frps in use is timed this often, as nodes are. */
const PING_PERIOD = PROBE_PERIOD
/** TURNs whose earlier session is remembered; the oldest makes room. */
const MOST_RUN_IDS = 64
/** Work connections kept waiting at the TURN, so that a burst of ten users finds one each: a path's round trip less for nine of them. */
const POOL = 10
const PROOF_TRIES = 20
const PROOF_WAIT = 100
/** A service that is not up is proven again this often. */
const PROOF_PERIOD = 3_000
/** A service that the TURN refused is asked for again this often: its port or domain may have become free. As stock frpc does. */
const REFUSED_PERIOD = 30_000

export function createLinkActor(needs: LinkNeeds) {
  const { clock, random, network, calls, services, stock, self, innerAddress } = needs
  // By frp address. A TURN that still holds this node's earlier session frees its ports at once when it is named.
  const runIds = new Map<string, string>()
  const probes = createProbeDatagrams(random)

  return fromCallback<EventObject, { turn: TurnCandidate; frpAddress: string }>(({ input: { turn, frpAddress }, sendBack }) => {
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
    const proofs = createServiceProof({ clock, network, probes })
    const prefix = `${self.slice(0, 16)}.`
    const nodeProxy = `${self.slice(0, 16)}/node` // no service can be called so
    const host = parseAddress(turn.address)?.host ?? ''
    const named = turn.kind === 'frp' ? needs.turns.find((source) => source.type === 'frp' && source.address === frpAddress) : undefined
    const source: StockSource = named?.type === 'frp' ? named : { type: 'frp', address: frpAddress, token: '', tls: 'off', wire: 1 }
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
          ...dialWishOf(source),
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

    const proveNode = async (address: string, attempt = 1): Promise<void> => {
      const id = await calls.echo(address)
      if (ended) return
      if (id === self) {
        tell({ type: 'link.proven', address, atMs: clock.wallMs() })
        if (turn.kind === 'frp') measure()
        return
      }
      if (attempt < PROOF_TRIES) after(PROOF_WAIT, () => void proveNode(address, attempt + 1))
    }
    /** Where the TURN has opened each service, as long as it has. */
    const places = new Map<string, { readonly address: string }>()
    const proveService = async (spec: ServiceSpec, place: { readonly address: string }): Promise<void> => {
      const { address } = place
      const shared = spec.options?.group !== undefined
      const why = await proofs.prove(prefix + spec.name, address, spec, shared)
      if (ended || places.get(spec.name) !== place) return
      services.note(
        spec.name,
        why === null ? { state: 'up', public: publicOf(spec, address), error: null } : { state: 'opening', public: null, error: why },
      )
      if (why !== null) after(PROOF_PERIOD, () => void proveService(spec, place))
    }
    /** While users are connected a ping waits behind what they move: it counts only where it is better than what is known. */
    const measure = (): void => {
      const { connectionsNow } = client
      bestPing(client, (rttMs) => {
        if (ended) return
        stock.measured(turn.key, connectionsNow > 0 ? Math.min(rttMs, stock.rttMs(turn.key) ?? rttMs) : rttMs)
        after(PING_PERIOD, measure)
      })
    }
    const started = (proxy: string, remoteAddr: string): void => {
      const spec = proxy === nodeProxy ? NODE : services.specs().find(({ name }) => prefix + name === proxy)
      const address = spec ? addressOf(host, portIn(remoteAddr, spec)) : null
      if (!spec || address === null) return
      if (proxy === nodeProxy) return void proveNode(address)
      const place = { address }
      places.set(spec.name, place)
      void proveService(spec, place)
    }
    const down = (proxy: string, error: string): void => {
      const name = proxy.slice(prefix.length)
      places.delete(name)
      services.note(name, { state: 'down', public: null, error })
    }

    const hear = (fact: FrpClientFact): void => {
      if (ended) return
      switch (fact.type) {
        case 'client.loggedIn':
          remember(fact.runId)
          tell({ type: 'link.loggedIn' })
          open({ ...NODE, local: innerAddress() }, nodeProxy)
          for (const spec of services.specs()) open(spec)
          return
        case 'client.proxyStarted':
          return started(fact.proxy, fact.remoteAddr)
        case 'client.proxyRefused':
          if (fact.proxy === nodeProxy) {
            stock.refused(turn.key, `it gave no port: ${fact.error}`)
            return tell({ type: 'link.closed', why: `the TURN gave no port: ${fact.error}` })
          }
          down(fact.proxy, `the TURN refused it: ${plainRefusal(fact.error)}`)
          return after(REFUSED_PERIOD, () => reopen(fact.proxy))
        case 'client.proxyUnhealthy':
          return down(fact.proxy, `its check fails: ${fact.why}`)
        case 'client.served':
          return proofs.served(fact.proxy, fact.ok ? null : (fact.error ?? 'the local service did not answer'))
        case 'client.closed':
          if (fact.refused) stock.refused(turn.key, fact.why)
          return tell({ type: 'link.closed', why: plain(fact.why), cut })
      }
    }

    const client = createFrpClient({
      clock,
      randomBytes: (count) => random.bytes(count),
      dialServer,
      dialLocal: (target, reader) => network.dial(target, { timeoutMs: LOCAL_DIAL_TIMEOUT, ...(reader ? { reader } : {}) }),
      openDatagrams: (address, onDatagram) => network.openDatagrams(address, onDatagram),
      interceptDatagram: (proxy, bytes) => proofs.intercept(proxy, bytes),
      token: source.token,
      mux: true,
      tls: source.tls !== 'off',
      wire: source.wire,
      poolCount: POOL,
      runId: runIds.get(frpAddress) ?? '',
      keepaliveMs: TUNNEL_KEEPALIVE,
      silenceMs: TUNNEL_SILENCE,
      peerIsOurs: ours,
      meterOf: (proxy) => services.meter(proxy.slice(prefix.length)),
      tell: hear,
    })
    const open = (spec: ServiceSpec, name = prefix + spec.name): void => {
      client.openProxy({
        name,
        type: spec.kind,
        local: spec.local,
        customDomains: spec.domain === null ? [] : [spec.domain],
        ...proxyWishes(spec.options),
      })
    }
    const reopen = (proxy: string): void => {
      const spec = services.specs().find(({ name }) => prefix + name === proxy)
      if (spec) open(spec)
    }
    const watching = services.changes$.subscribe(({ type, name }) => {
      const spec = services.specs().find((one) => one.name === name)
      if (type === 'added' && spec) open(spec)
      if (type !== 'removed') return
      places.delete(name)
      client.closeProxy(prefix + name)
    })
    client.start()

    return () => {
      ended = true
      watching.unsubscribe()
      for (const timer of timers) clock.clearTimeout(timer)
      proofs.stop()
      client.end('this node moved on')
      services.noteAll({ state: 'opening', error: null })
    }
  })
}

/** This node's own HTTP, carried like a service. */
const NODE: ServiceSpec = { name: 'node', kind: 'tcp', local: '', domain: null }

/** frp's text for a domain that is somebody else's says nothing to a person. */
const plainRefusal = (error: string): string => (error === 'router config conflict' ? `its domain is taken there (${error})` : error)

/** A socket's error message in words. */
function plain(why: string): string {
  if (/ECONNRESET|EPIPE/.test(why)) return 'connection reset'
  return /ETIMEDOUT/.test(why) ? 'connection timed out' : why
}
