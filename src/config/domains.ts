// Domains, as people write them.
import { canonicalHost } from '../domain/address.ts'
import { isOwnHost } from '../domain/own-host.ts'
import { type Read, wrong } from './read.ts'

/** A DNS name, below which clients may have theirs. */
export function readSubdomainHost(text: string): Read<string> {
  const name = readDomain(text)
  return name === null || name.startsWith('*') ? wrong(`"${text}" is no domain; write a name such as apps.example.org`) : { ok: name }
}

/** A DNS name, or `*.` before one: all below it. */
export function readGrantedDomain(text: string): Read<string> {
  const name = readDomain(text)
  return name === null
    ? wrong(`"${text}" is no domain; write a name such as www.example.org, or *.example.org for all below it`)
    : { ok: name }
}

/** A name that is no machine's address, or `*.` before one. */
export function readDomain(text: string): string | null {
  const star = text.startsWith('*.') ? '*.' : ''
  const name = canonicalHost(text.slice(star.length))
  return name === null || isOwnHost(name, []) ? null : star + name
}
