// The settings: what each is called and means, and how people write services, TURNs, ports and addresses. A reader answers
// the value or one sentence. Loaded by every command, so it stays light.
import type { PortRange, ServiceSpec, TurnSource } from './answers.ts'
import { addressOf, canonicalHost, parseAddress } from './domain/address.ts'
import { DEFAULT_RATIONS, type Rations } from './domain/offer.ts'
import { isOwnHost } from './domain/own-host.ts'
import { readServiceOptions } from './service-options.ts'

export interface Setting {
  /** As commander takes it. */
  readonly flag: string
  /** A further flag, for false. */
  readonly off?: string
  readonly meaning: string
  /** What stands where it is not given, for people. */
  readonly usual: string
  /** Given as a list: the flag may be repeated, the variable separates by commas. */
  readonly isList?: true
  /** A whole number. */
  readonly isCount?: true
  /** True where the flag stands; `true` or `false` elsewhere. */
  readonly isSwitch?: true
}

/** By the key in the configuration file. Each has a variable too: `variableOf(key)`. */
export const SETTINGS = {
  data: {
    flag: '--data <dir>',
    meaning: 'everything the node writes lies in it',
    usual: '$XDG_STATE_HOME/moonwalk, else ~/.local/state/moonwalk',
  },
  table: { flag: '--table <file>', meaning: 'the IP table', usual: 'DIR/ip_table.json' },
  name: { flag: '--name <name>', meaning: 'what people see', usual: 'the host name' },
  listen: {
    flag: '--listen <host:port>',
    off: '--no-listen',
    meaning: 'the one public port; port 0 picks one; false: nothing is opened to the outside',
    usual: '0.0.0.0:8088',
  },
  advertise: {
    flag: '--advertise <host[:port]>',
    meaning: 'an address to try first for how others reach this node',
    usual: 'learnt from peers',
  },
  addresses: {
    flag: '--addresses <which>',
    meaning:
      'which addresses may be contacted and kept: public; lan: private ranges too, named by a person or a neighbour; any: loopback too',
    usual: 'lan',
  },
  seeds: {
    flag: '--join <invitation|host[:port]>',
    meaning: 'an invitation into a private network, or known addresses; never forgotten; port 8088 unless named',
    usual: 'none',
    isList: true,
  },
  network: {
    flag: '--open',
    meaning: 'be in an open network, as those of P2PRC are: anybody may join it and see its servers',
    usual: 'private',
  },
  turns: {
    flag: '--turn <source>',
    meaning: 'where a TURN may be found: moonwalk, none or frp://HOST:PORT[?token-file=FILE&tls=force|off&ca=FILE&name=NAME&wire=1|2]',
    usual: 'moonwalk',
    isList: true,
  },
  tunnels: {
    flag: '--tunnels <count>',
    meaning: 'to how many TURNs a node behind NAT holds tunnels at once',
    usual: '2',
    isCount: true,
  },
  turnMode: {
    flag: '--turn-mode <mode>',
    meaning: 'which TURNs are the best: latency, throughput (as measured), or pinned: those of --pin and nobody else, in their order',
    usual: 'latency; pinned where there is a --pin',
  },
  pins: {
    flag: '--pin <node>',
    meaning: 'a TURN to hold a tunnel to, the best first: a name, an id, the beginning of one, HOST:PORT, or frp://HOST:PORT',
    usual: 'none',
    isList: true,
  },
  patienceMs: {
    flag: '--patience-ms <ms>',
    meaning: 'how many milliseconds connections on a tunnel that was moved away from have to end',
    usual: '600000',
    isCount: true,
  },
  offer: {
    flag: '--offer <whom>',
    off: '--no-offer',
    meaning: 'for whom traffic is carried: members, everybody (strangers are rationed) or nobody',
    usual: 'members; everybody in an open network, unless there is a token file',
  },
  turnTokenFile: {
    flag: '--turn-token-file <file>',
    meaning: 'holds what your own stock frp clients give as auth.token, to be trusted like members',
    usual: "made from a private network's secret",
  },
  rations: {
    flag: '--rations <limits>',
    meaning: 'what strangers may have: sessions=2,ports=4,clients=128,rate=1MB,day=2GB,udp=3,nodes=8, or some of these; 0: no limit',
    usual: 'those',
  },
  ports: { flag: '--ports <a-b>', meaning: 'ports handed out to clients that name none', usual: '20000-29999' },
  allowPorts: {
    flag: '--allow-ports <a-b>',
    meaning:
      'ports that clients may name: ranges and single ports, separated by commas; strangers only where it is given, else those of --ports',
    usual: '1024-65535',
  },
  maxPortsPerClient: {
    flag: '--max-ports-per-client <count>',
    meaning: 'ports that a client may have at once; 0: as many as it likes',
    usual: '64',
    isCount: true,
  },
  subdomainHost: { flag: '--subdomain-host <domain>', meaning: 'clients may have names below this domain for web services', usual: 'none' },
  allowDomains: {
    flag: '--allow-domains <domain>',
    meaning: 'a domain that strangers may have for a web service; *.DOMAIN: any below it',
    usual: 'none',
    isList: true,
  },
  services: {
    flag: '--expose <spec>',
    meaning: '[NAME=]PORT or [NAME=]HOST:PORT, with /udp, /http:DOMAIN or /https:DOMAIN, and options behind a ?, told below',
    usual: 'none',
    isList: true,
  },
  control: {
    flag: '--control <host:port>',
    meaning: 'dashboard, feed, API and metrics; port 0 picks one; on loopback, else see --control-insecure',
    usual: '127.0.0.1:8089',
  },
  controlHosts: {
    flag: '--control-hosts <name>',
    meaning: "a host name that the control port answers to beside loopback's, as of a reverse proxy",
    usual: 'none',
    isList: true,
  },
  controlInsecure: {
    flag: '--control-insecure',
    meaning: 'let --control be an address that others can reach, though they can read along: there is no TLS',
    usual: 'false',
    isSwitch: true,
  },
  speedtestBudget: {
    flag: '--speedtest-budget <size>',
    meaning: 'bytes a day that automatic speed tests may use, both ways together, or off',
    usual: '500MB',
  },
  speedtestPaceMs: {
    flag: '--speedtest-pace-ms <ms>',
    meaning: 'milliseconds from one automatic speed test of this node to its next, on average',
    usual: '120000',
    isCount: true,
  },
  onEvent: {
    flag: '--on-event <command>',
    meaning: 'a command that is run for each change that matters, with it as one JSON object on its standard input',
    usual: 'none',
  },
  webhook: {
    flag: '--webhook <url>',
    meaning: 'where each change that matters is posted to as one JSON object',
    usual: 'none',
  },
  tell: {
    flag: '--tell <type>',
    meaning: 'which news --on-event and --webhook get: types such as service.up, or service for all of these',
    usual: 'reachability, services, TURN, peers, warnings',
    isList: true,
  },
  log: { flag: '--log <level>', meaning: 'how much goes into DIR/moonwalk.log: debug, info, warn or silent', usual: 'info' },
} as const satisfies Readonly<Record<string, Setting>>

