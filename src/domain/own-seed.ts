import { formatAddress, parseAddress } from './address.ts'

/** Where a node takes requests, as far as that is known before it runs. */
export interface OwnPlaces {
  /** `HOST:PORT`; null without a public port. */
  readonly listen: string | null
  /** `HOST` (then with the port that it listens on) or `HOST:PORT`. */
  readonly advertise: string | null
  /** Of this machine's interfaces. */
  readonly hosts: readonly string[]
}

const EVERYWHERE: readonly string[] = ['0.0.0.0', '::']
const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

/**
 * Whether a seed is the node itself: where all machines have one list of
 * seeds, it names everybody, oneself too. Names are not looked up.
 */
export function isOwnSeed(seed: string, { listen, advertise, hosts }: OwnPlaces): boolean {
  const at = listen === null ? null : parseAddress(listen)
  if (at === null) return false
  const open = EVERYWHERE.includes(at.host) ? [...LOOPBACK, ...hosts] : [at.host]
  const told = advertise === null ? [] : [parseAddress(advertise) ?? { host: advertise, port: at.port }]
  return [...open.map((host) => ({ host, port: at.port })), ...told].some((own) => formatAddress(own) === seed)
}
