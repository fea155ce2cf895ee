// `end-process.ts` as a user would run it: bundled the way `dist/main.js` is. Run from source, tsx gives every closure its
// name when it is made, and a connection makes dozens: 15 % of what a new one costs.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { root } from '../measure.ts'

const built = new Map<string, Promise<string>>()

/** The path of the bundle, built once per run; of another checkout's source if one is named. */
export function ourEnd(checkout: string = root): Promise<string> {
  const known = built.get(checkout) ?? bundle(checkout)
  built.set(checkout, known)
  return known
}

async function bundle(checkout: string): Promise<string> {
  const outDir = join(root, '.cache/bench', `end-${built.size}`)
  mkdirSync(outDir, { recursive: true })
  await build({
    root: checkout,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: ['pino'] },
    build: {
      ssr: join(checkout, 'bench/tunnel/end-process.ts'),
      outDir,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'end.mjs' } },
    },
  })
  return join(outDir, 'end.mjs')
}