export type ConfigKey = keyof typeof SETTINGS
export const CONFIG_KEYS = Object.keys(SETTINGS) as readonly ConfigKey[]

/** The environment's name for a key: `MOONWALK_ALLOW_PORTS` for `allowPorts`. */
export const variableOf = (key: string): string => `MOONWALK_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

export type Read<T> = { readonly ok: T } | { readonly wrong: string }

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

/** `A-B`. */
export function readPortRange(text: string): Read<PortRange> {
  const [, a, b] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  const [first, last] = [Number(a), Number(b)]
  if (!(first >= 1 && first <= last && last <= 65_535)) return wrong(`"${text}" is not a range of ports such as 20000-29999`)
  return { ok: { first, last } }
}

/** `A-B`, or several and single ports as well: `1024-2000,3000,4000-5000`. */
export function readPortRanges(text: string): Read<readonly PortRange[]> {
  const ranges: PortRange[] = []
  for (const part of text.split(',').map((one) => one.trim())) {
    const read = readPortRange(/^\d+$/.test(part) ? `${part}-${part}` : part)
    if ('wrong' in read) return wrong(`"${text}" is no list of port ranges such as 1024-2000,3000-4000`)
    ranges.push(read.ok)
  }
  return { ok: ranges }
}

/** A TURN as it is written: its CA, and its token where it stands in no argument, are still the names of files. */
export type WrittenTurn =
  | Extract<TurnSource, { readonly type: 'moonwalk' }>
  | (Omit<Extract<TurnSource, { readonly type: 'frp' }>, 'ca'> & { readonly caFile?: string; readonly tokenFile?: string })

const TURN_OPTIONS = ['tls', 'ca', 'name', 'wire', 'token-file']

/**
 * `moonwalk`, `none`, or `frp://[TOKEN@]HOST:PORT[?token-file=FILE&tls=force|off&ca=FILE&name=NAME&wire=1|2]`. `none` is an empty
 * list. Without `tls=off` the connection is TLS; `ca` has its certificate verified, for NAME or else for HOST. No sentence says the
 * token.
 */
