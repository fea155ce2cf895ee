// Which node answers for a domain, as the signed records have it.
import type { Subscription } from 'rxjs'
import { isProven, type Row } from '../../domain/ip-table.ts'
import type { PeerId } from '../../domain/record.ts'
import type { Scheme } from '../../domain/service-kind.ts'
import { ownerAmong, toldAs } from '../../domain/told-domains.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'

export interface DomainOwners {
  /** Of a name in lower case; the more exact claim counts. `told`: as its record names the domain. */
  find(scheme: Scheme, name: string): { readonly id: PeerId; readonly told: string } | null
  stop(): void
}

interface Claims {
  readonly ids: Set<PeerId>
  owner: PeerId | null
}

export function createDomainOwners({
  keeper,
  self,
}: {
  readonly keeper: Pick<TableKeeper, 'changes$'>
  readonly self: PeerId
}): DomainOwners {
  const claims = new Map<string, Claims>()
  /** What each node named last. */
  const namedBy = new Map<PeerId, readonly string[]>()

  const put = (id: PeerId, domains: readonly string[]): void => {
    const before = namedBy.get(id) ?? []
    if (before === domains) return
    if (domains.length === 0) namedBy.delete(id)
    else namedBy.set(id, domains)
    for (const domain of before) if (!domains.includes(domain)) settle(domain, (ids) => ids.delete(id))
    for (const domain of domains) if (!before.includes(domain)) settle(domain, (ids) => ids.add(id))
  }
  const settle = (domain: string, change: (ids: Set<PeerId>) => void): void => {
    const claim = claims.get(domain) ?? { ids: new Set(), owner: null }
    change(claim.ids)
    claim.owner = ownerAmong([...claim.ids], claim.owner)
    if (claim.owner === null) claims.delete(domain)
    else claims.set(domain, claim)
  }
  const look = (row: Row, isThere: boolean): void => {
    const { id, domains = NONE } = row.record
    // Who was met once and has moved is asked at its new address when somebody comes.
    const isMet = id !== null && (isProven(row) || namedBy.has(id))
    if (id !== null && id !== self) put(id, isThere && isMet ? domains : NONE)
  }
  const watching: Subscription = keeper.changes$.subscribe((change) =>
    look(change.row, change.type !== 'removed' && change.type !== 'dropped'),
  )

  return {
    find: (scheme, name) => {
      if (claims.size === 0) return null
      for (const told of toldAs(scheme, name)) {
        const id = claims.get(told)?.owner
        if (id !== undefined && id !== null) return { id, told }
      }
      return null
    },
    stop: () => watching.unsubscribe(),
  }
}

const NONE: readonly string[] = []
