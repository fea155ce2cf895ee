// Which arrows of a diagram a machine went along when it entered a state.
import { eventLabel } from '../src/feed/event-label.ts'

export interface DrawnEdge {
  readonly id: string
  readonly from: string
  readonly to: string
  /** XState's event types; the empty one needs no event. */
  readonly events: readonly string[]
}

/** More steps than this without an event are not looked for. */
const MAX_STEPS = 4

/** The way from one state to another, shortest first; transitions that need no event may follow the first. Empty when there is none. */
export function hotEdges(
  edges: readonly DrawnEdge[],
  { from, state, event }: { readonly from: string; readonly state: string; readonly event: string },
): readonly string[] {
  const first = edges.filter((edge) => isAt(from, edge.from))
  const named = first.filter(({ events }) => events.some((type) => type !== '' && eventLabel(type) === event))
  return walk(
    edges,
    (named.length > 0 ? named : first).map((edge) => [edge]),
    state,
  )
}

function walk(edges: readonly DrawnEdge[], ways: readonly (readonly DrawnEdge[])[], state: string): readonly string[] {
  const there = ways.find((way) => isAt(state, way.at(-1)?.to ?? ''))
  if (there) return there.map(({ id }) => id)
  const longer = ways
    .filter((way) => way.length < MAX_STEPS)
    .flatMap((way) => edges.filter((edge) => edge.events.includes('') && edge.from === way.at(-1)?.to).map((edge) => [...way, edge]))
  return longer.length > 0 ? walk(edges, longer, state) : []
}

/** Being in `state` is being in `outer`. */
const isAt = (state: string, outer: string): boolean => outer === '' || state === outer || state.startsWith(`${outer}.`)
