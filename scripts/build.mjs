// `npm run build`: the command and library by tsc, the dashboard by vite, and the diagrams, into dist/.
// `node scripts/build.mjs dashboard` builds that part alone.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, rm } from 'node:fs/promises'
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
  // Without its run bit, `npx moonwalk` inside a clone answers 127.
  await chmod(`${root}dist/main.js`, 0o755)
}

/** The command with its libraries in a few files: loading hundreds of modules is most of a start. What a command does not use stays unloaded. */
async function bundle() {
  const { build } = await import('vite')
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: ['pino'] },
    build: {
      ssr: `${root}src/main.ts`,
      outDir: `${root}dist`,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'main.js', chunkFileNames: 'bin/[name]-[hash].js' } },
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
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
    child.once('error', fail)
    child.once('exit', (code) => (code === 0 ? settle() : fail(new Error(`${script} ended with ${code}`))))
  })
}
