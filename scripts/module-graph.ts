// src as packages: which rooms there are, one inside the other, and who uses whom, read from the imports.
import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

export interface Import {
  readonly from: string
  readonly typeOnly: boolean
}

/** What a file imports, however it is written. `text` has no comments. */
export function importsOf(text: string): Import[] {
  const statements = [...text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:([\w*{][^'"`;=()]*?)\s+from\s+)?(['"])([^'"]+)\3/gm)].map(
    ([, type, names, , from]) => ({ from: from ?? '', typeOnly: type !== undefined || allTypes(names ?? '') }),
  )
  const calls = [...text.matchAll(/(?<!\w)(typeof\s+)?(?:import|require|createRequire\([^)]*\))\s*\(\s*(?:(['"`])([^'"`]+)\2)?/g)]
    .filter(([call]) => !call.endsWith('import.meta'))
    .map(([, type, , from]) => ({ from: from ?? 'a computed name', typeOnly: type !== undefined }))
  return [...statements, ...calls]
}

function allTypes(names: string): boolean {
  const listed = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1]
  const all = listed?.split(',').map((name) => name.trim()) ?? []
  return all.some(Boolean) && all.every((name) => name === '' || name.startsWith('type '))
}

const withoutComments = (text: string): string => text.replace(/(^|\s)\/\*[\s\S]*?\*\//g, '$1').replace(/(^|\s)\/\/.*$/gm, '$1')

/** Every TypeScript file below a folder, by its path there, without comments. */
export function readSources(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort()
  return new Map(files.map((file) => [file, withoutComments(readFileSync(posix.join(folder, file), 'utf8'))]))
}

/** A folder with what is in it, or a file that stands beside folders. */
export interface Room {
  /** `frp/mux`; empty for src itself. */
  readonly path: string
  readonly title: string
  readonly rooms: readonly Room[]
  /** Who uses whom among its rooms. What rooms further inside use is theirs too. */
  readonly uses: readonly Use[]
}
export interface Use {
  readonly from: string
  readonly to: string
  /** Nothing of it is run: only types are used. */
  readonly typeOnly: boolean
}

/** More files than this beside the rooms of a folder are not drawn one by one. */
const MAX_FILES = 4

export function readModules(sources: ReadonlyMap<string, string>): Room {
  const files = [...sources.keys()]
  const uses = files.flatMap((file) =>
    importsOf(sources.get(file) ?? '')
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from, typeOnly }) => ({ from: file, to: posix.join(posix.dirname(file), from), typeOnly })),
  )
  return roomOf('', 'src', files, uses)
}

function roomOf(path: string, title: string, files: readonly string[], uses: readonly Use[]): Room {
  const inside = files.filter((file) => path === '' || file.startsWith(`${path}/`))
  const folders = new Set(inside.flatMap((file) => folderIn(path, file) ?? []))
  const loose = new Set(inside.filter((file) => folderIn(path, file) === null).map((file) => familyOf(file, inside)))
  // A folder without folders is one thing: its files are not drawn.
  const shown = folders.size === 0 ? [] : [...folders, ...(path === '' || loose.size <= MAX_FILES ? loose : [])].sort()
  const holderOf = (file: string): string | null => {
    const folder = folderIn(path, file) ?? familyOf(file, inside)
    return shown.includes(folder) ? folder : null
  }
  const links = new Map<string, Use>()
  for (const use of uses) {
    if (!inside.includes(use.from) || !inside.includes(use.to)) continue
    const [from, to] = [holderOf(use.from), holderOf(use.to)]
    if (from === null || to === null || from === to) continue
    const key = `${from} > ${to}`
    links.set(key, { from, to, typeOnly: use.typeOnly && links.get(key)?.typeOnly !== false })
  }
  return {
    path,
    title,
    rooms: shown.map((room) => roomOf(room, room.slice(path === '' ? 0 : path.length + 1), folders.has(room) ? files : [], uses)),
    uses: [...links.keys()].sort().flatMap((key) => links.get(key) ?? []),
  }
}

/** The folder directly in `path` that holds a file; null: the file lies in `path` itself. */
function folderIn(path: string, file: string): string | null {
  const rest = path === '' ? file : file.slice(path.length + 1)
  return rest.includes('/') ? posix.join(path, rest.split('/')[0] ?? '') : null
}

/** `node-implementations.ts` belongs to `node.ts` where there is one. */
function familyOf(file: string, files: readonly string[]): string {
  const parts = file.slice(0, -'.ts'.length).split('-')
  const heads = parts.map((_, i) => `${parts.slice(0, i + 1).join('-')}.ts`)
  return heads.find((head) => files.includes(head)) ?? file
}

export const allRooms = (room: Room): readonly Room[] => [room, ...room.rooms.flatMap(allRooms)]

/**
 * Without the arrows that a longer way implies: of a → b → c and a → c, the last; an arrow of what is run only by a way of what is
 * run. Inside a circle nothing is implied, so that circles stay in view.
 */
export function withoutImplied(uses: readonly Use[]): readonly Use[] {
  const [any, run] = [waysOf(uses), waysOf(uses.filter(({ typeOnly }) => !typeOnly))]
  return uses.filter(({ from, to, typeOnly }) => {
    const { next, isBelow } = typeOnly ? any : run
    return !(next.get(from) ?? []).some((between) => isBelow(between, from) && isBelow(to, between))
  })
}

interface Ways {
  readonly next: ReadonlyMap<string, readonly string[]>
  /** There is a way down to it, and none back up. */
  isBelow(below: string, above: string): boolean
}

function waysOf(uses: readonly Use[]): Ways {
  const next = new Map<string, string[]>()
  for (const { from, to } of uses) next.set(from, [...(next.get(from) ?? []), to])
  const reached = new Map([...next.keys()].map((start) => [start, reachedFrom(start, next)]))
  return {
    next,
    isBelow: (below, above) => reached.get(above)?.has(below) === true && reached.get(below)?.has(above) !== true,
  }
}

function reachedFrom(start: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [...(next.get(start) ?? [])]
  for (let room = waiting.pop(); room !== undefined; room = waiting.pop()) {
    if (reached.has(room)) continue
    reached.add(room)
    waiting.push(...(next.get(room) ?? []))
  }
  return reached
}

/** Every arrow, as a Mermaid flowchart. */
export function toModulesMermaid(root: Room): string {
  const key = (path: string): string => path.replaceAll(/[^a-zA-Z0-9]/g, '_')
  const boxes = (room: Room, pad: string): readonly string[] =>
    room.rooms.flatMap((inner) =>
      inner.rooms.length === 0
        ? [`${pad}${key(inner.path)}["${inner.title}"]`]
        : [`${pad}subgraph ${key(inner.path)}["${inner.title}"]`, ...boxes(inner, `${pad}  `), `${pad}end`],
    )
  const arrows = allRooms(root).flatMap(({ uses }) =>
    uses.map(({ from, to, typeOnly }) => `  ${key(from)} -.->${typeOnly ? '|types|' : ''} ${key(to)}`),
  )
  return `${['flowchart TD', ...boxes(root, '  '), ...arrows].join('\n')}\n`
}
