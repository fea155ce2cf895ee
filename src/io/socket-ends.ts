import type { Socket } from 'node:net'

interface SocketEnd {
  readonly host: string
  readonly port: number
}

/** A port that listens on `::` sees IPv4 callers as `::ffff:203.0.113.7`; whoever asks means the address itself. */
const plainHost = (host = ''): string => host.replace(/^::ffff:(?=\d+\.)/i, '')

export const remoteOf = ({ remoteAddress, remotePort = 0 }: Socket): SocketEnd => ({ host: plainHost(remoteAddress), port: remotePort })
export const localOf = ({ localAddress, localPort = 0 }: Socket): SocketEnd => ({ host: plainHost(localAddress), port: localPort })
