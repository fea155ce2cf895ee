// Addresses and host names, as people write them.
import { addressOf, canonicalHost, parseAddress } from '../domain/address.ts'
import { type Read, wrong } from './read.ts'

/** `HOST:PORT`, port 0 allowed; the host in canonical form. */
export function readListen(text: string): Read<string> {
  const zero = /^(.*):0$/.exec(text)
  if (zero) {
    const host = canonicalHost((zero[1] ?? '').replace(/^\[|\]$/g, ''))
    return host === null ? wrong(`"${text}" is not HOST:PORT`) : { ok: host.includes(':') ? `[${host}]:0` : `${host}:0` }
  }
  return readAddress(text)
}

/** `HOST:PORT`. */
export function readAddress(text: string): Read<string> {
  const at = parseAddress(text)
  const address = at && addressOf(at.host, at.port)
  return address ? { ok: address } : wrong(`"${text}" is not HOST:PORT, such as 203.0.113.7:8088`)
}

/** A host name or an IP address, without a port. */
export function readHostName(text: string): Read<string> {
  const host = canonicalHost(text.replace(/^\[|\]$/g, ''))
  return host === null ? wrong(`"${text}" is no host name; write one such as moon.example.org, without a port`) : { ok: host }
}

/** `HOST` or `HOST:PORT`. */
export function readAdvertise(text: string): Read<string> {
  const host = canonicalHost(text)
  return host !== null ? { ok: host } : readAddress(text)
}
