import type { DatagramPort, FrpFailure, OpenDatagrams } from '../../src/frp/contract.ts'

type OnDatagram = (bytes: Buffer, from: { readonly host: string; readonly port: number }) => void

/** UDP on one machine, in the process: datagrams arrive later, and those to nobody are lost. */
export class UdpNet {
  readonly open = new Map<number, OnDatagram>()
  #next = 50_000

  readonly openDatagrams: OpenDatagrams = async (address, onDatagram): Promise<DatagramPort | FrpFailure> => {
    const wanted = Number(address.slice(address.lastIndexOf(':') + 1))
    const port = wanted === 0 ? this.#next++ : wanted
    if (this.open.has(port)) return { type: 'failed', text: 'address in use' }
    this.open.set(port, onDatagram)
    return {
      type: 'open',
      port,
      send: (bytes, to) => {
        const copy = Buffer.from(bytes)
        setImmediate(() => this.open.get(to.port)?.(copy, { host: '127.0.0.1', port }))
      },
      close: async () => void this.open.delete(port),
    }
  }
}
