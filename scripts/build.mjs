// `npm run build`: the command, the library and the dashboard, into dist/. What they need of others is bundled in, so that the
// package depends on nothing; only the types come from tsc. `node scripts/build.mjs dashboard` builds that part alone.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

// What is built is the same whoever asks: a test runner says `test`, and vite would build for development.
process.env.NODE_ENV = 'production'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
/** What tsc makes of the source; of it `dist` gets the command's first file and the library's types. */
const compiled = join(root, '.cache', 'compiled')
const [part = 'all'] = process.argv.slice(2)

if (!existsSync(join(root, 'node_modules', 'vite'))) {
  // `npm ci --omit=dev` runs `prepare` too, with nothing to build by.
  if (existsSync(join(dist, 'main.js'))) process.exit(0)
  process.stderr.write('Building needs the devDependencies: run npm ci without --omit=dev. What was built once runs without them.\n')
  process.exit(1)
}

/**
 * V8 keeps the text of what it runs for as long as the process lives, and one sign beyond Latin-1 makes it twice
 * as long. Names and lines stay, for whoever reads a stack.
 */
const PLAIN = { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } }
/** As `load.mjs` runs it: put around the text when it is read, this would make another copy of it. */
const AS_FUNCTION = { around: { banner: '(function (exports, require, module, __filename, __dirname) {', footer: '})' } }

if (part === 'all') for (const folder of [dist, compiled]) await rm(folder, { recursive: true, force: true })
await mkdir(dist, { recursive: true })
const parts = part === 'dashboard' ? [buildDashboard()] : [buildNode(), buildDashboard()]
const failed = (await Promise.allSettled(parts)).filter(({ status }) => status === 'rejected')
for (const { reason } of failed) process.stderr.write(`${reason instanceof Error ? reason.message : reason}\n`)
if (failed.length === 0 && part === 'all') await joinLicences()
process.exit(failed.length > 0 ? 1 : 0)

async function buildNode() {
  const plugins = [threadAsText(await threadBundle())]
  await Promise.all([
    compile(),
    bundle({ entry: 'src/cli/program.ts', format: 'cjs', file: 'bin/moonwalk.cjs', plugins, ...AS_FUNCTION }),
    bundle({ entry: 'src/index.ts', format: 'es', file: 'index.js', plugins }),
  ])
  await cp(join(root, 'scripts', 'load.mjs'), join(dist, 'bin', 'load.mjs'))
  await run('scripts/rehearsal.mjs').catch(({ message }) =>
    process.stderr.write(`${message}: the command starts a little later than it could\n`),
  )
}

async function compile() {
  await run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', compiled)
  // The same main, with the bundled program in place of the hundreds of modules it is made of: loading those is most of a start.
  const main = await readFile(join(compiled, 'main.js'), 'utf8')
  await writeFile(join(dist, 'main.js'), main.replace('./cli/program.js', './bin/load.mjs'))
  // Without its run bit, `npx moonwalk` inside a clone answers 127.
  await chmod(join(dist, 'main.js'), 0o755)
  await copyTypes(join(compiled, 'index.d.ts'), new Set())
}

/** The types of the library, and those that they speak of. */
async function copyTypes(file, copied) {
  if (copied.has(file)) return
  copied.add(file)
  const text = (await readFile(file, 'utf8')).replaceAll(/(['"])(\.[^'"]*)\.ts\1/g, '$1$2.js$1')
  const to = join(dist, relative(compiled, file))
  await mkdir(dirname(to), { recursive: true })
  await writeFile(to, text)
  for (const [, from] of text.matchAll(/['"](\.[^'"]*)\.js['"]/g)) await copyTypes(join(dirname(file), `${from}.d.ts`), copied)
}

/** The thread that measures latency, as the text of one script. It uses nobody else's code. */
async function threadBundle() {
  const { build } = await import('vite')
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: join(root, 'src/io/probing/thread.ts'),
      write: false,
      target: 'node20',
      minify: true,
      rollupOptions: { output: { format: 'cjs', codeSplitting: false } },
    },
  })
  return output[0].code
}

/** Puts it where src/io/probing/thread-source.ts says. */
function threadAsText(code) {
  const file = join(root, 'src', 'io', 'probing', 'thread-source.ts')
  return { name: 'thread-as-text', load: (id) => (id === file ? `export const THREAD_SOURCE = ${JSON.stringify(code)}` : null) }
}

/**
 * One file with everything in it. Modules that a run does not use are not
 * run. `around`: what stands before the code, and behind it.
 */
async function bundle({ entry, format, file, plugins, around = {} }) {
  const { build } = await import('vite')
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins,
    ssr: { noExternal: true },
    build: {
      ssr: join(root, entry),
      outDir: dist,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      license: { fileName: `${file}.licences.md` },
      rollupOptions: { output: { format, codeSplitting: false, entryFileNames: file, minify: PLAIN, comments: false, ...around } },
    },
  })
}

async function buildDashboard() {
  const { build } = await import('vite')
  await build({
    root: join(root, 'dashboard'),
    configFile: false,
    logLevel: 'warn',
    // Relative addresses: the page may be served below any path.
    base: './',
    plugins: [styleInDocument()],
    build: {
      outDir: join(dist, 'dashboard'),
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      license: { fileName: 'licences.md' },
      reportCompressedSize: false,
    },
  })
}

/** The style stands in the document: it is shown with what it came with, and not two requests later. The server allows it by its hash. */
function styleInDocument() {
  return {
    name: 'style-in-document',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle }) =>
        html.replace(/\s*<link rel="stylesheet"[^>]* href="\.\/([^"]+)">/g, (_, name) => {
          const { source } = bundle[name]
          delete bundle[name]
          return `\n    <style>${source}</style>`
        }),
    },
  }
}

/** Whose work is in the bundles, and under which terms: one file instead of three that say much the same. */
async function joinLicences() {
  const parts = ['bin/moonwalk.cjs.licences.md', 'index.js.licences.md', 'dashboard/licences.md'].map((name) => join(dist, name))
  const texts = await Promise.all(parts.map((file) => readFile(file, 'utf8')))
  const packages = new Map(texts.flatMap((text) => text.split(/^(?=## )/m).slice(1)).map((one) => [one.split('\n', 1)[0], one.trim()]))
  const sorted = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  await writeFile(
    join(dist, 'THIRD-PARTY-LICENSES.md'),
    `# Licences of others\n\nWhat is bundled in this package besides its own code:\n\n${sorted.join('\n\n')}\n`,
  )
  for (const file of parts) await rm(file)
}

function run(script, ...args) {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', fail)
    child.once('exit', (code) => (code === 0 ? settle() : fail(new Error(`${script} ended with ${code}`))))
  })
}
