// Whose a login is: what it may have of the TURN, and under which name that is kept for it.
import type { FrpServerOptions } from '../contract.ts'
import type { AcceptedLink } from '../links/link.ts'
import { privilegeKey, sameKey } from '../wire/crypto.ts'
import type { MessageOf } from '../wire/messages.ts'

export interface ClientOwner {
  readonly type: 'member' | 'token' | 'stranger'
  /** Ports, names, domains and run ids are kept for it under this name. */
  readonly key: string
  /** Belongs here: a member of a private network, or the owner's own stock client. */
  readonly trusted: boolean
  /** The id that the members' channel has proven; null: there was none. */
  readonly member: string | null
  /** With it the wire is enciphered. */
  readonly token: string
  /** The address that rations are counted by. */
  readonly address: string
}

type OwnerOptions = Pick<FrpServerOptions, 'tokens' | 'membersAreTrusted' | 'servesStrangers'>

/**
 * Null: it is refused. A stranger's token is empty: with another one it could not be spoken
 * to, since the wire is enciphered with it.
 */
export function ownerOf(
  { remote, member }: Pick<AcceptedLink, 'remote' | 'member'>,
  { privilegeKey: key, timestamp }: Pick<MessageOf<'login'>, 'privilegeKey' | 'timestamp'>,
  { tokens, membersAreTrusted = false, servesStrangers = false }: OwnerOptions,
): ClientOwner | null {
  const address = rationAddress(remote.host)
  if (member !== undefined) return { type: 'member', key: `member ${member}`, trusted: membersAreTrusted, member, token: '', address }
  const token = tokens().find((one) => sameKey(key, privilegeKey(one, timestamp)))
  if (token !== undefined) return { type: 'token', key: 'token', trusted: true, member: null, token, address }
  if (!servesStrangers || !sameKey(key, privilegeKey('', timestamp))) return null
  return { type: 'stranger', key: `address ${address}`, trusted: false, member: null, token: '', address }
}

/** What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, since whoever has one address of that has all. */
export function rationAddress(host: string): string {
  const [, v4] = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(host) ?? []
  if (v4 !== undefined) return v4
  const [, front = '', , back] = /^([0-9a-f:]*?)(::([0-9a-f:]*))?(?:%.*)?$/i.exec(host) ?? []
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '')
  const head = groups(front)
  const missing = back === undefined ? 0 : Math.max(0, 8 - head.length - groups(back).length)
  const whole = [...head, ...Array.from({ length: missing }, () => '0'), ...groups(back ?? '')].map((group) => Number.parseInt(group, 16))
  const [a = 0, b = 0, c = 0, d = 0] = whole
  return `${[a, b, c, d].map((group) => group.toString(16)).join(':')}::/64`
}
