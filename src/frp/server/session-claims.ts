// What one login may have: the names, domains and ports that are nobody else's, within its ration.
import type { FrpServerOptions, RationName } from '../contract.ts'
import type { TokenBucket } from '../meters/bandwidth-limit.ts'
import { type Claimant, DOMAIN_TAKEN, NOT_GRANTED } from '../web/vhosts.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { ClientOwner } from './client-owner.ts'
import type { Leases } from './leases.ts'
import type { PortSeeker } from './port-pool.ts'
import type { Rationing } from './rationing.ts'
import type { ProxyRation, ServerProxy } from './server-proxy.ts'
import { vhostSpecOf } from './server-vhost-proxy.ts'
import type { GroupSeeker } from './tcp-groups.ts'

type Request = MessageOf<'newProxy'>

/** A proxy that is open, in the list of all names. */
export interface NamedProxy {
  readonly proxy: ServerProxy
  readonly owner: ClientOwner
  /** Ends the session that has it. */
  readonly endSession: (why: string) => void
}

export interface SessionClaimsOptions {
  readonly server: FrpServerOptions
  readonly owner: ClientOwner
  readonly leases: Leases
  /** Null: nobody is rationed. */
  readonly rationing: Rationing | null
  /** Every proxy of every session, by name. */
  readonly names: Map<string, NamedProxy>
}

/** As nodes call their proxies: `0123456789abcdef.web`, where the digits begin their id. */
const ID_CHARS = 16

export class SessionClaims {
  readonly owner: ClientOwner
  readonly #options: SessionClaimsOptions

  constructor(options: SessionClaimsOptions) {
    this.owner = options.owner
    this.#options = options
  }

  get claimant(): Claimant {
    return { owner: this.owner.key, trusted: this.owner.trusted }
  }

  seeker(proxy: string): PortSeeker {
    return { owner: this.owner.key, isStranger: this.#isStranger, proxy, group: '' }
  }

  /** Groups are shared among those who belong here; among others by who knows the key. */
  groupSeeker({ groupKey }: Request): GroupSeeker {
    const { trusted, key } = this.owner
    return { realm: trusted ? 'members' : groupKey === '' ? key : 'others', owner: key, isStranger: this.#isStranger }
  }

  /** What a proxy's traffic is held back by, besides its own limit. */
  get buckets(): readonly TokenBucket[] {
    const bucket = this.#isStranger ? (this.#options.rationing?.bucketOf(this.owner.address) ?? null) : null
    return bucket === null ? [] : [bucket]
  }

  /** Whose id anybody can have made is believed as little as a stranger about whom a forged address belongs to. */
  get proxyRation(): ProxyRation | null {
    const { server, rationing } = this.#options
    if (this.owner.trusted) return null
    return {
      mayArriveAt: (host) => !this.#isStranger || server.strangersArriveAt?.(host) !== false,
      udpFactor: server.rations?.udpFactor ?? 0,
      onUdpMet: () => rationing?.met('udpFactor', this.owner.address),
    }
  }

  /**
   * frp's text; null: the name may be had. A name that begins with a member's id is that member's, whoever has it. P2PRC's clients all
   * give an empty one, which is nobody's. `isOpen`: this session has a proxy of that name.
   */
  nameObjection(name: string, isOpen: boolean): string | null {
    const { names, leases, server } = this.#options
    const taken = `proxy name [${name}] is already in use`
    const has = names.get(name)
    if (isOpen || has?.owner.key === this.owner.key) return taken
    if (name === '' || this.#isOwnName(name)) return null
    return has !== undefined || leases.isOthers('name', name, { owner: this.owner.key }, server.clock.now()) ? taken : null
  }

  domainObjection(request: Request): string | null {
    const { server, leases } = this.#options
    const now = server.clock.now()
    const isTaken = server.vhosts
      ?.domainsOf(vhostSpecOf(request))
      .some((domain) => leases.isOthers('domain', domain, { owner: this.owner.key }, now))
    return isTaken ? DOMAIN_TAKEN : null
  }

  /** Takes one of the proxies that it may have; null: it did, else frp's text. */
  takeProxy(): string | null {
    const { rationing, server } = this.#options
    if (!this.#isStranger || rationing === null || rationing.takeProxy(this.owner.address)) return null
    this.met('ports')
    return `exceed the max_ports_per_client: strangers have ${server.rations?.ports ?? 0} from one address`
  }

  returnProxy(): void {
    if (this.#isStranger) this.#options.rationing?.returnProxy(this.owner.address)
  }

  /** The name is its own from now on; who else had it is ended. */
  takeName(name: string, proxy: ServerProxy, endSession: (why: string) => void): void {
    const { names, leases } = this.#options
    if (name === '') return
    const before = names.get(name)
    names.set(name, { proxy, owner: this.owner, endSession })
    leases.take('name', name, { owner: this.owner.key, isStranger: this.#isStranger })
    before?.endSession(`it used the proxy name of member ${this.owner.member?.slice(0, ID_CHARS) ?? ''}`)
  }

  leaveName(name: string, proxy: ServerProxy): void {
    const { names, leases, server } = this.#options
    if (names.get(name)?.proxy !== proxy) return
    names.delete(name)
    leases.leave('name', name, this.owner.key, server.clock.now())
  }

  takeDomains(domains: readonly string[]): void {
    for (const domain of domains) this.#options.leases.take('domain', domain, { owner: this.owner.key, isStranger: this.#isStranger })
  }

  leaveDomains(domains: readonly string[]): void {
    const { leases, server } = this.#options
    for (const domain of domains)
      if (server.vhosts?.isClaimed(domain) !== true) leases.leave('domain', domain, this.owner.key, server.clock.now())
  }

  /** A refusal that came of being a stranger is told to who owns the TURN. */
  refused(error: string, { remotePort }: Request): void {
    if (this.owner.trusted) return
    if (error.includes(NOT_GRANTED)) this.met('domain')
    else if (this.#isStranger && error.includes('port not allowed') && this.#isAllowed(remotePort)) this.met('port')
  }

  met(ration: RationName): void {
    this.#options.rationing?.met(ration, this.owner.address)
  }

  get #isStranger(): boolean {
    return this.owner.type === 'stranger'
  }

  #isOwnName(name: string): boolean {
    const { member } = this.owner
    return member !== null && name.startsWith(member.slice(0, ID_CHARS)) && /^[./]/.test(name.slice(ID_CHARS))
  }

  #isAllowed(port: number): boolean {
    const { allowPorts } = this.#options.server
    return ('first' in allowPorts ? [allowPorts] : allowPorts).some(({ first, last }) => port >= first && port <= last)
  }
}
