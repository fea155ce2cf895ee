// What one server offers to this node.
import { useSignal } from '@preact/signals'
import type { PeerAnswerRow } from '../src/answers.ts'
import { CommandLine } from './copy.tsx'
import { status } from './feed-client.ts'
import { ask } from './token.ts'

/** Asking contacts other nodes, so a person says when. */
type Offered =
  | { readonly type: 'unasked' | 'asking' | 'failed' }
  | { readonly type: 'told'; readonly services: readonly { readonly name: string; readonly kind: string }[] }

export function PeerServices({ row: { id, name, self } }: { readonly row: PeerAnswerRow }) {
  const told = useSignal<Offered>({ type: 'unasked' })
  const askIt = async () => {
    told.value = { type: 'asking' }
    const all = await askReachable()
    told.value = all === null ? { type: 'failed' } : { type: 'told', services: all.filter(({ node }) => node.id === id) }
  }
  const offered: Offered = self ? { type: 'told', services: status.value?.services ?? [] } : told.value
  if (id === null) return null
  return (
    <section class="card" aria-labelledby="peer-services">
      <h2 id="peer-services">Services</h2>
      {offered.type === 'told' && offered.services.length === 0 && <p class="empty">None for this node.</p>}
      {offered.type === 'failed' && <p class="bad">This node can’t ask for them.</p>}
      {offered.type === 'told' ? (
        <ul class="lines">
          {offered.services.map((service) => (
            <li key={service.name}>
              <b>{service.name}</b> <span class="soft">{service.kind}</span>{' '}
              <CommandLine line={`moonwalk connect ${name}/${service.name}`} />
            </li>
          ))}
        </ul>
      ) : (
        <button type="button" disabled={offered.type === 'asking'} onClick={() => void askIt()}>
          {offered.type === 'asking' ? 'Asking…' : 'Ask what it offers'}
        </button>
      )}
    </section>
  )
}

interface Reachable {
  readonly node: { readonly id: string }
  readonly name: string
  readonly kind: string
}

async function askReachable(): Promise<readonly Reachable[] | null> {
  const answer = await ask('api/connectable')
  if (!answer?.ok) return null
  const body: { readonly services: readonly Reachable[] } = await answer.json()
  return body.services
}
