// Rooms of src as a UML package diagram: elkjs says where everything lies, the rest is text. An arrow means «use».
import type { ELK, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs'
import { allRooms, type Room, type Use, withoutImplied } from './module-graph.ts'
import { ROOM_NOTES } from './room-notes.ts'
import { at, escaped, n, text, towards, wrapped } from './svg-text.ts'

const TITLE_PX = 8.5 // a bold character of 13 px
const SMALL_PX = 6.2 // a character of 11 px
const LINE = 14
const WRAP = 24 // characters
/** A package has a tab: small and empty where nothing is shown inside, else with its name. */
const EMPTY_TAB = 9
const EMPTY_TAB_WIDTH = 30
const NAME_TAB = 22
const LEGEND_LINE = 17
const LEGEND = ['uses', 'uses types of', 'A use that a longer way implies is not drawn; modules.mmd has them all.'] as const

/** One SVG document. Equal rooms give equal text. `css` is put inside, so that it stands alone. */
export async function toModulesSvg(root: Room, css: string, elk: ELK): Promise<string> {
  const laidOut: ElkNode = await elk.layout<ElkNode>(nodeOf(root))
  const boxes = new Map(everyNode(laidOut).map((node) => [node.id, node]))
  const drawn = [
    ...allRooms(root)
      .filter(({ path }) => path !== '')
      .map((room) => drawRoom(room, boxes.get(room.path))),
    ...everyNode(laidOut).flatMap(({ id, edges = [] }) => {
      const uses = allRooms(root).find(({ path }) => path === id)?.uses ?? []
      return edges.map((edge) =>
        drawUse(
          touching(edge, boxes),
          uses.some(({ from, to, typeOnly }) => typeOnly && idOf({ from, to }) === edge.id),
        ),
      )
    }),
  ]
  const [width, height] = [Math.ceil(laidOut.width ?? 0), Math.ceil((laidOut.height ?? 0) + LEGEND.length * LEGEND_LINE + 8)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart modules" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Packages of src and who uses whom">`,
    `<style>\n${css.trim()}\n</style>`,
    ...drawn,
    ...LEGEND.flatMap((line, i) => drawLegend(line, i, (laidOut.height ?? 0) + 14 + i * LEGEND_LINE)),
    '</svg>\n',
  ].join('\n')
}

const layout = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.randomSeed': '7',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.spacing.nodeNode': '26',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '9',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
}

function nodeOf(room: Room): ElkNode {
  const { path, rooms, uses } = room
  if (rooms.length === 0)
    return { id: path, width: widthOf(room), height: (isFile(path) ? 0 : EMPTY_TAB) + 27 + notesOf(path).length * LINE }
  return {
    id: path,
    layoutOptions: {
      ...layout,
      'elk.padding':
        path === '' ? `[top=6,left=6,bottom=6,right=6]` : `[top=${NAME_TAB + 20 + notesOf(path).length * LINE},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${widthOf(room)},${NAME_TAB})`,
    },
    children: rooms.map(nodeOf),
    edges: withoutImplied(uses).map((use) => ({ id: idOf(use), sources: [use.from], targets: [use.to] })),
  }
}

const tabWidthOf = (path: string): number => (path.split('/').at(-1) ?? '').length * TITLE_PX + 18
const isFile = (path: string): boolean => path.endsWith('.ts')
const notesOf = (path: string): readonly string[] => (ROOM_NOTES[path] ? wrapped(ROOM_NOTES[path], WRAP) : [])
const widthOf = ({ path, title }: Room): number =>
  Math.ceil(Math.max(title.length * TITLE_PX, ...notesOf(path).map((line) => line.length * SMALL_PX), 40) + 22)

const idOf = ({ from, to }: Pick<Use, 'from' | 'to'>): string => `${from} > ${to}`
const everyNode = (node: ElkNode): readonly ElkNode[] => [node, ...(node.children ?? []).flatMap(everyNode)]

/** A folder is a package; a file that stands beside folders is a plain box. */
function drawRoom({ path, title, rooms }: Room, box: ElkNode | undefined): string {
  const { x = 0, y = 0, width = 0, height = 0 } = box ?? {}
  const isOuter = rooms.length > 0
  const [tabWidth, tab] = isFile(path) ? [0, 0] : isOuter ? [tabWidthOf(path), NAME_TAB] : [EMPTY_TAB_WIDTH, EMPTY_TAB]
  const bodyY = y + tab
  return [
    `<g class="room${isOuter ? ' outer' : ''}" data-room="${escaped(path)}"><title>src/${escaped(path)}</title>`,
    ...(tab > 0 ? [`<rect class="box tab" x="${n(x)}" y="${n(y)}" width="${n(tabWidth)}" height="${n(tab)}"/>`] : []),
    `<rect class="box" x="${n(x)}" y="${n(bodyY)}" width="${n(width)}" height="${n(height - tab)}"/>`,
    text('title', x + 10, isOuter ? y + 16 : bodyY + 18, title),
    ...notesOf(path).map((line, i) => text('note', x + 10, bodyY + (isOuter ? 17 : 33) + i * LINE, line)),
    '</g>',
  ].join('')
}

/** Beside its small tab a package begins lower: arrows at its top go on to there. */
function touching(edge: ElkExtendedEdge, boxes: ReadonlyMap<string, ElkNode>): ElkExtendedEdge {
  const [from, to] = [boxes.get(edge.sources[0] ?? ''), boxes.get(edge.targets[0] ?? '')]
  const onto = (point: ElkPoint, box: ElkNode | undefined): ElkPoint => {
    const isAtTop = box !== undefined && Math.abs(point.y - (box.y ?? 0)) < 1
    if (!isAtTop || isFile(box.id)) return point
    const isOuter = (box.children ?? []).length > 0
    const besideTab = point.x > (box.x ?? 0) + (isOuter ? tabWidthOf(box.id) : EMPTY_TAB_WIDTH)
    return besideTab ? { x: point.x, y: point.y + (isOuter ? NAME_TAB : EMPTY_TAB) } : point
  }
  const sections = (edge.sections ?? []).map((section) => ({
    ...section,
    startPoint: onto(section.startPoint, from),
    endPoint: onto(section.endPoint, to),
  }))
  return { ...edge, sections }
}

/** The first two lines have a sample of their arrow. */
function drawLegend(line: string, i: number, y: number): readonly string[] {
  if (i > 1) return [text('note', 8, y, line)]
  const section = { id: line, startPoint: { x: 8, y: y - 4 }, endPoint: { x: 46, y: y - 4 } }
  return [drawUse({ id: line, sources: [], targets: [], sections: [section] }, i === 1), text('note', 54, y, line)]
}

function drawUse({ id, sections = [] }: ElkExtendedEdge, typeOnly: boolean): string {
  const lines = sections.map(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
  return [
    `<g class="use${typeOnly ? ' types' : ''}"><title>${escaped(id.replaceAll('.ts', ''))}</title>`,
    ...lines.map(
      (points) => `<path class="line" d="${points.map((point, i) => `${i === 0 ? 'M' : 'L'}${at(point)}`).join('')}"/>${arrowHead(points)}`,
    ),
    '</g>',
  ].join('')
}

/** Open, as UML has it. */
function arrowHead(points: readonly ElkPoint[]): string {
  const [tip, before] = [points.at(-1), points.at(-2)]
  if (!tip || !before) return ''
  const base = towards(tip, before, 8, 1)
  const across = { x: (tip.y - base.y) / 2, y: (base.x - tip.x) / 2 }
  return `<path class="open-head" d="M${at({ x: base.x + across.x, y: base.y + across.y })}L${at(tip)}L${at({ x: base.x - across.x, y: base.y - across.y })}"/>`
}
