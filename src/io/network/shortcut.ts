// Connections of this process to a port of its own. What a tunnel brings for the node itself takes this way, so everything that
// other nodes read from a service here. A socket without TCP costs a third of the processor's time for that. Linux has such sockets
// without a file ("abstract"); elsewhere, and where one can't be had, these connections go over TCP as others do.
import { randomBytes } from 'node:crypto'
import { createServer, type Server, type ServerOpts, type Socket } from 'node:net'

/** The way to each port that has one, by `host:port`. */
const paths = new Map<string, string>()

/** For `net.connect`; null: there is none to that port. */
export const shortcutTo = (address: string): string | null => paths.get(address) ?? null

/** Opens one to the port that listens at `address`. Settles once it is there, or can't be had. Answers a function that closes it. */
export function openShortcut(address: string, options: ServerOpts, onSocket: (socket: Socket) => void): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return Promise.resolve(nothing)
  const path = `\0moonwalk-${randomBytes(16).toString('hex')}`
  return new Promise((resolve) => {
    const server = createServer(options, (socket) => {
      tellEnds(socket, address)
      onSocket(socket)
    })
    server.on('error', () => resolve(nothing))
    server.listen({ path }, () => {
      paths.set(address, path)
      resolve(() => close(server, address))
    })
  })
}

function close(server: Server, address: string): Promise<void> {
  paths.delete(address)
  return new Promise((done) => server.close(() => done()))
}

let lastPort = 0

/** Such a socket has no addresses. It tells those that it would have over TCP, with a port that tells it from others; TLS over it asks here too. */
function tellEnds(socket: Socket, address: string): void {
  const handle: unknown = '_handle' in socket ? socket._handle : null
  if (typeof handle !== 'object' || handle === null) return
  lastPort = (lastPort % 65_535) + 1
  const at = address.lastIndexOf(':')
  const [host, port, remotePort] = [address.slice(0, at), Number(address.slice(at + 1)), lastPort]
  const teller =
    (end: { readonly address: string; readonly port: number }) =>
    (into: object): number => {
      Object.assign(into, { ...end, family: 'IPv4' })
      return 0
    }
  Object.assign(handle, { getpeername: teller({ address: host, port: remotePort }), getsockname: teller({ address: host, port }) })
}

const nothing = (): Promise<void> => Promise.resolve()
