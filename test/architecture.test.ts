// Who may import whom, and where time and chance may come from. What the folders promise each other is only true if a
// stray import fails here.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { importsOf, readSources } from '../scripts/module-graph.ts'

const SRC = fileURLToPath(new URL('../src/', import.meta.url))

interface Rule {
  /** Other parts of src: folders, or single files, without `.ts`. What is in the same folder may always be imported. */
  readonly own: readonly string[]
  /** Packages, and `node:…` modules (`node:*`: all of them). `type NAME`: only its types. */
  readonly packages: readonly string[]
  readonly because: string
}

/** A file's own line comes before its folder's. */
const RULES: Readonly<Record<string, Rule>> = {
  domain: { own: [], packages: [], because: 'rules that need nothing can be reasoned about and tested as sums' },
  machines: { own: ['domain'], packages: ['xstate'], because: 'a chart decides and never does' },
  streams: { own: ['domain', 'ports'], packages: ['rxjs'], because: 'what happens over time is told by the clock it is given' },
  frp: { own: [], packages: ['node:crypto'], because: 'the tunnel core runs over anything that carries bytes' },
  p2prc: { own: ['domain'], packages: [], because: 'a dialect is a translation, not a party' },
  v2: { own: ['domain'], packages: [], because: 'a dialect is a translation, not a party' },
  feed: { own: ['domain', 'answers'], packages: ['type xstate'], because: 'the feed watches and takes no part' },
  actors: {
    own: ['domain', 'machines', 'streams', 'frp', 'p2prc', 'v2', 'feed', 'ports', 'answers'],
    packages: ['xstate', 'rxjs'],
    because: 'what the machines ask for is done through the ports, so a simulated world can stand in for the real one',
  },
  io: {
    own: ['ports', 'frp', 'p2prc', 'v2', 'domain', 'feed', 'answers'],
    packages: ['node:*', '@fastify/busboy', 'got', 'lowdb', 'pino', 'ws', 'zod'],
    because: 'the outside world is reached here, and nothing is decided',
  },
  cli: {
    own: ['domain', 'answers', 'feed', 'config', 'invitation', 'version'],
    packages: ['node:*', 'commander', 'zod', 'got', 'ws'],
    because: 'commands talk to a node over its control port like anyone else',
  },
  'cli/up': {
    own: ['answers', 'config', 'io', 'ports', 'real-node', 'settled-network'],
    packages: ['node:*'],
    because: 'the one command that is a node keeps one of the real world, as a program does',
  },
  'real-node.ts': {
    own: ['answers', 'config', 'domain', 'feed', 'io', 'network-desk', 'node', 'ports', 'settled-network', 'version'],
    packages: ['node:*'],
    because: 'the real world is put into the ports in one place, for the command and the library',
  },
  'library.ts': {
    own: ['answers', 'config', 'feed', 'io', 'library-settings', 'ports', 'real-node', 'settled-network'],
    packages: ['node:*'],
    because: 'a program has the node that the command has, without what is for a terminal',
  },
  'library-settings.ts': { own: [], packages: [], because: 'what a program may say is told by types alone' },
  'cli/metrics': { own: ['config/data-dir', 'io'], packages: [], because: 'the token of a node that is stopped lies on the disk' },
  'cli/identity': { own: ['config/data-dir', 'io'], packages: ['node:*'], because: 'the key of a node that is stopped lies on the disk' },
  'cli/bugreport': {
    own: ['config', 'domain', 'io', 'version'],
    packages: ['node:*'],
    because: 'what is to be taken out of a report lies on the disk',
  },
  'cli/network': {
    own: ['answers', 'config/data-dir', 'invitation', 'io', 'network-desk'],
    packages: ['node:*'],
    because: 'the network of a node that is stopped lies on the disk',
  },
  'cli/replay': {
    own: ['feed', 'io', 'ports', 'version'],
    packages: ['node:*'],
    because: 'a recording has no node, so what shows it is a server of its own',
  },
  'cli/turn-token': { own: ['config', 'io'], packages: [], because: 'the secret of the network lies on the disk' },
  'settled-network.ts': {
    own: ['answers', 'config', 'domain', 'invitation', 'io'],
    packages: ['node:*'],
    because: 'which network a node is in is settled before it lives, for the command and the library',
  },
  'network-desk.ts': {
    own: ['answers', 'invitation', 'io'],
    packages: [],
    because: 'an invitation joins what the disk keeps with what a node knows',
  },
  'invitation.ts': { own: ['domain'], packages: ['node:crypto'], because: 'a form that people copy is a sum' },
  'node.ts': {
    own: ['node-membership', 'node-front', 'node-implementations', 'machines', 'actors', 'ports', 'feed', 'domain', 'answers'],
    packages: ['xstate'],
    because: 'a node is its parts joined, whatever world they run in',
  },
  'node-membership.ts': {
    own: ['actors', 'ports', 'feed', 'domain', 'answers'],
    packages: [],
    because: 'who is there is known without what comes in',
  },
  'node-front.ts': {
    own: ['node-membership', 'actors', 'ports', 'feed', 'domain', 'answers'],
    packages: [],
    because: 'what comes in is answered by who knows the others',
  },
  'node-implementations.ts': {
    own: ['machines', 'actors', 'ports', 'feed', 'answers'],
    packages: ['type xstate'],
    because: "what a machine's names mean is said by the parts that exist already",
  },
  ports: { own: ['ports', 'answers', 'frp', 'p2prc'], packages: [], because: 'a seam is made of types' },
  answers: { own: ['answers', 'domain', 'feed'], packages: [], because: 'what scripts rely on is told by types alone' },
  config: {
    own: ['answers', 'domain', 'frp', 'invitation', 'v2'],
    packages: ['node:*', 'zod'],
    because: 'settings are read before anything lives',
  },
  'index.ts': { own: ['answers', 'feed', 'library', 'library-settings'], packages: [], because: 'a door only says what there is' },
  'version.ts': { own: [], packages: ['node:fs', 'node:url'], because: 'a version is one fact' },
  'main.ts': { own: ['cli'], packages: [], because: 'starting is one call' },
}

