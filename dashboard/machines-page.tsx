// The state machines of this node, each whole on the screen: where it is, how it came there, and how long it was in each state.
import { signal } from '@preact/signals'
import type { ClientAnswer } from '../src/answers.ts'
import type { ActiveStates, FeedView } from '../src/feed/delta.ts'
import { instancesOf, machinesOf } from '../src/feed/instances.ts'
import { spanText } from '../src/feed/standing.ts'
import { Diagram } from './diagram.tsx'
import { clients, news, nowMs, states, status } from './feed-client.ts'
import { clockTime, fullTime } from './format.ts'
import { entriesOf, type StateNews, stateTimes } from './state-times.ts'

/** These first, the others by name. */
const FIRST = ['node', 'reach', 'tunnel', 'exposedService']
const MAX_EVENTS = 12

export function MachinesPage() {
  const node = status.value?.node.state
  const withNode: ActiveStates = node === undefined ? states.value : { ...states.value, node: states.value.node ?? [node] }
  const titleOf = instanceTitles(clients.value)
  const place = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
  const machines = machinesOf(withNode).toSorted((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
  return (
    <main class="page machines-page">
      <nav aria-label="Machines" class="jumps">
        {machines.map((name) => (
          <button key={name} type="button" class="small" onClick={() => document.getElementById(`machine-${name}`)?.scrollIntoView()}>
            {name} <span class="soft">{withNode[name]?.at(-1)}</span>
          </button>
        ))}
      </nav>
      {machines.map((name) => (
        <Machine key={name} machine={name} states={withNode} titleOf={titleOf} />
      ))}
    </main>
  )
}

/** The instance whose states are lit, by machine; none: those of all. */
const picked = signal<ReadonlyMap<string, string>>(new Map())

interface MachineShown {
  readonly machine: string
  readonly states: ActiveStates
  readonly titleOf: (instance: string) => string
}

function Machine({ machine, states, titleOf }: MachineShown) {
  const instances = instancesOf(states, machine)
  const [only] = instances.keys()
  const wanted = picked.value.get(machine)
  const one = instances.size === 1 ? only : wanted !== undefined && instances.has(wanted) ? wanted : undefined
  const active = (one === undefined ? states[machine] : instances.get(one)) ?? []
  const entries = entriesOf(news.value, machine, one ?? null)
  return (
    <section class="card machine" id={`machine-${machine}`} data-machine-card={machine} aria-label={`The machine ${machine}`}>
      <Diagram
        machine={machine}
        who={one === undefined ? null : titleOf(one)}
        isSeveral={one === undefined && instances.size > 1}
        active={active}
        last={entries.at(-1)}
      >
        {instances.size > 1 && (
          <fieldset class="instances" aria-label={`Instances of ${machine}`}>
            {[...instances].map(([instance, paths]) => (
              <button
                key={instance}
                type="button"
                data-instance={instance}
                title={instance}
                aria-pressed={instance === one}
                onClick={() => pick(machine, instance === one ? null : instance)}
              >
                {titleOf(instance)}: {paths.at(-1)}
              </button>
            ))}
          </fieldset>
        )}
      </Diagram>
      <Story entries={entries} titleOf={titleOf} isSeveral={one === undefined && instances.size > 1} />
    </section>
  )
}

interface StoryShown {
  readonly entries: readonly StateNews[]
  readonly titleOf: (instance: string) => string
  /** Each line says which instance it tells of. */
  readonly isSeveral: boolean
}

function Story({ entries, titleOf, isSeveral }: StoryShown) {
  const times = stateTimes(entries, nowMs.value)
  const [first] = entries
  if (first === undefined) return <p class="story empty">No change of state is known yet.</p>
  return (
    <div class="story">
      <table class="figures">
        <caption class="soft" title={fullTime(first.at)}>
          Since {clockTime(first.at)}
        </caption>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col" class="num">
              Times
            </th>
            <th scope="col" class="num">
              In all
            </th>
          </tr>
        </thead>
        <tbody>
          {times.map(({ state, times: count, totalMs, sinceMs }) => (
            <tr key={state} class={sinceMs === null ? '' : 'now'}>
              <th scope="row">{state}</th>
              <td class="num">{count}</td>
              <td class="num">{spanText(totalMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <ol class="lines">
        {entries
          .slice(-MAX_EVENTS)
          .toReversed()
          .map(({ seq, at, instance, state, event }) => (
            <li key={seq}>
              <time class="soft" dateTime={at} title={fullTime(at)}>
                {clockTime(at)}
              </time>{' '}
              {isSeveral && <span class="soft">{titleOf(instance)} </span>}
              <code>{event}</code> → <b>{state}</b>
            </li>
          ))}
      </ol>
    </div>
  )
}

function pick(machine: string, instance: string | null): void {
  const others = [...picked.value].filter(([name]) => name !== machine)
  picked.value = new Map(instance === null ? others : [...others, [machine, instance]])
}

/** A client's session is named by where it connects from; its name says more. */
function instanceTitles(all: FeedView['clients']): (instance: string) => string {
  const byAddress = new Map([...all.values()].map((client: ClientAnswer) => [client.address, client.name ?? client.id.slice(0, 8)]))
  return (instance) => byAddress.get(instance) ?? instance
}
