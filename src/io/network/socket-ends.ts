import type { Socket } from 'node:net'
import { plainHost } from '../../frp/index.ts'

export interface SocketEnd {
  readonly host: string
  readonly port: number
}

/** IPv4 callers of a port that listens on `::` are told as IPv4. */
export const socketEnd = (address = '', port = 0): SocketEnd => ({ host: plainHost(address), port })
export const remoteOf = ({ remoteAddress, remotePort }: Socket): SocketEnd => socketEnd(remoteAddress, remotePort)
export const localOf = ({ localAddress, localPort }: Socket): SocketEnd => socketEnd(localAddress, localPort)
