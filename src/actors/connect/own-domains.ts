// The domains of this node's services, named in its own record.
import type { Subscription } from 'rxjs'
import { fittingDomains, isToldDomain, toldDomainOf } from '../../domain/told-domains.ts'
import type { Health } from '../health.ts'
import type { Announcer } from '../membership/announcer.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { Services } from '../services/services.ts'

interface OwnDomainNeeds {
  readonly services: Pick<Services, 'specs' | 'changes$'>
  readonly own: Pick<OwnRecord, 'nameDomains' | 'seq'>
  readonly announcer: Pick<Announcer, 'outrun'>
  readonly health: Health
}

/** Answers the end of it. */
export function tellOwnDomains({ services, own, announcer, health }: OwnDomainNeeds): () => void {
  const named = (): readonly string[] =>
    services
      .specs()
      .flatMap((spec) => toldDomainOf(spec) ?? [])
      .filter(isToldDomain)
  const put = (): boolean => {
    const { told, left } = fittingDomains(named())
    const finding = {
      level: 'warn',
      text: `the record of this node has no room for ${left.length} of its domains, among them ${left[0]}`,
      fix: 'Other nodes answer for the first eight. Use a wildcard, or point these at a node that serves them.',
    } as const
    health.set('domains', left.length === 0 ? null : finding)
    return own.nameDomains(told)
  }
  put()
  const watching: Subscription = services.changes$.subscribe(({ type }) => {
    if (type !== 'changed' && put()) announcer.outrun(own.seq())
  })
  return () => watching.unsubscribe()
}
