// The state machines of this node: each with its diagram, and where several of one run, each of those by its name.
import { signal } from '@preact/signals'
import type { ClientAnswer } from '../src/answers.ts'
import type { ActiveStates, FeedView } from '../src/feed/delta.ts'
import { instancesOf, machinesOf } from '../src/feed/instances.ts'
import type { Entry } from '../src/feed/news.ts'
import { Diagram, type StateNews } from './diagram.tsx'

/** Always open; the others are opened by hand. */
const MAIN = ['node', 'tunnel']

export function Machines({ shown: { status, states, news, clients } }: { readonly shown: FeedView }) {
  const titleOf = instanceTitles(clients)
  const withNode: ActiveStates = { ...states, node: states.node ?? [status.node.state] }
  const isTunnelling = status.node.state.startsWith('tunnelling') || states.tunnel !== undefined
  const machine = (name: string) => <Machine key={name} machine={name} states={withNode} news={news} titleOf={titleOf} />
  return (
    <aside class="card diagrams" aria-label="State machines">
      {MAIN.filter((name) => name === 'node' || isTunnelling).map(machine)}
      {machinesOf(states)
        .filter((name) => !MAIN.includes(name))
        .toSorted()
        .map((name) => (
          <More key={name} name={name} count={instancesOf(states, name).size}>
            {() => machine(name)}
          </More>
        ))}
    </aside>
  )
}

/** The instance whose states are lit, by machine; none: those of all. */
const picked = signal<ReadonlyMap<string, string>>(new Map())

interface MachineShown {
  readonly machine: string
  readonly states: ActiveStates
  readonly news: readonly Entry[]
  readonly titleOf: (instance: string) => string
}

function Machine({ machine, states, news, titleOf }: MachineShown) {
  const instances = instancesOf(states, machine)
  const [only] = instances.keys()
  const wanted = picked.value.get(machine)
  const one = instances.size === 1 ? only : wanted !== undefined && instances.has(wanted) ? wanted : undefined
  const active = (one === undefined ? states[machine] : instances.get(one)) ?? []
  const last = news.findLast(
    (entry): entry is StateNews =>
      entry.type === 'state.entered' && entry.machine === machine && (one ?? entry.instance) === entry.instance,
  )
  return (
    <Diagram
      machine={machine}
      who={one === undefined ? null : titleOf(one)}
      isSeveral={one === undefined && instances.size > 1}
      active={active}
      last={last}
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
  )
}

function pick(machine: string, instance: string | null): void {
  const others = [...picked.value].filter(([name]) => name !== machine)
  picked.value = new Map(instance === null ? others : [...others, [machine, instance]])
}

const opened = signal<readonly string[]>([])

/** A machine that is drawn once it is opened. */
function More({ name, count, children }: { readonly name: string; readonly count: number; readonly children: () => preact.VNode }) {
  const isOpen = opened.value.includes(name)
  return (
    <details
      class="more-machine"
      data-more={name}
      open={isOpen}
      onToggle={({ currentTarget: { open } }) => {
        opened.value = [...opened.value.filter((other) => other !== name), ...(open ? [name] : [])]
      }}
    >
      <summary>
        <b>{name}</b> {count > 1 && `(${count})`}
      </summary>
      {isOpen && children()}
    </details>
  )
}

/** A client's session is named by where it connects from; its name says more. */
function instanceTitles(clients: FeedView['clients']): (instance: string) => string {
  const byAddress = new Map([...clients.values()].map((client: ClientAnswer) => [client.address, client.name ?? client.id.slice(0, 8)]))
  return (instance) => byAddress.get(instance) ?? instance
}
