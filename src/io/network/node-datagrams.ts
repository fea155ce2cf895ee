// UDP ports.
import { createSocket, type RemoteInfo } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { canonicalHost } from '../../domain/address.ts'
import type { DatagramPort, OnBug } from '../../frp/index.ts'
import type { Failure, Network } from '../../ports.ts'
import { failed, failureOf } from './network-failure.ts'
import { bugsOnly } from './socket-errors.ts'

/** Where bursts from many users wait. The kernel may grant less. */
const RECEIVE_BUFFER_BYTES = 1 << 20

export function openNodeDatagrams(
  ...[address, onDatagram, onBug]: [...Parameters<Network['openDatagrams']>, OnBug]
): ReturnType<Network['openDatagrams']> {
  const at = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address)
  const host = at?.[1] ?? at?.[2] ?? ''
  const port = Number(at?.[3] ?? Number.NaN)
  if (!(port <= 65_535)) return Promise.resolve(failed('unreachable', `${address} is not host:port`))
  const isV6 = host.includes(':')
  const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES })
  return new Promise<DatagramPort | Failure>((resolve) => {
    const fail = (error: unknown): void => {
      socket.close()
      resolve(failureOf(error))
    }
    socket.once('error', fail)
    socket.on('message', (bytes, from: RemoteInfo) =>
      onDatagram(bytes, { host: canonicalHost(from.address) ?? from.address, port: from.port }),
    )
    socket.bind(port, host, () => {
      // From here on an error is about one datagram, which is lost.
      socket.removeListener('error', fail).on('error', bugsOnly(onBug))
      let closing: Promise<void> | null = null
      resolve({
        type: 'open',
        port: socket.address().port,
        send: (bytes, to) => {
          if (closing !== null || !(to.port >= 1 && to.port <= 65_535)) return
          socket.send(bytes, to.port, isV6 && isIPv4(to.host) ? `::ffff:${to.host}` : to.host, () => {})
        },
        close: () => {
          closing ??= new Promise((closed) => socket.close(() => closed()))
          return closing
        },
      })
    })
  })
}
