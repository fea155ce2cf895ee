// Settings that fit alone, and not together.
import { statSync } from 'node:fs'
import { hostKind } from '../domain/address.ts'
import { isControlPort } from '../domain/control-port.ts'
import type { Config } from './config.ts'
import type { Values } from './schema.ts'
import type { ConfigKey } from './settings.ts'

/** One sentence about what can't stand together; null: all of it can. `where`: where a key was given. */
export function objectionTo(values: Values, config: Config, where: (key: ConfigKey) => string): string | null {
  const { opensControl } = config
  if (values.turnMode === 'pinned' && values.pins.length === 0)
    return `${where('turnMode')}: pinned takes the TURNs of --pin, and there is none; name one with --pin`
  if (values.turnMode !== undefined && values.turnMode !== 'pinned' && values.pins.length > 0)
    return `${where('pins')}: they are for --turn-mode pinned, and ${values.turnMode} was asked for; leave one of both away`
  const twice = repeated(config.node.services.map(({ name }) => name))
  if (twice !== null) return `${where('services')}: two services are called ${twice}; give one another name, as in NAME=PORT`
  if (values.table !== undefined && isDirectory(config.tableFile))
    return `${where('table')}: ${config.tableFile} is a directory; name a file`
  if (opensControl && !values.controlInsecure && hostKind(hostOf(config.control)) !== 'loopback')
    return `${where('control')}: ${config.control} lets others reach the control port, and read along, since it has no TLS; leave it on 127.0.0.1 and forward it (ssh -L, or a reverse proxy and --control-hosts), or add --control-insecure`
  const bare = config.node.services.find(({ local }) => opensControl && isControlPort(local, config.control))
  if (bare) return `${where('services')}: ${bare.local} is the control port of this node, which is not exposed; name another`
  return null
}

const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const repeated = (names: readonly string[]): string | null => names.find((name, i) => names.indexOf(name) < i) ?? null
