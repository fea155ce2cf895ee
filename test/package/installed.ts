// The package as its users have it: packed by npm, and installed from the tarball without a network, since it needs nobody else's.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a program to its end, with nothing of this process's settings. */
export async function ran(file: string, args: readonly string[], cwd: string): Promise<Ran> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME }
  try {
    const { stdout, stderr } = await promisify(execFile)(file, [...args], { cwd, env, timeout: 120_000 })
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: unknown; stderr?: unknown }
    return { code: typeof code === 'number' ? code : -1, out: String(stdout), err: String(stderr) }
  }
}

async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
  const { code, out, err } = await ran('npm', [...args, '--offline', '--no-audit', '--no-fund'], cwd)
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code}: ${err}`)
  return out
}

export interface Installed {
  /** Where `npm install --global` put everything. */
  readonly global: string
  /** The command of that. */
  readonly command: string
  /** The package's own folder there. */
  readonly packageDir: string
  /** A project that has the package among its dependencies. */
  readonly project: string
  remove(): void
}

/** What is built is packed; building it again would be `npm pack`'s way. */
export async function installed(): Promise<Installed> {
  const dir = mkdtempSync(join(tmpdir(), 'moonwalk-package-'))
  const [global, project] = [join(dir, 'global'), join(dir, 'project')]
  await npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', dir)
  const tarball = join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '')
  await npm(dir, 'install', '--global', '--prefix', global, tarball)
  await npm(dir, 'install', '--prefix', project, tarball)
  return {
    global,
    command: join(global, 'bin', 'moonwalk'),
    packageDir: join(global, 'lib', 'node_modules', 'moonwalk-p2p'),
    project,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** Paths of all files below a folder. */
export const filesIn = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )

export const bytesIn = (dir: string): number => filesIn(dir).reduce((sum, file) => sum + statSync(file).size, 0)

export const textOf = (file: string): string => readFileSync(file, 'utf8')

/** The blocks of code in a Markdown text, by their language. */
export const codeIn = (markdown: string, language: string): readonly string[] =>
  [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code]) => code ?? '')
