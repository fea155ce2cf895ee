type OnDatagram = (bytes: Buffer, from: { readonly host: string; readonly port: number }) => void

/** A UDP port of a host in the virtual network. */
export class UdpSocket {
  readonly bindHost: string
  readonly port: number
  readonly onDatagram: OnDatagram
  /** Whom it has sent to, as `ip port`: what a NAT lets answer. */
  readonly spokenTo = new Set<string>()

  constructor(bindHost: string, port: number, onDatagram: OnDatagram) {
    this.bindHost = bindHost
    this.port = port
    this.onDatagram = onDatagram
  }
}
