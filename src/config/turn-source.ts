// Where a TURN may be found, as people write it.
import type { TurnSource } from '../answers.ts'
import { readAddress } from './addresses.ts'
import { type Read, wrong } from './read.ts'

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
