// The command's program as it is installed (`dist/bin/load.mjs`): one bundled file, run with the code that V8 made of it in
// the build's rehearsal. Without that code, or with code of another V8, it is compiled as usual: all works, a little later.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

const file = fileURLToPath(new URL('moonwalk.cjs', import.meta.url))
export const compiledFile = `${file}.v8`

function compiled() {
  try {
    return readFileSync(compiledFile)
  } catch {
    return undefined
  }
}

const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`
const script = new Script(source, { filename: file, cachedData: compiled() })
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))

/** As in src/cli/program.ts. */
export const { run } = module.exports

/** What V8 has compiled of the bundle by now. */
export const compiledNow = () => script.createCachedData()
