// A service, as people write it.
import type { ServiceSpec } from '../answers.ts'
import { parseAddress } from '../domain/address.ts'
import { readAddress } from './addresses.ts'
import { readDomain } from './domains.ts'
import { type Read, wrong } from './read.ts'
import { readServiceOptions } from './service-options.ts'

/**
 * `[NAME=]PORT` or `[NAME=]HOST:PORT`, with `/udp`, `/http:DOMAIN` or `/https:DOMAIN`
 * behind, and then options (service-options.ts) behind a `?`.
 */
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
