// What this node exposes: where it is reached, what passes, what is wrong; and exposing more, or less.
import { useSignal } from '@preact/signals'
import type { ServiceSpec } from '../src/answers.ts'
import { isByDomain, SERVICE_KINDS } from '../src/domain/service-kind.ts'
import type { FeedService } from '../src/feed/figures.ts'
import { act } from './actions.ts'
import { BarOf } from './bar.tsx'
import { CommandLine, Copy } from './copy.tsx'
import { DayTrafficOf } from './day-traffic.tsx'
import { nowMs, status, traffic } from './feed-client.ts'
import { age, fullTime } from './format.ts'
import { readForm } from './service-form.ts'
import { isReplay } from './token.ts'
import { ServiceTraffic } from './traffic.tsx'

export function ServicesCard() {
  const services = status.value?.services ?? []
  return (
    <section class="card services-card" aria-labelledby="services">
      <h2 id="services">Services</h2>
      {services.length === 0 && (
        <p class="empty">
          Nothing is exposed: <code>moonwalk expose 3000</code>
        </p>
      )}
      <ul class="services">
        {services.map((service) => (
          <Service key={service.name} service={service} />
        ))}
      </ul>
      {!isReplay() && <Expose taken={services.map(({ name }) => name)} />}
    </section>
  )
}

function Service({ service: { name, kind, local, public: address, at, state, phase, error, since } }: { readonly service: FeedService }) {
  // The node's own advice about it stands in its health.
  const fix = status.value?.health.find(({ text }) => text.startsWith(`service ${name} is not up: `))?.fix
  return (
    <li data-service={name}>
      <span class={`dot ${state}`} aria-hidden="true" />
      <div>
        <b>{name}</b> <span class="soft">{kind}</span> <span class="chip">{state}</span>{' '}
        {since !== null && (
          <span class="soft" title={fullTime(since)}>
            for {age(since, nowMs.value)}
          </span>
        )}
        {!isReplay() && <Unexpose name={name} />}
        {phase === 'private' && (
          <div>
            Members reach it by <CommandLine line={`moonwalk connect ${status.value?.node.name}/${name}`} />
          </div>
        )}
        <div class="address">
          <span class="mono route">
            <Public address={address} kind={kind} isPrivate={phase === 'private'} /> <span class="soft">→ {local}</span>
          </span>{' '}
          {address !== null && <Copy text={address} what={`the address of ${name}`} />}
        </div>
        {at.length > 1 && <Places places={at.filter((one) => one.state === 'up' && one.public !== null && one.public !== address)} />}
        {error !== null && (
          <div class="bad" data-error={name}>
            {error}
            {fix !== undefined && <div class="soft">{fix}</div>}
          </div>
        )}
        <BarOf kind="service" id={name} />
        <DayTrafficOf id={name} />
        <ServiceTraffic name={name} traffic={traffic.value.get(name)} />
      </div>
    </li>
  )
}

/** The same service at further TURNs. */
const Places = ({ places }: { readonly places: FeedService['at'] }) => (
  <>
    {places.map(({ turn, public: address }) => (
      <div key={turn} class="soft">
        also at <span class="mono">{address}</span>
        {turn !== null && ` through ${turn}`}
      </div>
    ))}
  </>
)

interface PublicShown {
  readonly address: string | null
  readonly kind: FeedService['kind']
  readonly isPrivate: boolean
}

/** A browser can try tcp as well; it opens what speaks HTTP. */
function Public({ address, kind, isPrivate }: PublicShown) {
  if (address === null) return <>{isPrivate ? 'private' : 'not proven'}</>
  if (kind === 'udp') return <>{address}</>
  const href = address.includes('://') ? address : `http://${address}`
  return (
    <a href={href} target="_blank" rel="noreferrer" title="opens in another tab">
      {address}
    </a>
  )
}

/** Asks first: whoever uses it is cut off. */
function Unexpose({ name }: { readonly name: string }) {
  const asks = useSignal(false)
  const said = useSignal<string | null>(null)
  const unexpose = async () => {
    const outcome = await act('api/services/remove', { name })
    said.value = outcome.type === 'refused' ? outcome.text : null
    asks.value = false
  }
  return (
    <div class="actions">
      {asks.value ? (
        <>
          End {name} for everybody?{' '}
          <button type="button" class="small danger" onClick={() => void unexpose()}>
            Unexpose
          </button>{' '}
          <button type="button" class="small" onClick={() => (asks.value = false)}>
            Keep
          </button>
        </>
      ) : (
        <button type="button" class="small quiet" aria-label={`Unexpose ${name}`} onClick={() => (asks.value = true)}>
          Unexpose
        </button>
      )}
      {said.value && <span class="bad"> {said.value}</span>}
    </div>
  )
}

const PROOF_TIMEOUT_MS = 30_000

function Expose({ taken }: { readonly taken: readonly string[] }) {
  const kind = useSignal<ServiceSpec['kind']>('tcp')
  const said = useSignal<{ readonly isBad: boolean; readonly text: string } | null>(null)
  const expose = async (form: HTMLFormElement) => {
    const fields = new FormData(form)
    const text = (name: string) => String(fields.get(name) ?? '')
    const read = readForm(
      { target: text('target'), name: text('name'), kind: kind.value, domain: text('domain'), isPrivate: fields.has('private') },
      taken,
    )
    if (read.type === 'wrong') {
      said.value = { isBad: true, text: read.text }
      return
    }
    said.value = { isBad: false, text: `Opening ${read.spec.name}…` }
    const outcome = await act<{ readonly public: string | null }>('api/services', { spec: read.spec, timeoutMs: PROOF_TIMEOUT_MS })
    if (outcome.type === 'done') form.reset()
    said.value =
      outcome.type === 'refused'
        ? { isBad: true, text: outcome.text }
        : { isBad: false, text: `${read.spec.name} is up${outcome.answer.public === null ? '' : ` at ${outcome.answer.public}`}.` }
  }
  return (
    <details class="expose">
      <summary>Expose a service</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void expose(event.currentTarget)
        }}
      >
        <label>
          Port, or host:port, here
          <input name="target" required placeholder="3000" autocomplete="off" />
        </label>
        <label>
          Kind
          <select
            value={kind.value}
            onChange={({ currentTarget }) => {
              kind.value = SERVICE_KINDS.find((one) => one === currentTarget.value) ?? 'tcp'
            }}
          >
            {SERVICE_KINDS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        {isByDomain(kind.value) && (
          <label>
            Domain
            <input name="domain" required placeholder="app.example.org" autocomplete="off" />
          </label>
        )}
        <label>
          Name
          <input name="name" placeholder="web" autocomplete="off" />
        </label>
        <label class="check">
          <input type="checkbox" name="private" /> private: for members, by <code>moonwalk connect</code>
        </label>
        <button type="submit">Expose</button>
      </form>
      <p class={said.value?.isBad ? 'bad' : 'soft'} role="status">
        {said.value?.text}
      </p>
    </details>
  )
}
