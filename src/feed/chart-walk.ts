// A machine read as a chart: states, arrows and the words on them. Mermaid text and SVG are both drawn from this.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { eventLabel } from './event-label.ts'

export interface Chart {
  /** The machine's id. */
  readonly id: string
  readonly root: ChartState
  readonly edges: readonly ChartEdge[]
}

export interface ChartState {
  /** Such as `tunnelling.up`; empty for the machine itself. */
  readonly path: string
  readonly title: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history'
  /** What goes on inside: `runs probe`, `entry / x`, and what is heard without leaving, `event / action`. */
  readonly notes: readonly string[]
  /** The path of the child entered first. */
  readonly initial: string | null
  readonly children: readonly ChartState[]
}

export interface ChartEdge {
  /** The path of the state it leaves. */
  readonly from: string
  /** It leaves any state inside `from`, for one of those: drawn from a mark inside, since nothing draws the direct form well. */
  readonly fromAnyInside: boolean
  readonly to: string
  /** XState's own event type; empty for a transition that needs none. */
  readonly event: string
  /** `event [guard]`. */
  readonly label: string
  /** Names of what is done on the way. */
  readonly actions: readonly string[]
}

export function walkChart(machine: AnyStateMachine): Chart {
  return { id: machine.id, root: stateOf(machine.root), edges: edgesOf(machine.root) }
}

/** Every state, the machine itself first. */
export const allStates = (state: ChartState): readonly ChartState[] => [state, ...state.children.flatMap(allStates)]

/** Whether one path lies inside another: `a.b` in `a`, and everything in the empty path. */
export const isInside = (inner: string, outer: string): boolean => inner !== outer && (outer === '' || inner.startsWith(`${outer}.`))

const pathOf = (node: AnyStateNode): string => node.path.join('.')

function stateOf(node: AnyStateNode): ChartState {
  const first = node.type === 'compound' ? node.initial.target?.[0] : undefined
  return {
    path: pathOf(node),
    title: node.key,
    kind: node.type,
    notes: notesOf(node),
    initial: first ? pathOf(first) : null,
    children: Object.values(node.states).map(stateOf),
  }
}

function notesOf(node: AnyStateNode): readonly string[] {
  const heard = new Map<string, string[]>()
  for (const transition of outOf(node).filter(({ target }) => !target?.length)) {
    const done = names(transition.actions).join(', ')
    heard.set(done, [...(heard.get(done) ?? []), labelOf(transition, node)])
  }
  return [
    ...node.invoke.map(({ src }) => `runs ${nameOf(src)}`),
    ...onTheWay('entry', node.entry),
    ...onTheWay('exit', node.exit),
    ...[...heard].map(([done, events]) => [events.join(', '), done].filter(Boolean).join(' / ')),
  ]
}

function onTheWay(moment: string, actions: readonly unknown[]): readonly string[] {
  // Delays are kept by actions of XState's own on entry and exit.
  const told = names(actions).filter((name) => name !== 'raise' && name !== 'cancel')
  return told.length > 0 ? [`${moment} / ${told.join(', ')}`] : []
}

function edgesOf(node: AnyStateNode): readonly ChartEdge[] {
  const from = pathOf(node)
  return [
    ...outOf(node).flatMap((transition) =>
      (transition.target ?? []).map((target): ChartEdge => {
        const to = pathOf(target)
        return {
          from,
          fromAnyInside: isInside(to, from),
          to,
          event: transition.eventType,
          label: labelOf(transition, node),
          actions: names(transition.actions),
        }
      }),
    ),
    ...Object.values(node.states).flatMap(edgesOf),
  ]
}

const outOf = (node: AnyStateNode): readonly AnyTransitionDefinition[] => [...node.transitions.values()].flat().concat(node.always ?? [])

function labelOf({ eventType, guard }: AnyTransitionDefinition, node: AnyStateNode): string {
  const actors = Object.fromEntries(node.invoke.map(({ id, src }) => [id, nameOf(src)]))
  return [eventLabel(eventType, actors) || (guard ? '' : 'always'), guard === undefined ? '' : `[${guardName(guard)}]`]
    .filter(Boolean)
    .join(' ')
}

const names = (refs: readonly unknown[]): readonly string[] => refs.map(nameOf)

function guardName(guard: unknown): string {
  if (typeof guard !== 'function' || !('guards' in guard) || !Array.isArray(guard.guards)) return nameOf(guard)
  const parts = guard.guards.map(guardName)
  return guard.name === 'not' ? `not ${parts.join('')}` : parts.join(` ${guard.name} `)
}

function nameOf(ref: unknown): string {
  if (typeof ref === 'string') return ref.replace(/^xstate\./, '')
  if ((typeof ref === 'object' || typeof ref === 'function') && ref !== null && 'type' in ref) return nameOf(ref.type)
  return 'inline'
}
