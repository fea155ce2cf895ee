// Raw byte streams over TCP and TLS; datagrams beside them.
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type HostPort, parseAddress } from '../../domain/address.ts'
import { type OnBug, type OpenedLink, throwBug } from '../../frp/index.ts'
import type { DialOptions, Failure, Network, TlsOptions } from '../../ports.ts'
import { KEEP_ALIVE } from '../front/keep-alive.ts'
import { acceptedLink, rawLink } from './accepted-link.ts'
import { admittedHost } from './admission.ts'
import { dialChannel } from './channel-dial.ts'
import { type Descriptors, processDescriptors } from './descriptors.ts'
import { onreadOf, readInto, writeSingly } from './fast-links.ts'
import type { ChannelSelf } from './members-channel.ts'
import { failed, failureOf } from './network-failure.ts'
import { openNodeDatagrams } from './node-datagrams.ts'
import { ownHosts } from './own-hosts.ts'
import { bugsOnly } from './socket-errors.ts'
import { listenTcp, NO_DESCRIPTORS } from './tcp-listener.ts'

/** Tells a stock frps that TLS follows. */
const TLS_ANNOUNCED = Buffer.from([0x17])

/**
 * `onBug` hears of what is neither the network's doing nor a peer's. By default it is thrown on and ends the process. `self`: who
 * this node is on the members' channel; absent: it dials no member.
 */
export function createNodeNetwork(onBug: OnBug = throwBug, self?: ChannelSelf, descriptors: Descriptors = processDescriptors()): Network {
  const onError = bugsOnly(onBug)
  return {
    dial: async (address, options) => {
      const to = parseAddress(address)
      if (!to) return failed('unreachable', `${address} is not host:port`)
      const host = await admittedHost(to.host, options.admit)
      if (typeof host !== 'string') return host
      const { member } = options
      return member === undefined
        ? dial({ ...to, host }, options, { onError, descriptors })
        : dialMember({ ...to, host }, { ...options, member }, self, { onError, descriptors })
    },
    listen: (address, onLink) =>
      listenTcp({
        address,
        use: 'carried',
        descriptors,
        onBug,
        onSocket: (socket, keep) => onLink(acceptedLink(socket, { first: null, keep })),
        onRaw: (connection, keep) => onLink(rawLink(connection, keep)),
      }),
    openDatagrams: (address, onDatagram) => openNodeDatagrams(address, onDatagram, onBug),
    ownHosts,
  }
}

interface Dialling {
  readonly onError: (error: unknown) => void
  readonly descriptors: Descriptors
}

async function dialMember(
  to: HostPort,
  { timeoutMs, signal, member, reader }: DialOptions & { readonly member: string },
  self: ChannelSelf | undefined,
  { onError, descriptors }: Dialling,
): Promise<OpenedLink | Failure> {
  if (self === undefined) return failed('protocol', "this node has no members' channel")
  if (!descriptors.take('own')) return NO_DESCRIPTORS
  const opened = await dialChannel(self, { ...to, timeoutMs, expect: member, allowHalfOpen: true, onError, ...(signal ? { signal } : {}) })
  if (opened.type === 'failed') {
    descriptors.give()
    return opened
  }
  opened.socket.once('close', () => descriptors.give())
  return acceptedLink(opened.socket, { first: null, keep: () => {} }).open(reader ?? null)
}

function dial(to: HostPort, options: DialOptions, { onError, descriptors }: Dialling): ReturnType<Network['dial']> {
  const { timeoutMs, signal } = options
  if (signal?.aborted) return Promise.resolve(failed('aborted', 'it was called off'))
  if (!descriptors.take('dial')) return Promise.resolve(NO_DESCRIPTORS)
  return new Promise((resolve) => {
    const sockets: Socket[] = []
    const settle = (answer: OpenedLink | Failure): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      for (const socket of sockets) {
        // An error between now and the caller's own listener just ends the link; 'close' tells.
        socket.on('error', onError).removeListener('error', fail)
        if ('type' in answer) socket.destroy()
      }
      resolve(answer)
    }
    const fail = (error: unknown): void => settle(failureOf(error))
    const abort = (): void => settle(failed('aborted', 'it was called off'))
    const timer = setTimeout(() => settle(failed('timeout', 'it did not answer in time')), timeoutMs)
    signal?.addEventListener('abort', abort, { once: true })
    const begun = <S extends Socket>(socket: S): S => {
      if (sockets.length === 0) socket.once('close', () => descriptors.give()) // a TLS socket over another has no descriptor of its own
      sockets.push(socket)
      return socket.on('error', fail)
    }
    connect(to, options, begun, settle)
  })
}

type Begun = <S extends Socket>(socket: S) => S

/** Every socket is shown to `begun` as soon as it exists. */
function connect(to: HostPort, { tls, reader }: DialOptions, begun: Begun, opened: (link: OpenedLink) => void): void {
  const plain = { ...to, allowHalfOpen: true, noDelay: true, ...KEEP_ALIVE }
  const onread = reader ? { onread: onreadOf(reader) } : {}
  if (!tls) {
    const link = begun(connectTcp({ ...plain, ...onread }))
    link.once('connect', () => opened({ link, direct: reader !== undefined }))
    return
  }
  const settings = { ...plain, ...tlsOptions(to.host, tls) }
  if (!tls.announce) {
    const link = begun(connectTls({ ...settings, ...onread }))
    writeSingly(link)
    link.once('secureConnect', () => opened({ link, direct: reader !== undefined }))
    return
  }
  const tcp = begun(connectTcp(plain))
  tcp.once('connect', () => {
    tcp.write(TLS_ANNOUNCED)
    const link = begun(connectTls({ ...settings, socket: tcp }))
    writeSingly(link)
    link.once('secureConnect', () => opened({ link, direct: reader !== undefined && readInto(link, reader) }))
  })
}

const tlsOptions = (host: string, { ca, serverName }: TlsOptions) => ({
  servername: serverName ?? (isIP(host) ? '' : host), // a name is what TLS allows there, never an address
  ...(ca === undefined ? { rejectUnauthorized: false } : { ca, rejectUnauthorized: true }),
})
