// frp's messages, one table: the wire's byte (v1), its number (v2) and the fields that are read or written, in the order
// stock frp writes them. A field that is empty, zero or false is left out on the wire; one that is missing there is
// empty, zero or false here. Keys we do not name are ignored. Source of the table: frp 0.45.0 to 0.70.1.

type Kind = 'text' | 'whole' | 'port' | 'flag' | 'texts' | 'map' | 'udpAddress'

export interface UdpAddress {
  readonly host: string
  readonly port: number
}

interface Values {
  readonly text: string
  readonly whole: number
  readonly port: number
  readonly flag: boolean
  readonly texts: readonly string[]
  readonly map: Readonly<Record<string, string>>
  readonly udpAddress: UdpAddress | null
}

interface Field<K extends Kind = Kind> {
  readonly key: string
  readonly kind: K
}

const text = (key: string): Field<'text'> => ({ key, kind: 'text' })
const whole = (key: string): Field<'whole'> => ({ key, kind: 'whole' })
const port = (key: string): Field<'port'> => ({ key, kind: 'port' })
const flag = (key: string): Field<'flag'> => ({ key, kind: 'flag' })
const texts = (key: string): Field<'texts'> => ({ key, kind: 'texts' })
const map = (key: string): Field<'map'> => ({ key, kind: 'map' })
const udpAddress = (key: string): Field<'udpAddress'> => ({ key, kind: 'udpAddress' })

export const LAYOUT = {
  login: {
    byte: 'o',
    id: 1,
    fields: {
      version: text('version'),
      hostname: text('hostname'),
      os: text('os'),
      arch: text('arch'),
      user: text('user'),
      privilegeKey: text('privilege_key'),
      timestamp: whole('timestamp'),
      runId: text('run_id'),
      clientId: text('client_id'),
      metas: map('metas'),
      poolCount: whole('pool_count'),
    },
  },
  // The last three are ours: stock frp ignores them. `moonwalk_ports`: those that are handed out, `20000-29999`.
  loginResp: {
    byte: '1',
    id: 2,
    fields: {
      version: text('version'),
      runId: text('run_id'),
      error: text('error'),
      moonwalk: text('moonwalk'),
      moonwalkDatagrams: whole('moonwalk_datagrams'),
      moonwalkPorts: text('moonwalk_ports'),
    },
  },
  newProxy: {
    byte: 'p',
    id: 3,
    fields: {
      proxyName: text('proxy_name'),
      proxyType: text('proxy_type'),
      useEncryption: flag('use_encryption'),
      useCompression: flag('use_compression'),
      bandwidthLimit: text('bandwidth_limit'),
      bandwidthLimitMode: text('bandwidth_limit_mode'),
      group: text('group'),
      groupKey: text('group_key'),
      metas: map('metas'),
      remotePort: whole('remote_port'),
      customDomains: texts('custom_domains'),
      subdomain: text('subdomain'),
      locations: texts('locations'),
      httpUser: text('http_user'),
      httpPwd: text('http_pwd'),
      hostHeaderRewrite: text('host_header_rewrite'),
      headers: map('headers'),
      responseHeaders: map('response_headers'),
      routeByHttpUser: text('route_by_http_user'),
    },
  },
  newProxyResp: { byte: '2', id: 4, fields: { proxyName: text('proxy_name'), remoteAddr: text('remote_addr'), error: text('error') } },
  closeProxy: { byte: 'c', id: 5, fields: { proxyName: text('proxy_name') } },
  newWorkConn: { byte: 'w', id: 6, fields: { runId: text('run_id'), privilegeKey: text('privilege_key'), timestamp: whole('timestamp') } },
  reqWorkConn: { byte: 'r', id: 7, fields: {} },
  startWorkConn: {
    byte: 's',
    id: 8,
    fields: {
      proxyName: text('proxy_name'),
      srcAddr: text('src_addr'),
      dstAddr: text('dst_addr'),
      srcPort: port('src_port'),
      dstPort: port('dst_port'),
      error: text('error'),
    },
  },
  ping: { byte: 'h', id: 11, fields: { privilegeKey: text('privilege_key'), timestamp: whole('timestamp') } },
  pong: { byte: '4', id: 12, fields: { error: text('error') } },
  udpPacket: { byte: 'u', id: 13, fields: { content: text('c'), local: udpAddress('l'), remote: udpAddress('r') } },
  // These are known, so that they don't end a connection. Nothing in them is used.
  newVisitorConn: { byte: 'v', id: 9, fields: {} },
  newVisitorConnResp: { byte: '3', id: 10, fields: {} },
  natHoleVisitor: { byte: 'i', id: 14, fields: {} },
  natHoleClient: { byte: 'n', id: 15, fields: {} },
  natHoleResp: { byte: 'm', id: 16, fields: {} },
  natHoleSid: { byte: '5', id: 17, fields: {} },
  natHoleReport: { byte: '6', id: 18, fields: {} },
  natHoleDetectOk: { byte: 'd', id: null, fields: {} },
} as const