/** These know the host's time and chance; everyone else is told. */
const TIMELESS_BUT = [/^io\//, /^cli\//, /^main\.ts$/, /^config\//]
const TIME_AND_CHANCE =
  /(?<![.\w])(?:setTimeout|setInterval)\b(?!:)|\bglobalThis\.set(?:Timeout|Interval)\b|\b(?:Date\.now|Math\.random|performance\.now)\b|\bnew Date\(\s*\)/
/** A port's own `setTimeout` is declared, not called. */
const DECLARED = /^\s*setTimeout\(run: \(\) => void, ms: number\): unknown$/

const textOf = readSources(SRC)
const files = [...textOf.keys()]

const partOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? file) : file)
const ruleOf = (file: string): string => (file.replace(/\.ts$/, '') in RULES ? file.replace(/\.ts$/, '') : partOf(file))

function strays(file: string, rule: Rule): string[] {
  return importsOf(textOf.get(file) ?? '')
    .filter(({ from, typeOnly }) => !allowed(file, rule, from, typeOnly))
    .map(({ from }) => `${file} imports ${from}`)
}

function allowed(file: string, { own, packages }: Rule, from: string, typeOnly: boolean): boolean {
  if (!from.startsWith('.')) {
    return (
      packages.includes(from) ||
      (typeOnly && packages.includes(`type ${from}`)) ||
      (from.startsWith('node:') && packages.includes('node:*'))
    )
  }
  const to = posix.join(dirname(file), from)
  const part = partOf(to)
  if (part === '..') return false // out of src
  return (file.includes('/') && part === partOf(file)) || [part, to].some((name) => own.includes(name.replace(/\.ts$/, '')))
}

const listed = (words: readonly string[]): string => (words.length === 0 ? 'nothing' : words.join(', '))

describe('imports', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    test(`src/${name} imports ${listed([...rule.own, ...rule.packages])} beside itself, because ${rule.because}`, () => {
      const mine = files.filter((file) => ruleOf(file) === name)
      expect(mine).not.toEqual([])
      expect(mine.flatMap((file) => strays(file, rule))).toEqual([])
    })
  }

  test('what is used of src/frp stands in its index, because a part that could be a package of its own has one door', () => {
    const past = files
      .filter((file) => !file.startsWith('frp/'))
      .flatMap((file) => importsOf(textOf.get(file) ?? '').map(({ from }) => ({ file, to: posix.join(dirname(file), from), from })))
      .filter(({ from, to }) => from.startsWith('.') && to.startsWith('frp/') && to !== 'frp/index.ts')
    expect(past.map(({ file, from }) => `${file} imports ${from}`)).toEqual([])
  })

  test('every file of src has a rule', () => {
    expect(files.filter((file) => !(ruleOf(file) in RULES))).toEqual([])
  })

  test('an import is seen however it is written', () => {
    const text = [
      "import a from 'a'",
      "import type { B } from 'b'",
      "import { type C, type D } from 'c'",
      "import { type E, f } from 'd'",
      "import 'e'",
      "export * from 'f'",
      "export {\n  g,\n} from 'g'",
      "import * as h from 'h'",
      "const i = await import('i')",
      "type J = typeof import('j')",
      "const k = require('k')",
      'const l = import(name)',
      'import m, { n } from "m"',
      "const fromImport = said.from('o')",
    ].join('\n')
    expect(importsOf(text).map(({ from, typeOnly }) => (typeOnly ? `type ${from}` : from))).toEqual([
      'a',
      'type b',
      'type c',
      'd',
      'e',
      'f',
      'g',
      'h',
      'm',
      'i',
      'type j',
      'k',
      'a computed name',
    ])
  })
})

test.each(['README.md', 'docs/architecture.md'])('every file that %s names is there', (doc) => {
  const url = new URL(`../${doc}`, import.meta.url)
  const text = readFileSync(url, 'utf8')
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => link).filter((link) => !existsSync(new URL(link, url)))
  // In the text a file of src is named by its path there, or by its name alone.
  const isThere = (name: string): boolean =>
    files.some((file) => file === name || file.endsWith(`/${name}`)) || existsSync(new URL(`../${name}`, import.meta.url))
  const sources = [...text.matchAll(/`([\w/.-]+\.ts)`/g)].map(([, name = '']) => name).filter((name) => !isThere(name))
  expect([...links, ...sources]).toEqual([])
})

describe('time and chance', () => {
  test('they come through the ports: only src/io, src/cli, src/main.ts and the configuration ask the host', () => {
    const asked = files
      .filter((file) => !TIMELESS_BUT.some((but) => but.test(file)))
      .flatMap((file) => (textOf.get(file) ?? '').split('\n').map((line) => ({ file, line })))
      .filter(({ line }) => TIME_AND_CHANCE.test(line) && !DECLARED.test(line))
      .map(({ file, line }) => `${file}: ${line.trim()}`)
    expect(asked).toEqual([])
  })
})
