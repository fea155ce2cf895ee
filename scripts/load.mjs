// The command's program as it is installed (`dist/bin/load.mjs`): one bundled file, run with the code that V8 made of it in
// the build's rehearsal. Without that code, or with code of another Node, it is compiled as usual: all works, a little later.
import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

const file = fileURLToPath(new URL('moonwalk.cjs', import.meta.url))
/**
 * Named after the very build of Node. V8 itself compares no more than its version number, which releases of Node share that have
 * patched it each in its own way: Node 20.19.0 ends with a segmentation fault on what 20.20.2 compiled.
 */
export const compiledFile = `${file}.${process.version}-${process.platform}-${process.arch}-${sizeOf(process.execPath)}.v8`

function sizeOf(path) {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function compiled() {
  try {
    return readFileSync(compiledFile)
  } catch {
    return undefined
  }
}

// ASCII, as the build makes it.
const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData: compiled() })
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))

/** As in src/cli/program.ts. */
export const { run } = module.exports

/** What V8 has compiled of the bundle by now. */
export const compiledNow = () => script.createCachedData()
