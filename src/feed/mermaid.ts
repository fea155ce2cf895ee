import { allStates, type Chart, type ChartEdge, type ChartState } from './chart-walk.ts'

/** One machine as a Mermaid state diagram. Reads only the chart, so equal machines print equal text. */
export function toMermaid({ root, edges }: Chart): string {
  const lines = [
    'stateDiagram-v2',
    ...inside(root, edges, '  '),
    ...edges.map((edge) => `  ${arrow(edge)}`),
    ...allStates(root).flatMap(notes),
  ]
  return `${lines.join('\n')}\n`
}

function inside(state: ChartState, edges: readonly ChartEdge[], pad: string): readonly string[] {
  return [
    ...(state.initial === null ? [] : [`${pad}[*] --> ${key(state.initial)}`]),
    ...(edges.some(({ from, fromAnyInside }) => fromAnyInside && from === state.path)
      ? [`${pad}state "any state of ${state.title}" as any_${key(state.path)}`]
      : []),
    ...state.children.flatMap((child, i) => [
      ...(state.kind === 'parallel' && i > 0 ? [`${pad}--`] : []),
      `${pad}state "${child.title}" as ${key(child.path)}`,
      ...(child.kind === 'final' ? [`${pad}${key(child.path)} --> [*]`] : []),
      ...(child.children.length > 0 ? [`${pad}state ${key(child.path)} {`, ...inside(child, edges, `${pad}  `), `${pad}}`] : []),
    ]),
  ]
}

function arrow({ from, fromAnyInside, to, label, actions }: ChartEdge): string {
  return `${fromAnyInside ? 'any_' : ''}${key(from)} --> ${key(to)}: ${[label, actions.join(', ')].filter(Boolean).join(' / ')}`
}

/** The machine itself has no box to hang a note on, so its notes are comments. */
function notes({ path, notes }: ChartState): readonly string[] {
  if (path === '') return notes.map((note) => `  %% the machine itself: ${note}`)
  return notes.length > 0 ? [`  note right of ${key(path)}`, ...notes.map((note) => `    ${note}`), '  end note'] : []
}

const key = (path: string): string => path.replaceAll(/[^a-zA-Z0-9]/g, '_') || 'machine'
