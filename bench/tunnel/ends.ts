// The two ends of a bare mux tunnel over real sockets, each in a process of its own, for `mux-bench.ts`.
//
//   ends.ts server plain|tls           prints {"tunnel":PORT,"door":PORT}; who knocks at the door gets a stream
//   ends.ts client plain|tls HOST:PORT HOST:PORT     dials the tunnel; every stream goes to the target
import { connect, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import type { OpenedLink, Reader } from '../../src/frp/links/link.ts'
import { createMux } from '../../src/frp/mux/mux.ts'
import type { MuxLimits } from '../../src/frp/mux/mux-limits.ts'
import type { Mux } from '../../src/frp/mux/mux-options.ts'
import { selfSigned } from '../../src/io/front/self-signed.ts'
import { onreadOf, readInto, rewrap } from '../../src/io/network/fast-links.ts'
import { createNodeClock } from '../../src/io/node-clock.ts'

const [role, carrier, tunnel = '', target = ''] = process.argv.slice(2)
const tls = carrier === 'tls'
const clock = createNodeClock()
const limits = JSON.parse(process.env.MUX_LIMITS ?? '{}') as Partial<MuxLimits>
const rest = { clock, gather: tls, keepaliveMs: 30_000, silenceMs: 10_000, limits }
const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
const toPort = (address: string): { host: string; port: number } => {
  const [host = '127.0.0.1', port = '0'] = address.split(':')
  return { host, port: Number(port) }
}
function openAccepted(socket: Socket, reader: Reader): OpenedLink {
  const fast = rewrap(socket, reader)
  if (fast === null) socket.resume()
  return { link: fast ?? socket, direct: fast !== null }
}

if (role === 'server') {
  let session: Mux | null = null
  const options = { pauseOnConnect: true, allowHalfOpen: true, noDelay: true }
  const tunnelServer = createServer(options, (socket) => {
    const mux = createMux({ ...rest, client: false, onStream: (stream) => stream.reset(), onClose: () => {} })
    session = mux
    if (!tls) return void mux.start(openAccepted(socket, mux.reader()), null)
    const secured = new TLSSocket(socket, { isServer: true, ...selfSigned() })
    mux.start({ link: secured, direct: readInto(secured, mux.reader()) }, null)
  })
  const door = createServer(options, (user) => {
    const stream = session?.open() ?? null
    if (stream === null) return void user.destroy()
    const opened = openAccepted(user, stream.reader())
    stream.relay(opened.link, { direct: opened.direct, rest: null, closeTogether: false })
  })
  tunnelServer.listen(0, '127.0.0.1', () =>
    door.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ tunnel: portOf(tunnelServer), door: portOf(door) }))),
  )
} else {
  const mux = createMux({
    ...rest,
    client: true,
    onStream: (stream) => {
      const local = connect({ ...toPort(target), allowHalfOpen: true, noDelay: true, onread: onreadOf(stream.reader()) })
      stream.relay(local, { direct: true, rest: null, closeTogether: false })
    },
    onClose: (why) => {
      console.error(why)
      process.exit(0)
    },
  })
  const reading = { ...toPort(tunnel), noDelay: true, onread: onreadOf(mux.reader()) }
  const link = tls ? connectTls({ ...reading, rejectUnauthorized: false }) : connect(reading)
  mux.start({ link, direct: true }, null)
  link.once(tls ? 'secureConnect' : 'connect', () => console.log('up'))
}
