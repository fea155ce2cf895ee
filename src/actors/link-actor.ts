// The client's end of a tunnel: logs in at a TURN, registers this node and its services there, and proves each before it
// counts. Everything it opened ends with it.
import { type EventObject, fromCallback } from 'xstate'
import type { ServiceSpec, TurnSource } from '../answers.ts'
import { addressOf, parseAddress } from '../domain/address.ts'
import { TUNNEL_KEEPALIVE, TUNNEL_SILENCE } from '../domain/timings.ts'
import type { TurnCandidate } from '../domain/turn-choice.ts'
import { createFrpClient } from '../frp/client.ts'
import type { FrpClientFact } from '../frp/contract.ts'
import type { LinkFact } from '../machines/tunnel-machine.ts'
import type { Ports } from '../ports.ts'
import type { PeerCalls } from './peer-calls.ts'
import { createProbeDatagrams } from './probe-datagrams.ts'
import { portIn, publicOf } from './service-address.ts'
import { createServiceProof, isFailureOf } from './service-proof.ts'
import type { Services } from './services.ts'

interface LinkNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly calls: PeerCalls
  readonly services: Services
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
/** Stock ends answer pings within 10 s or not at all; ours at once. */
const STRANGER_KEEPALIVE = 10_000
const STRANGER_SILENCE = 10_000
/** Work connections kept waiting at the TURN, so that a burst of ten users finds one each: a path's round trip less for nine of them. */
const POOL = 10
const PROOF_TRIES = 20
const PROOF_WAIT = 100
/** A service that is not up is proven again this often. */
const PROOF_PERIOD = 3_000

export function createLinkActor(needs: LinkNeeds) {
  const { clock, random, network, calls, services, self, innerAddress } = needs
  // A TURN that still holds this node's earlier session frees its ports at once when it is named.
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
    const proofs = createServiceProof({ clock, network, probes })
    const prefix = `${self.slice(0, 16)}.`
    const nodeProxy = `${prefix}node`
    const host = parseAddress(turn.address)?.host ?? ''
    const stock = needs.turns.find((source) => source.type === 'frp' && source.address === frpAddress)
    const source = stock?.type === 'frp' ? stock : { token: '', tls: null, wire: 1 as const }
    const ours = turn.kind === 'moonwalk'

    const dialServer: Parameters<typeof createFrpClient>[0]['dialServer'] = async (reader) => {
      for (let attempt = 1; ; attempt++) {
        const opened = await network.dial(frpAddress, {
          timeoutMs: DIAL_TIMEOUT,
          ...(reader ? { reader } : {}),
          ...(source.tls === 'force' ? { tls: {} } : {}),
        })
        const late = isFailureOf(opened) && opened.reason === 'refused' && turn.kind === 'p2prc' && attempt < LATE_LISTENER_TRIES && !ended
        if (!late) return opened
        await new Promise<void>((resolve) => clock.setTimeout(resolve, LATE_LISTENER_WAIT))
      }
    }

    const proveNode = async (address: string, attempt = 1): Promise<void> => {
      const id = await calls.echo(address)
      if (ended) return
      if (id === self) return tell({ type: 'link.proven', address })
      if (attempt < PROOF_TRIES) after(PROOF_WAIT, () => void proveNode(address, attempt + 1))
    }
    const proveService = async (spec: ServiceSpec, address: string): Promise<void> => {
      const why = await proofs.prove(prefix + spec.name, address, spec)
      if (ended || !services.specs().some(({ name }) => name === spec.name)) return
      services.note(
        spec.name,
        why === null ? { state: 'up', public: publicOf(spec, address), error: null } : { state: 'opening', public: null, error: why },
      )
      if (why !== null) after(PROOF_PERIOD, () => void proveService(spec, address))
    }
    const started = (proxy: string, remoteAddr: string): void => {
      const spec = proxy === nodeProxy ? NODE : services.specs().find(({ name }) => prefix + name === proxy)
      const address = spec ? addressOf(host, portIn(remoteAddr, spec)) : null
      if (!spec || address === null) return
      if (proxy === nodeProxy) void proveNode(address)
      else void proveService(spec, address)
    }

    const hear = (fact: FrpClientFact): void => {
      if (ended) return
      switch (fact.type) {
        case 'client.loggedIn':
          runIds.set(turn.key, fact.runId)
          tell({ type: 'link.loggedIn' })
          open({ ...NODE, local: innerAddress() })
          for (const spec of services.specs()) open(spec)
          return
        case 'client.proxyStarted':
          return started(fact.proxy, fact.remoteAddr)
        case 'client.proxyRefused':
          if (fact.proxy === nodeProxy) return tell({ type: 'link.closed', why: `the TURN gave no port: ${fact.error}` })
          return services.note(fact.proxy.slice(prefix.length), {
            state: 'down',
            public: null,
            error: `the TURN refused it: ${plainRefusal(fact.error)}`,
          })
        case 'client.served':
          return proofs.served(fact.proxy, fact.ok ? null : (fact.error ?? 'the local service did not answer'))
        case 'client.closed':
          return tell({ type: 'link.closed', why: plain(fact.why) })
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
      tls: source.tls === 'force',
      wire: source.wire,
      poolCount: POOL,
      runId: runIds.get(turn.key) ?? '',
      keepaliveMs: ours ? TUNNEL_KEEPALIVE : STRANGER_KEEPALIVE,
      silenceMs: ours ? TUNNEL_SILENCE : STRANGER_SILENCE,
      peerIsOurs: ours,
      tell: hear,
    })
    const open = (spec: ServiceSpec): void => {
      client.openProxy({
        name: prefix + spec.name,
        type: spec.kind,
        local: spec.local,
        remotePort: 0,
        customDomains: spec.domain === null ? [] : [spec.domain],
        useEncryption: false,
        useCompression: false,
      })
    }
    const watching = services.changes$.subscribe(({ type, name }) => {
      const spec = services.specs().find((one) => one.name === name)
      if (type === 'added' && spec) open(spec)
      if (type === 'removed') client.closeProxy(prefix + name)
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
