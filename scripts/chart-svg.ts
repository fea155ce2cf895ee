// A chart as SVG: elkjs says where everything lies, the rest is text. `data-state`, `data-edge`, `data-from`, `data-to` and
// `data-event` are what the dashboard lights up; colours are CSS variables (chart.css).
import type { ELK, ElkExtendedEdge, ElkLabel, ElkNode, ElkPoint } from 'elkjs'
import { allStates, type Chart, type ChartEdge, type ChartState } from '../src/feed/chart-walk.ts'
import { at, escaped, n, text, towards, wrapped } from './svg-text.ts'

const TITLE_PX = 8 // a bold character of 13 px
const SMALL_PX = 6.1 // a character of 11 px
const LINE = 15
const WRAP = 34 // characters

/** An arrow between two states; transitions that share both ends share it. */
interface Arrow {
  readonly id: string
  readonly edges: readonly ChartEdge[]
  readonly lines: readonly string[]
}

/** One machine as a whole SVG document. Equal charts give equal text. `css` is put inside, so that it stands alone. */
export async function toSvg(chart: Chart, css: string, elk: ELK): Promise<string> {
  const arrows = arrowsOf(chart)
  const order = allStates(chart.root).map(({ path }) => path)
  const rank = (path = '') => order.indexOf(path)
  const laidOut: ElkNode = await elk.layout<ElkNode>({
    id: 'canvas',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'DOWN',
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.edgeRouting': 'ORTHOGONAL',
      'elk.json.shapeCoords': 'ROOT',
      'elk.json.edgeCoords': 'ROOT',
      'elk.padding': '[top=4,left=4,bottom=4,right=4]',
      'elk.randomSeed': '7',
      ...spacing,
    },
    children: [nodeOf(chart.root, chart.edges)],
    edges: [
      ...allStates(chart.root).flatMap(({ path, initial }) =>
        initial === null ? [] : [{ id: `initial ${path}`, sources: [`dot ${path}`], targets: [stateId(initial)] }],
      ),
      ...arrows.map(({ id, edges: [edge], lines }) => ({
        id,
        // Where arrows go round, downwards is the order in which the machine names its states.
        layoutOptions: { 'elk.layered.priority.direction': rank(edge?.to) > rank(edge?.from) ? '10' : '0' },
        sources: [edge?.fromAnyInside ? `any ${edge.from}` : stateId(edge?.from ?? '')],
        targets: [stateId(edge?.to ?? '')],
        labels: [{ text: id, width: longest(lines) * SMALL_PX + 8, height: lines.length * 14 + 2 }],
      })),
    ],
  })
  const boxes = new Map(everyNode(laidOut).map((node) => [node.id, node]))
  const drawn = [
    ...allStates(chart.root).map((state) => drawState(state, boxes.get(stateId(state.path)))),
    ...[...boxes.values()].flatMap(drawMark),
    ...(laidOut.edges ?? []).map((edge) =>
      drawArrow(
        edge,
        arrows.find(({ id }) => id === edge.id),
      ),
    ),
  ]
  const [width, height] = [Math.ceil(laidOut.width ?? 0), Math.ceil(laidOut.height ?? 0)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" data-machine="${escaped(chart.id)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="States of the machine ${escaped(chart.id)}">`,
    `<style>\n${css.trim()}\n</style>`,
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

const stateId = (path: string): string => `state ${path}`

function arrowsOf({ edges }: Chart): readonly Arrow[] {
  const together = new Map<string, ChartEdge[]>()
  for (const edge of edges) {
    const id = `${edge.fromAnyInside ? 'any ' : ''}${edge.from} > ${edge.to}`
    together.set(id, [...(together.get(id) ?? []), edge])
  }
  return [...together].map(([id, shared]) => ({ id, edges: shared, lines: shared.flatMap(linesOf) }))
}

const linesOf = ({ label, actions }: ChartEdge): readonly string[] => [
  ...wrap(label, ''),
  ...(actions.length > 0 ? wrap(actions.join(', '), '/ ') : []),
]

/** Broken at blanks; what follows the first line is set in a little. */
const wrap = (text: string, mark: string): readonly string[] => wrapped(mark + text, WRAP, '   ')

const noteLines = ({ notes }: ChartState): readonly string[] => notes.flatMap((note) => wrap(note, ''))

const longest = (lines: readonly string[]): number => Math.max(0, ...lines.map((line) => line.length))

const spacing = {
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.spacing.nodeNodeBetweenLayers': '13',
  'elk.layered.spacing.edgeNodeBetweenLayers': '11',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
}

function nodeOf(state: ChartState, edges: readonly ChartEdge[]): ElkNode {
  const lines = noteLines(state)
  const width = Math.ceil(Math.max(state.title.length * TITLE_PX, longest(lines) * SMALL_PX) + 24)
  const head = 30 + lines.length * LINE
  if (state.children.length === 0) return { id: stateId(state.path), width: Math.max(width, 64), height: head + (lines.length > 0 ? 4 : 2) }
  const any = edges.some(({ from, fromAnyInside }) => fromAnyInside && from === state.path)
  return {
    id: stateId(state.path),
    layoutOptions: {
      ...spacing,
      'elk.padding': `[top=${head + 10},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${head})`,
    },
    children: [
      ...(state.initial === null ? [] : [{ id: `dot ${state.path}`, width: 10, height: 10 }]),
      ...(any ? [{ id: `any ${state.path}`, width: Math.ceil(`any of ${state.title}`.length * SMALL_PX + 20), height: 22 }] : []),
      ...state.children.map((child) => nodeOf(child, edges)),
    ],
  }
}

const everyNode = (node: ElkNode): readonly ElkNode[] => (node.children ?? []).flatMap((child) => [child, ...everyNode(child)])

function drawState(state: ChartState, box: ElkNode | undefined): string {
  const { x = 0, y = 0, width = 0, height = 0 } = box ?? {}
  const rect = (inset: number, kind: string) =>
    `<rect class="${kind}" x="${n(x + inset)}" y="${n(y + inset)}" width="${n(width - 2 * inset)}" height="${n(height - 2 * inset)}" rx="${8 - inset}"/>`
  const notes = noteLines(state).map((line, i) => text('note', x + 12, y + 37 + i * LINE, line))
  return [
    `<g class="state ${state.kind}${state.path === '' ? ' machine' : ''}" data-state="${escaped(state.path)}">`,
    `<title>${escaped(state.path || state.title)}</title>`,
    rect(0, 'box'),
    ...(state.kind === 'final' ? [rect(3, 'inner')] : []),
    text('title', x + 12, y + 21, state.title),
    ...notes,
    '</g>',
  ].join('')
}

/** The dot before the first state, and the mark for "any state in here". */
function drawMark({ id, x = 0, y = 0, width = 0, height = 0 }: ElkNode): readonly string[] {
  if (id.startsWith('dot ')) return [`<circle class="dot" cx="${n(x + width / 2)}" cy="${n(y + height / 2)}" r="5"/>`]
  if (!id.startsWith('any ')) return []
  const title = id.slice(4).split('.').at(-1)
  return [
    `<g class="any"><rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="11"/>${text('note', x + 10, y + 15, title ? `any of ${title}` : 'any state')}</g>`,
  ]
}

function drawArrow({ id, sections = [], labels = [] }: ElkExtendedEdge, arrow: Arrow | undefined): string {
  const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
  const line = `<path class="line" d="${roundedPath(points)}"/><path class="head" d="${headPath(points)}"/>`
  if (!arrow) return `<g class="edge initial">${line}</g>`
  const [edge] = arrow.edges
  const events = arrow.edges.map(({ event }) => event).join(' ')
  return [
    `<g class="edge" data-edge="${escaped(id)}" data-from="${escaped(edge?.from ?? '')}" data-to="${escaped(edge?.to ?? '')}" data-event="${escaped(events)}">`,
    line,
    ...labels.flatMap((label) => drawLabel(label, arrow.lines)),
    '</g>',
  ].join('')
}

function drawLabel({ x = 0, y = 0, width = 0, height = 0 }: ElkLabel, lines: readonly string[]): readonly string[] {
  return [
    `<rect class="label-back" x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="3"/>`,
    ...lines.map((line, i) => text(/^(\/| {3})/.test(line) ? 'label more' : 'label', x + 4, y + 12 + i * 14, line)),
  ]
}

/** Straight lines whose corners are rounded off. */
function roundedPath(points: readonly ElkPoint[]): string {
  return points
    .map((point, i) => {
      const [before, after] = [points[i - 1], points[i + 1]]
      if (!before) return `M${at(point)}`
      if (!after) return `L${at(point)}`
      return `L${at(towards(point, before, 6))}Q${at(point)} ${at(towards(point, after, 6))}`
    })
    .join('')
}

function headPath(points: readonly ElkPoint[]): string {
  const [tip, before] = [points.at(-1), points.at(-2)]
  if (!tip || !before) return ''
  const base = towards(tip, before, 8, 1)
  const across = { x: (tip.y - base.y) / 2, y: (base.x - tip.x) / 2 }
  return `M${at(tip)}L${at({ x: base.x + across.x, y: base.y + across.y })}L${at({ x: base.x - across.x, y: base.y - across.y })}Z`
}
