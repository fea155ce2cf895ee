import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// The source and the built library stand one folder below package.json, the bundled command two. In somebody else's bundle
// there may be another package's.
const here = ['../', '../../'].map((up) => fileURLToPath(new URL(up, import.meta.url)))
const found = here.map((dir) => ({ dir, version: versionIn(dir) })).find(({ version }) => version !== null)

/** As package.json says. */
export const VERSION: string = found?.version ?? '0.0.0'

/** The package's own folder, with a `/` at its end; without one, its files (`dashboard`, `diagrams`) are not there. */
export const PACKAGE_DIR: string = found?.dir ?? here[0] ?? ''

function versionIn(dir: string): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(`${dir}package.json`, 'utf8')) as { name?: unknown; version?: unknown }
    return name === 'moonwalk-p2p' && typeof version === 'string' ? version : null
  } catch {
    return null
  }
}