export function readTurn(whole: string): Read<WrittenTurn | null> {
  const text = withoutToken(whole)
  if (whole === 'moonwalk') return { ok: { type: 'moonwalk' } }
  if (whole === 'none') return { ok: null }
  const [, tokenAt, address, query = ''] = /^frp:\/\/(?:(.*)@)?([^/?@]+)\/?(?:\?(.*))?$/.exec(whole) ?? []
  if (address === undefined) return wrong(`"${text}" is no TURN; write moonwalk, none or frp://[TOKEN@]HOST:PORT`)
  const at = readAddress(address)
  if ('wrong' in at) return at
  const options = new URLSearchParams(query)
  for (const key of options.keys())
    if (!TURN_OPTIONS.includes(key)) return wrong(`"${text}" has an unknown option "${key}"; there are token-file, tls, ca, name and wire`)
  const tls = options.get('tls')
  const wire = options.get('wire') ?? '1'
  const caFile = options.get('ca')
  const serverName = options.get('name')
  const tokenFile = options.get('token-file')
  if (tls !== null && tls !== 'force' && tls !== 'off') return wrong(`"${text}": tls is force or off`)
  if (wire !== '1' && wire !== '2') return wrong(`"${text}": wire is 1 or 2`)
  if (tls === 'off' && (caFile ?? serverName) !== null) return wrong(`"${text}": ca and name are for TLS; leave out tls=off`)
  if (caFile === '') return wrong(`"${text}": ca is the path of a file`)
  if (tokenFile === '') return wrong(`"${text}": token-file is the path of a file`)
  if (tokenFile !== null && tokenAt !== undefined) return wrong(`"${text}": the token is given twice; leave out what stands before the @`)
  // TLS knows no addresses as names
  if (serverName !== null && !/^(?=.*[a-z])[a-z0-9_.-]{1,253}$/i.test(serverName))
    return wrong(`"${text}": name is the host name that the certificate is for`)
  const token = unescaped(tokenAt ?? '')
  if (token === null) return wrong(`"${text}": in the token, % stands before two hexadecimal digits`)
  return {
    ok: {
      type: 'frp',
      address: at.ok,
      token,
      tls,
      wire: wire === '2' ? 2 : 1,
      ...(caFile === null ? {} : { caFile }),
      ...(tokenFile === null ? {} : { tokenFile }),
      ...(serverName === null ? {} : { serverName }),
    },
  }
}

/** Whether a TURN is written with its token in it, where whoever lists processes reads it. */
export const showsToken = (turn: string): boolean => withoutToken(turn) !== turn