export type MessageType = keyof typeof LAYOUT
type FieldsOf<T extends MessageType> = {
  readonly [F in keyof (typeof LAYOUT)[T]['fields']]: (typeof LAYOUT)[T]['fields'][F] extends Field<infer K> ? Values[K] : never
}

/** One message of a given type, as read: every field is there. */
export type MessageOf<T extends MessageType> = { readonly type: T } & FieldsOf<T>
export type Message = { [T in MessageType]: MessageOf<T> }[MessageType]
/** A message to be sent: what is left out is empty. */
export type Outgoing = { [T in MessageType]: { readonly type: T } & Partial<FieldsOf<T>> }[MessageType]

const TYPES = Object.keys(LAYOUT) as MessageType[]
const byByte = new Map(TYPES.map((type) => [LAYOUT[type].byte.charCodeAt(0), type]))
const byId = new Map(TYPES.map((type) => [LAYOUT[type].id as number | null, type]))

export const typeOfByte = (byte: number): MessageType | null => byByte.get(byte) ?? null
export const typeOfId = (id: number): MessageType | null => byId.get(id) ?? null

/** What a message's JSON says, without the `type`. */
export function bodyOf(message: Outgoing): string {
  const values: Readonly<Record<string, unknown>> = message
  const fields: Readonly<Record<string, Field>> = LAYOUT[message.type].fields
  const body: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name]
    if (!isEmpty(value)) body[field.key] = field.kind === 'udpAddress' ? wireAddress(value as UdpAddress) : value
  }
  return JSON.stringify(body)
}

const wireAddress = ({ host, port }: UdpAddress) => ({ IP: host, Port: port, Zone: '' })
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

/** Reads a message's JSON by the rules of Go's encoding/json: keys in any case, null is empty, a wrong type is null here. */
export function parseBody(type: MessageType, json: string): Message | null {
  const parsed = parseJson(json)
  if (parsed === undefined || (parsed !== null && !isObject(parsed))) return null
  const given = new Map(Object.entries(parsed ?? {}).map(([key, value]) => [key.toLowerCase(), value]))
  const fields: Readonly<Record<string, Field>> = LAYOUT[type].fields
  const message: Record<string, unknown> = { type }
  for (const [name, field] of Object.entries(fields)) {
    const value = readAs(field.kind, given.get(field.key))
    if (value === undefined) return null
    message[name] = value
  }
  return message as Message
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isPort = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535

/** Undefined: not of that kind. */
function readAs(kind: Kind, given: unknown): unknown {
  const absent = given === undefined || given === null
  switch (kind) {
    case 'text':
      return absent ? '' : isText(given) ? given : undefined
    case 'whole':
      return absent ? 0 : Number.isSafeInteger(given) ? given : undefined
    case 'port':
      return absent ? 0 : isPort(given) ? given : undefined
    case 'flag':
      return absent ? false : typeof given === 'boolean' ? given : undefined
    case 'texts':
      return absent ? [] : Array.isArray(given) && given.every(isText) ? given : undefined
    case 'map':
      return absent ? {} : isObject(given) && Object.values(given).every(isText) ? given : undefined
    case 'udpAddress':
      return absent ? null : isObject(given) ? addressOf(given) : undefined
  }
}

function addressOf(given: Readonly<Record<string, unknown>>): UdpAddress | undefined {
  const keys = new Map(Object.entries(given).map(([key, value]) => [key.toLowerCase(), value]))
  const host = readAs('text', keys.get('ip'))
  const number = readAs('port', keys.get('port'))
  return isText(host) && typeof number === 'number' ? { host, port: number } : undefined
}
