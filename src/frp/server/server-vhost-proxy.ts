// One http or https proxy at the TURN's end: it has domains instead of a port. Its users are served as those of a tcp proxy.
import type { AcceptedLink } from '../links/link.ts'
import { type HttpRules, NO_RULES, rulesOf } from '../web/http-rules.ts'
import type { Claim, Claimant, VhostRoute, VhostSpec, Vhosts } from '../web/vhosts.ts'
import type { MessageOf } from '../wire/messages.ts'
import { type ServerProxy, type ServerProxyOptions, ServerTcpProxy } from './server-proxy.ts'

type Held = Extract<Claim, { readonly type: 'held' }>

export class ServerVhostProxy implements ServerProxy, VhostRoute {
  readonly name: string
  readonly kind: 'http' | 'https'
  readonly port: number
  readonly rules: HttpRules
  readonly #users: ServerTcpProxy
  #held: Held | null = null

  constructor(options: ServerProxyOptions, kind: 'http' | 'https', port: number, rules: HttpRules) {
    this.name = options.request.proxyName
    this.kind = kind
    this.port = port
    this.rules = rules
    this.#users = new ServerTcpProxy(options)
  }

  /** As the client is told. */
  get addresses(): string {
    return this.#held?.addresses ?? ''
  }

  /** What it has, in lower case. */
  get domains(): readonly string[] {
    return this.#held?.domains ?? []
  }

  claimed(held: Held): void {
    this.#held = held
  }

  serve(user: AcceptedLink): void {
    this.#users.serve(user)
  }

  failed(why: string): void {
    this.#users.failed(why)
  }

  async open(): Promise<null> {
    return null // it has no port of its own
  }

  hold(): void {}

  start(): void {}

  async close(): Promise<void> {
    this.#held?.release()
    this.#held = null
    await this.#users.close()
  }
}

export const vhostSpecOf = (request: MessageOf<'newProxy'>): VhostSpec => ({
  type: request.proxyType === 'https' ? 'https' : 'http',
  domains: request.customDomains,
  subdomain: request.subdomain,
  locations: request.locations,
})

/** A proxy that has claimed its names; a text: why they are refused. */
export function openVhostProxy(options: ServerProxyOptions, vhosts: Vhosts, claimant: Claimant): ServerVhostProxy | string {
  const { request } = options
  const type = request.proxyType === 'https' ? 'https' : 'http'
  const rules = type === 'http' ? rulesOf(request) : NO_RULES
  if (typeof rules === 'string') return rules
  const proxy = new ServerVhostProxy(options, type, vhosts.port, rules)
  const claim = vhosts.claim(vhostSpecOf(request), proxy, claimant)
  if (claim.type === 'refused') return claim.error
  proxy.claimed(claim)
  return proxy
}