const withoutToken = (turn: string): string => turn.replace(/^([a-z]*:\/*)?.+@/is, '$1…@')

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** `[NAME=]PORT` or `[NAME=]HOST:PORT`, with `/udp`, `/http:DOMAIN` or `/https:DOMAIN` behind, and then options (service-options.ts) behind a `?`. */
export function readService(text: string): Read<ServiceSpec> {
  const [, plain = '', query = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(text) ?? []
  const [, name, target = '', kindText = ''] = /^(?:([^=]*)=)?([^/]*)(?:\/(.*))?$/.exec(plain) ?? []
  if (name !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(name))
    return wrong(`"${name}" is no service name; letters, digits, dots, dashes, at most 63`)
  const port = /^\d{1,5}$/.test(target) ? Number(target) : null
  const at = readAddress(port === null ? target : `127.0.0.1:${port}`)
  if ('wrong' in at)
    return wrong(
      `"${text}" is no service; write [NAME=]PORT or [NAME=]HOST:PORT (ports 1 to 65535), followed by /udp, /http:DOMAIN or /https:DOMAIN where it is not tcp`,
    )
  const [, scheme, given] = /^(https?):(.+)$/.exec(kindText) ?? []
  if (kindText !== '' && kindText !== 'udp' && scheme === undefined)
    return wrong(`"${text}": behind the slash stands udp, http:DOMAIN or https:DOMAIN`)
  const domain = given === undefined ? null : readDomain(given)
  if (given !== undefined && domain === null)
    return wrong(`"${text}": ${given} is no domain; write a name such as www.example.org, without a port`)
  const kind = scheme === 'http' || scheme === 'https' ? scheme : kindText === 'udp' ? 'udp' : 'tcp'
  const options = readServiceOptions(query, kind, text)
  if ('wrong' in options) return options
  return {
    ok: {
      name: name ?? `${kind}-${parseAddress(at.ok)?.port ?? 0}`,
      kind,
      local: at.ok,
      domain,
      ...(Object.keys(options.ok).length === 0 ? {} : { options: options.ok }),
    },
  }
}

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

const RATIONS = {
  sessions: 'sessions',
  ports: 'ports',
  clients: 'clients',
  rate: 'bytesPerSecond',
  day: 'bytesPerDay',
  udp: 'udpFactor',
  nodes: 'nodes',
} as const satisfies Readonly<Record<string, keyof Rations>>

const SIZES: Readonly<Record<string, number>> = { '': 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 }

/** `sessions=2,ports=4,clients=128,rate=1MB,day=2GB,udp=3,nodes=8`, or some of them; the rest stays as usual. 0: no limit. */
export function readRations(text: string): Read<Rations> {
  const limits: Partial<Record<keyof Rations, number>> = {}
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, word = '', digits = '', unit = ''] = /^([a-z]+)=(\d{1,9})(KB|MB|GB)?$/.exec(part) ?? []
    const key = Object.entries(RATIONS).find(([name]) => name === word)?.[1]
    const takesSize = key === 'bytesPerSecond' || key === 'bytesPerDay'
    if (key === undefined || (unit !== '' && !takesSize))
      return wrong(`"${part}" is no limit for strangers; there are ${Object.keys(RATIONS).join(', ')}, as in sessions=2,rate=1MB`)
    limits[key] = Number(digits) * (SIZES[unit] ?? 1)
  }
  return { ok: { ...DEFAULT_RATIONS, ...limits } }
}

/** A URL that news can be posted to. It may hold a password, so an error does not repeat it. */
export function readWebhook(text: string): Read<string> {
  const url = URL.canParse(text) ? new URL(text) : null
  return url === null || !/^https?:$/.test(url.protocol)
    ? wrong('that is no web hook; write a URL such as https://example.org/hook')
    : { ok: url.href }
}

/** A type of news, or the first word of several. */
export const readNewsType = (text: string): Read<string> =>
  /^[a-z]+(\.[a-z]+)?$/i.test(text) ? { ok: text } : wrong(`"${text}" is no type of news; write one such as service.up, or service`)

/** `500MB`, `2GB`; `off`, or 0: none. Bytes a day. */
export function readSpeedBudget(text: string): Read<number> {
  const [, digits, unit = ''] = /^(\d{1,9})(KB|MB|GB)?$/.exec(text) ?? []
  if (text === 'off') return { ok: 0 }
  return digits === undefined
    ? wrong(`"${text}" is no budget for speed tests; write a size a day such as 500MB, or off`)
    : { ok: Number(digits) * (SIZES[unit] ?? 1) }
}

/** A name that is no machine's address, or `*.` before one. */
function readDomain(text: string): string | null {
  const star = text.startsWith('*.') ? '*.' : ''
  const name = canonicalHost(text.slice(star.length))
  return name === null || isOwnHost(name, []) ? null : star + name
}

const wrong = (text: string): { readonly wrong: string } => ({ wrong: text })
