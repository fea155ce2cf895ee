// What a person may ask for behind the `?` of a service, as in `web=3000?limit=1MB&check=http:/health`.
import type { ServiceOptions, ServiceSpec } from '../answers.ts'
import { nearest } from '../domain/nearest.ts'
import { isByDomain } from '../domain/service-kind.ts'
import { readBandwidth } from '../frp/index.ts'

type ReadOptions = { readonly ok: ServiceOptions } | { readonly wrong: string }
/** The option's part of the answer, or a clause about what is wrong. */
type OptionReader = (value: string, kind: ServiceSpec['kind']) => ServiceOptions | string

const flag =
  (option: ServiceOptions): OptionReader =>
  (value) =>
    value === '' ? option : 'stands alone, without a value'

const READERS: Readonly<Record<string, OptionReader>> = {
  encrypt: flag({ encrypt: true }),
  compress: flag({ compress: true }),
  limit: (limit) => ((readBandwidth(limit) ?? 0) > 0 ? { limit } : 'is a number of KB or MB a second, such as limit=1MB'),
  'limit-mode': (value) => (value === 'client' || value === 'server' ? { limitMode: value } : 'is client or server'),
  'proxy-protocol': (value, kind) => {
    if (value !== 'v1' && value !== 'v2') return 'is v1 or v2'
    return kind === 'udp' && value === 'v1' ? 'of a udp service is v2; v1 knows no datagrams' : { proxyProtocol: value }
  },
  group: (value, kind) => {
    if (kind !== 'tcp') return 'is for tcp services'
    return /^[\x21-\x7e]{1,100}$/.test(value) ? { group: value } : 'is a name of at most 100 characters, without spaces'
  },
  'group-key': (value) => (value !== '' && value.length <= 100 ? { groupKey: value } : 'is a text of at most 100 characters'),
  check: (value, kind) => {
    if (kind === 'udp') return 'is for services that are connected to, and udp is not'
    return isCheck(value) ? { check: value } : 'is tcp or http:/PATH'
  },
  port: (value, kind) => {
    if (isByDomain(kind)) return `is for tcp and udp services; ${kind} is reached by its domain`
    const port = /^\d{1,5}$/.test(value) ? Number(value) : 0
    return port >= 1 && port <= 65_535 ? { port } : 'is a number from 1 to 65535'
  },
  private: (value, kind) => {
    if (isByDomain(kind)) return 'is for tcp and udp services; a domain is public'
    return value === '' ? { private: true } : 'stands alone, without a value'
  },
  allow: (value) => (value !== '' && value.length <= MAX_NAME_CHARS ? { allow: [value] } : 'is the id or the name of a node'),
}
const NAMES = Object.keys(READERS)
/** Of a node, in characters. */
const MAX_NAME_CHARS = 100
const MOST_ALLOWED = 64

const isCheck = (text: string): text is NonNullable<ServiceOptions['check']> => text === 'tcp' || /^http:\/[\x21-\x7e]{0,500}$/.test(text)

/** Reads `encrypt&compress&limit=1MB&…`. `service`: the whole text, for the sentence. */
export function readServiceOptions(query: string, kind: ServiceSpec['kind'], service: string): ReadOptions {
  let ok: ServiceOptions = {}
  const given = [...new URLSearchParams(query)]
  for (const [name, value] of given) {
    const read = READERS[name]
    if (read === undefined || !Object.hasOwn(READERS, name)) return { wrong: unknown(name, service) }
    if (name !== 'allow' && given.filter(([other]) => other === name).length > 1) return { wrong: `"${service}": ${name} stands twice` }
    const option = read(value, kind)
    if (typeof option === 'string') return { wrong: `"${service}": ${name} ${option}` }
    ok = { ...ok, ...option, ...(option.allow && ok.allow ? { allow: [...ok.allow, ...option.allow] } : {}) }
  }
  if (ok.limitMode !== undefined && ok.limit === undefined) return { wrong: `"${service}": limit-mode needs a limit` }
  if (ok.groupKey !== undefined && ok.group === undefined) return { wrong: `"${service}": group-key needs a group` }
  if (ok.allow !== undefined && ok.private === undefined) return { wrong: `"${service}": allow is for private services; add private` }
  if ((ok.allow?.length ?? 0) > MOST_ALLOWED) return { wrong: `"${service}": allow names at most ${MOST_ALLOWED} nodes` }
  const publicOnly = [ok.group && 'group', ok.port && 'port', ok.encrypt && 'encrypt', ok.compress && 'compress'].find((name) => name)
  if (ok.private && publicOnly) return { wrong: `"${service}": ${publicOnly} means nothing for a private service` }
  return { ok }
}

function unknown(name: string, service: string): string {
  const near = nearest(name, NAMES)
  return `"${service}" has an unknown option "${name}"; ${near === null ? `there are ${NAMES.join(', ')}` : `did you mean ${near}?`}`
}
