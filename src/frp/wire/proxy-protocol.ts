// The header of the PROXY protocol, which tells a local service whose connection it is. The format is HAProxy's
// (proxy-protocol.txt, 2.1 and 2.2).
import type { UdpAddress } from './messages.ts'

export type ProxyProtocol = 'v1' | 'v2'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const PROXY_COMMAND = 0x21
const INET = 0x10
const INET6 = 0x20
const STREAM = 1
const DATAGRAM = 2

/**
 * The header for a connection from `source` to `destination`. Where one is IPv4 and the other IPv6, the first is written as
 * an IPv6 address too (`::ffff:…`). Where one is no address, the service is told that the source is not known.
 */
export function proxyHeader(
  version: ProxyProtocol,
  { source, destination, datagrams }: { readonly source: UdpAddress; readonly destination: UdpAddress; readonly datagrams: boolean },
): Buffer {
  const [from, to] = [addressBytes(source.host), addressBytes(destination.host)]
  if (version === 'v1') return Buffer.from(firstLine(source, destination, from, to))
  if (from === null || to === null) return Buffer.concat([SIGNATURE, Buffer.of(PROXY_COMMAND, 0, 0, 0)])
  const wide = from.length === 16 || to.length === 16
  const addresses = [wide ? mapped(from) : from, wide ? mapped(to) : to]
  const rest = Buffer.alloc(4)
  rest.writeUInt16BE(source.port, 0)
  rest.writeUInt16BE(destination.port, 2)
  const family = (wide ? INET6 : INET) | (datagrams ? DATAGRAM : STREAM)
  return Buffer.concat([SIGNATURE, Buffer.of(PROXY_COMMAND, family, 0, wide ? 36 : 12), ...addresses, rest])
}

function firstLine(source: UdpAddress, destination: UdpAddress, from: Buffer | null, to: Buffer | null): string {
  if (from === null || to === null) return 'PROXY UNKNOWN\r\n'
  const wide = from.length === 16 || to.length === 16
  const text = (host: string, bytes: Buffer): string => (wide && bytes.length === 4 ? `::ffff:${host}` : (host.split('%')[0] ?? ''))
  const hosts = `${text(source.host, from)} ${text(destination.host, to)}`
  return `PROXY ${wide ? 'TCP6' : 'TCP4'} ${hosts} ${source.port} ${destination.port}\r\n`
}

const mapped = (bytes: Buffer): Buffer =>
  bytes.length === 16 ? bytes : Buffer.concat([Buffer.from('00000000000000000000ffff', 'hex'), bytes])

/** The 4 or 16 bytes of an address; null for anything else. A zone (`%eth0`) says nothing to others and is left out. */
function addressBytes(host: string): Buffer | null {
  const v4 = v4Bytes(host)
  if (v4 !== null) return v4
  const [address = ''] = host.split('%')
  const tail = address.slice(address.lastIndexOf(':') + 1)
  const tailBytes = tail.includes('.') ? v4Bytes(tail) : null
  if (tail.includes('.') && tailBytes === null) return null
  const text =
    tailBytes === null ? address : `${address.slice(0, -tail.length)}${tailBytes.toString('hex', 0, 2)}:${tailBytes.toString('hex', 2)}`
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head = [], end = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - end.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...end]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function v4Bytes(host: string): Buffer | null {
  const parts = host.split('.')
  const fits = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  return fits ? Buffer.from(parts.map(Number)) : null
}
