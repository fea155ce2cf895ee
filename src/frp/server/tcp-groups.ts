// Several tcp proxies behind one port: users go to them in turn. The first member opens the port, the last one frees it. Rules
// and texts are frp's. Ours alone is that a user for whom a member has no work connection goes to the next member.
import type { AcceptedLink } from '../links/link.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { HeldPort, PortPool, PortRefusal, PortSeeker } from './port-pool.ts'
import type { ServerProxyOptions, ServerTcpProxy } from './server-proxy.ts'

type Request = Pick<MessageOf<'newProxy'>, 'group' | 'groupKey' | 'remotePort'>

/** Who asks. Groups of one name in different realms have nothing to do with each other. */
export interface GroupSeeker {
  readonly realm: string
  readonly owner: string
  readonly isStranger: boolean
}

interface Group {
  readonly key: string
  /** As the first member asked for it; 0: any. */
  readonly askedPort: number
  readonly members: ServerTcpProxy[]
  /** Its port, once that is open or refused. */
  readonly opening: Promise<HeldPort | PortRefusal>
  next: number
}

export class TcpGroups {
  readonly #ports: PortPool
  readonly #listen: ServerProxyOptions['server']['listen']
  readonly #groups = new Map<string, Group>()

  constructor(ports: PortPool, listen: ServerProxyOptions['server']['listen']) {
    this.#ports = ports
    this.#listen = listen
  }

  /** Why a member is refused, in frp's text; null: it is not. */
  objection({ group, groupKey, remotePort }: Request, seeker: GroupSeeker): string | null {
    const open = this.#groups.get(nameOf(group, seeker))
    if (open === undefined) return remotePort === 0 ? null : this.#ports.objection(remotePort, portSeeker(group, groupKey, seeker))
    if (open.askedPort !== remotePort) return 'group should have same remote port'
    return open.key === groupKey ? null : 'group auth failed'
  }

  /** Makes the proxy a member; the group's port is held until the last one gives it back. */
  async join(member: ServerTcpProxy, request: Request, seeker: GroupSeeker): Promise<HeldPort | PortRefusal> {
    const error = this.objection(request, seeker)
    if (error !== null) return { type: 'refused', error }
    const name = nameOf(request.group, seeker)
    const group = this.#groups.get(name) ?? this.#open(name, request, seeker)
    group.members.push(member)
    const held = await group.opening
    if (held.type === 'refused') return held
    return { type: 'held', port: held.port, release: () => this.#leave(name, group, member, held) }
  }

  #open(name: string, { group: plain, groupKey, remotePort }: Request, seeker: GroupSeeker): Group {
    const members: ServerTcpProxy[] = []
    const opening = this.#ports.acquire(portSeeker(plain, groupKey, seeker), remotePort, async (address) => {
      const listening = await this.#listen(address, (user) => this.#serve(group, user))
      return listening.type === 'failed' ? null : listening
    })
    const group: Group = { key: groupKey, askedPort: remotePort, members, opening, next: 0 }
    this.#groups.set(name, group)
    const forget = (): void => this.#forget(name, group)
    void opening.then(({ type }) => (type === 'refused' ? forget() : undefined), forget) // a bug is told by those who wait for the port
    return group
  }

  #forget(name: string, group: Group): void {
    if (this.#groups.get(name) === group) this.#groups.delete(name)
  }

  async #leave(name: string, group: Group, member: ServerTcpProxy, held: HeldPort): Promise<void> {
    const at = group.members.indexOf(member)
    if (at < 0) return
    group.members.splice(at, 1)
    if (at < group.next) group.next--
    if (group.members.length > 0) return
    this.#forget(name, group)
    await held.release()
  }

  /** The next member in turn; where it has no work connection for the user, the one after it, each at most once. */
  #serve(group: Group, user: AcceptedLink, tried: ReadonlySet<ServerTcpProxy> = new Set()): void {
    const { members } = group
    for (let step = 0; step < members.length; step++) {
      const at = (group.next + step) % members.length
      const member = members[at]
      if (member === undefined || tried.has(member)) continue
      group.next = at + 1
      return member.arrived(user, () => this.#serve(group, user, new Set([...tried, member])))
    }
    user.refuse()
  }
}

const nameOf = (group: string, { realm }: GroupSeeker): string => `${realm}\n${group}`
/** Its port is kept for who opened it, and for whoever is of the group. */
const portSeeker = (group: string, key: string, { realm, owner, isStranger }: GroupSeeker): PortSeeker => ({
  owner,
  isStranger,
  proxy: `group ${group}`,
  group: `${realm}\n${group}\n${key}`,
})
