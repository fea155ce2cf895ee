// What people get who install the package: its size, its files, its command, and the library in JavaScript and in TypeScript.
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNode, type LibraryNode } from '../../src/index.ts'
import { bytesIn, codeIn, filesIn, type Installed, installed, ROOT, ran, textOf } from './installed.ts'

const MAX_INSTALLED_BYTES = 15_000_000

let it: Installed
beforeAll(async () => {
  it = await installed()
})
afterAll(() => it.remove())

const readme = textOf(join(ROOT, 'README.md'))

describe('a global install', () => {
  test('is this package alone, and small', () => {
    expect(readdirSync(join(it.global, 'lib', 'node_modules'))).toEqual(['moonwalk-p2p'])
    expect(filesIn(it.global).filter((file) => file.slice(it.packageDir.length).includes('node_modules'))).toEqual([])
    expect(bytesIn(it.global)).toBeLessThan(MAX_INSTALLED_BYTES)
  })

  test('has every file that its texts link to', () => {
    const texts = filesIn(it.packageDir).filter((file) => file.endsWith('.md') && !basename(file).startsWith('THIRD-PARTY'))
    const links = texts.flatMap((file) =>
      [...textOf(file).matchAll(/\]\((?!\w+:|#)([^)#]+)/g)].map(([, path = '']) => ({ file, path, at: join(dirname(file), path) })),
    )
    expect(texts.map((file) => basename(file))).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md']))
    expect(links.filter(({ at }) => !existsSync(at)).map(({ file, path }) => `${basename(file)}: ${path}`)).toEqual([])
  })

  test('says under which licences the work of others stands that is bundled in', () => {
    const names = [...textOf(join(it.packageDir, 'dist', 'THIRD-PARTY-LICENSES.md')).matchAll(/^## (\S+) - /gm)].map(([, name]) => name)
    expect(names).toEqual(expect.arrayContaining(['commander', 'got', 'lowdb', 'pino', 'preact', 'rxjs', 'ws', 'xstate', 'zod']))
  })

  test('knows the commands of the README', async () => {
    const lines = codeIn(readme, 'sh').flatMap((block) => block.split('\n').filter((line) => line.startsWith('moonwalk ')))
    const commands = [...new Set(lines.map((line) => line.split(' ')[1] ?? ''))]
    expect(commands).toContain('up')
    const helped = await Promise.all(commands.map(async (name) => [name, (await ran(it.command, [name, '--help'], it.project)).code]))
    expect(helped).toEqual(commands.map((name) => [name, 0]))
  })

  test('answers by the name of the package too, and has its diagrams', async () => {
    const said = await ran(join(it.global, 'bin', 'moonwalk-p2p'), ['diagram', 'tunnel'], it.project)
    expect([said.code, said.out.startsWith('stateDiagram-v2')]).toEqual([0, true])
  })
})

describe('a clone without its devDependencies, as after `npm ci --omit=dev`', () => {
  const build = async (clone: string) => ran(process.execPath, [join(clone, 'scripts', 'build.mjs')], clone)

  test('says what it needs to be built, and is left as it is where it was', async () => {
    const clone = join(it.project, 'clone')
    mkdirSync(join(clone, 'scripts'), { recursive: true })
    copyFileSync(join(ROOT, 'scripts', 'build.mjs'), join(clone, 'scripts', 'build.mjs'))
    const err = 'Building needs the devDependencies: run npm ci without --omit=dev. What was built once runs without them.\n'
    expect(await build(clone)).toEqual({ code: 1, out: '', err })
    cpSync(join(it.packageDir, 'dist'), join(clone, 'dist'), { recursive: true })
    copyFileSync(join(ROOT, 'package.json'), join(clone, 'package.json'))
    expect(await build(clone)).toEqual({ code: 0, out: '', err: '' })
    expect((await ran(join(clone, 'dist', 'main.js'), ['--version'], clone)).out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe("the README's program", () => {
  let service: Server
  let seed: LibraryNode
  let invitation = ''
  beforeAll(async () => {
    service = createServer((_, answer) => answer.end('here')).listen(0, '127.0.0.1')
    await new Promise((listening) => service.once('listening', listening))
    seed = await createNode({ data: join(it.project, 'seed'), name: 'ash', listen: '127.0.0.1:0', addresses: 'any', log: 'silent' })
    const started = await seed.start()
    invitation = started.type === 'started' ? (seed.invitation() ?? '') : started.text
  })
  afterAll(async () => {
    await seed?.stop()
    service?.close()
  })

  /** As it stands there, but on this machine's loopback. */
  function program(data: string): string {
    const [text = ''] = codeIn(readme, 'js')
    const { port } = service.address() as AddressInfo
    return text
      .replace("'./node'", `'./${data}'`)
      .replace("'0.0.0.0:8088'", "'127.0.0.1:0'")
      .replace("join: 'mw1.…'", `addresses: 'any', join: '${invitation}'`)
      .replace('web=3000', `web=${port}`)
  }

  const OUTPUT = /^ash is at 127\.0\.0\.1:\d+\nthe service is at 127\.0\.0\.1:\d+\nserving 2\n$/

  test('runs as JavaScript', async () => {
    writeFileSync(join(it.project, 'program.mjs'), program('js'))
    expect(await ran(process.execPath, ['program.mjs'], it.project)).toEqual({ code: 0, out: expect.stringMatching(OUTPUT), err: '' })
  })

  test('is TypeScript, without the types of Node, and runs as such', async () => {
    writeFileSync(join(it.project, 'program.mts'), program('ts'))
    const options = {
      compilerOptions: { target: 'ES2023', lib: ['ES2023', 'DOM'], types: [], module: 'NodeNext', strict: true, outDir: 'out' },
      files: ['program.mts'],
    }
    writeFileSync(join(it.project, 'tsconfig.json'), JSON.stringify(options))
    const compiled = await ran(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc')], it.project)
    expect(compiled).toEqual({ code: 0, out: '', err: '' })
    expect(await ran(process.execPath, ['out/program.mjs'], it.project)).toEqual({ code: 0, out: expect.stringMatching(OUTPUT), err: '' })
  })

  test('may be a CommonJS one', async () => {
    writeFileSync(join(it.project, 'program.cjs'), "console.log(typeof require('moonwalk-p2p').createNode)")
    expect(await ran(process.execPath, ['--no-warnings', 'program.cjs'], it.project)).toEqual({ code: 0, out: 'function\n', err: '' })
  })
})
