// `npm run build`: the command and library by tsc, the dashboard by vite, and the diagrams, into dist/.
// `node scripts/build.mjs dashboard` builds that part alone.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [part = 'all'] = process.argv.slice(2)

if (!existsSync(`${root}node_modules/vite`)) {
  // `npm ci --omit=dev` runs `prepare` too, with nothing to build by.
  if (existsSync(`${root}dist/main.js`)) process.exit(0)
  process.stderr.write('Building needs the devDependencies: run npm ci without --omit=dev.\n')
  process.exit(1)
}

if (part === 'all') await rm(`${root}dist`, { recursive: true, force: true })
await mkdir(`${root}dist`, { recursive: true })
const parts = part === 'dashboard' ? [buildDashboard()] : [compile(), buildDashboard(), copyDiagrams()]
const failed = (await Promise.allSettled(parts)).filter(({ status }) => status === 'rejected')
for (const { reason } of failed) process.stderr.write(`${reason instanceof Error ? reason.message : reason}\n`)
process.exit(failed.length > 0 ? 1 : 0)

async function compile() {
  await run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json')
  await bundle()
  await cp(`${root}scripts/load.mjs`, `${root}dist/bin/load.mjs`)
  // The same main, with the bundled program in place of the hundreds of modules it is made of: loading those is most of a start.
  const main = await readFile(`${root}dist/main.js`, 'utf8')
  await writeFile(`${root}dist/main.js`, main.replace('./cli/program.js', './bin/load.mjs'))
  // Without its run bit, `npx moonwalk` inside a clone answers 127.
  await chmod(`${root}dist/main.js`, 0o755)
  await run('scripts/rehearsal.mjs').catch(({ message }) =>
    process.stderr.write(`${message}: the command starts a little later than it could\n`),
  )
}

/** The command with its libraries in one file. Modules that a command does not use are not run. */
async function bundle() {
  const { build } = await import('vite')
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: ['pino'] },
    build: {
      ssr: `${root}src/cli/program.ts`,
      outDir: `${root}dist/bin`,
      emptyOutDir: true,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { format: 'cjs', codeSplitting: false, entryFileNames: 'moonwalk.cjs' } },
    },
  })
}

async function buildDashboard() {
  const { build } = await import('vite')
  await build({
    root: `${root}dashboard`,
    configFile: false,
    logLevel: 'warn',
    // Relative addresses: the page may be served below any path.
    base: './',
    build: {
      outDir: `${root}dist/dashboard`,
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
  })
}

async function copyDiagrams() {
  await cp(`${root}diagrams`, `${root}dist/diagrams`, { recursive: true })
}

function run(script, ...args) {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', fail)
    child.once('exit', (code) => (code === 0 ? settle() : fail(new Error(`${script} ended with ${code}`))))
  })
}
