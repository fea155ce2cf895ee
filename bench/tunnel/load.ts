// The far ends in Go, built once per run: a source and sink in Node would halve every figure.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildGo } from '../../test/interop/stock.ts'
import { root } from '../measure.ts'

let built: string | null = null

/** The path of the `load` program. Throws one sentence when Go is not there. */
export function loadBinary(): string {
  if (built !== null) return built
  const folder = join(root, '.cache/bench')
  mkdirSync(folder, { recursive: true })
  built = join(folder, 'load')
  buildGo('the far ends of the bench', join(root, 'bench/tunnel/load'), ['-o', built, '.'])
  return built
}
