// One work connection at the service's end: it waits to be told whose bytes it carries, then joins them to the local service.
import { throwBug } from '../bugs.ts'
import type { FrpClientOptions, FrpFailure, ProxySpec } from '../contract.ts'
import { isTransparent, joinedLink } from '../links/joined-link.ts'
import type { OpenedLink } from '../links/link.ts'
import { NO_BYTES, type Traffic } from '../meters/traffic.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import { createCoder } from '../wire/coding.ts'
import { privilegeKey, streamKey } from '../wire/crypto.ts'
import { datagramLimits } from '../wire/datagram-size.ts'
import { firstMessage } from '../wire/first-message.ts'
import type { MessageOf } from '../wire/messages.ts'
import { proxyHeader } from '../wire/proxy-protocol.ts'
import { wireOf } from '../wire/wire.ts'
import type { ClientProxies } from './client-proxies.ts'

export interface WorkHost {
  readonly options: FrpClientOptions
  readonly traffic: Traffic
  readonly runId: () => string
  readonly peerIsOurs: () => boolean
  /** The largest datagram that the TURN says it takes; 0: it says nothing. */
  readonly peerDatagramBytes: () => number
  readonly proxies: Pick<ClientProxies, 'find' | 'limitOf' | 'udpOf'>
  /** It carries a user's connection now, or is gone. Once, unless dropped before. */
  readonly joined: () => void
}

/** Announces the stream as a work connection and serves what comes. Answers a function that drops it while it waits or dials. */
export function serveWork(stream: MuxStream, host: WorkHost): () => void {
  const { options } = host
  const wire = wireOf(options.wire)
  let over = false
  const finish = (): void => {
    over = true
    host.joined()
  }
  const fail = (): void => {
    if (over) return
    finish()
    stream.onGone = null
    stream.reset()
  }
  const stopWaiting = firstMessage(stream, {
    clock: options.clock,
    source: wire.source(),
    timeoutMs: null,
    onMessage: (message, rest) => {
      const spec = message.type === 'startWorkConn' && message.error === '' ? host.proxies.find(message.proxyName) : null
      if (message.type !== 'startWorkConn' || spec === null) fail()
      else if (spec.type === 'udp') carryDatagrams(spec, rest)
      else dial(message, spec, rest)
    },
    onFail: fail,
  })
  const carryDatagrams = (spec: ProxySpec, rest: Buffer | null): void => {
    const udp = host.proxies.udpOf(spec)
    if (udp === null) return fail()
    finish()
    host.traffic.hold(spec.name, stream, () => udp.lost(stream))
    const coder = createCoder({ ...spec, key: streamKey(options.token), randomBytes: options.randomBytes })
    udp.attach(stream, rest, { coder, limits: datagramLimits(wire, host.peerDatagramBytes()) })
  }
  const dial = (started: MessageOf<'startWorkConn'>, spec: ProxySpec, rest: Buffer | null): void => {
    const { name, useEncryption, useCompression } = spec
    const { token, randomBytes } = options
    let isCounted = false
    const failed = (why: string): void => {
      if (!isCounted) host.traffic.failed(name, why)
      isCounted = true
    }
    const onUndecodable = (): void => failed('undecodable bytes from the TURN')
    const limit = host.proxies.limitOf(spec)
    const asked = { useEncryption, useCompression, limits: limit === null ? [] : [limit], token, randomBytes, onUndecodable }
    const before = { bytesIn: stream.bytesIn - (rest?.length ?? 0), bytesOut: stream.bytesOut }
    const from = `${started.srcAddr}:${started.srcPort}`
    stream.onGone = fail // the user left, or the session ended
    const joinLocal = (opened: OpenedLink | FrpFailure): void => {
      if ('type' in opened) {
        fail()
        if (host.proxies.find(name) !== null) failed(`nothing answers at ${spec.local}: ${opened.text}`)
        options.tell({ type: 'client.served', proxy: name, from, ok: false, error: opened.text })
        return
      }
      if (over) {
        opened.link.on('error', () => {}) // an unheard error would be thrown
        opened.link.destroy()
        return
      }
      finish()
      const { link, direct } = opened
      link.on('error', () => failed(`${spec.local} broke a connection off`))
      const header = headerOf(started, spec)
      if (header !== null) link.write(header)
      const joined = joinedLink(link, asked)
      host.traffic.begin(name, stream, joined.plain === null ? before : NO_BYTES, undefined, joined.plain ?? stream)
      stream.relay(joined.link, { direct, rest, closeTogether: !host.peerIsOurs() })
      options.tell({ type: 'client.served', proxy: name, from, ok: true, error: null })
    }
    const reader = isTransparent(asked) ? stream.reader() : null
    options
      .dialLocal(spec.local, reader)
      .then(joinLocal)
      .catch(options.onBug ?? throwBug)
  }
  const timestamp = Math.floor(options.clock.wallMs() / 1000)
  const key = privilegeKey(options.token, timestamp)
  stream.write(Buffer.concat([wire.opening, wire.encode({ type: 'newWorkConn', runId: host.runId(), privilegeKey: key, timestamp })]))
  return () => {
    if (over) return
    over = true
    stopWaiting()
    stream.onGone = null
    stream.reset()
  }
}

/** What the local service is told of its user, where the proxy wants that and the TURN says who it is. */
function headerOf(started: MessageOf<'startWorkConn'>, { proxyProtocol }: ProxySpec): Buffer | null {
  const { srcAddr, srcPort, dstAddr, dstPort } = started
  if (proxyProtocol === undefined || srcAddr === '' || srcPort === 0) return null
  const destination = { host: dstAddr === '' ? '127.0.0.1' : dstAddr, port: dstPort }
  return proxyHeader(proxyProtocol, { source: { host: srcAddr, port: srcPort }, destination, datagrams: false })
}
