import type { Socket } from 'node:net'

export interface SocketEnd {
  readonly host: string
  readonly port: number
}

/** A port that listens on `::` sees IPv4 callers as `::ffff:203.0.113.7`; whoever asks means the address itself. */
const plainHost = (host = ''): string => host.replace(/^::ffff:(?=\d+\.)/i, '')

export const socketEnd = (address?: string, port = 0): SocketEnd => ({ host: plainHost(address), port })
export const remoteOf = ({ remoteAddress, remotePort }: Socket): SocketEnd => socketEnd(remoteAddress, remotePort)
export const localOf = ({ localAddress, localPort }: Socket): SocketEnd => socketEnd(localAddress, localPort)
