// Lives through one join, so that V8 has compiled what a node needs in its first second, and keeps that beside the bundle.
// Two nodes in this process, on the loopback: one that serves, and one that listens nowhere and exposes a service through it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../.cache/compiled/cli/demo/free-ports.js'
import { compiledFile, compiledNow, run } from '../dist/bin/load.mjs'

const WHOLE_MS = 20_000
const LOOK_MS = 50

const folder = mkdtempSync(join(tmpdir(), 'moonwalk-rehearsal-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
setTimeout(() => {
  process.stderr.write(`nothing was up within ${WHOLE_MS / 1_000} s\n`)
  process.exit(1)
}, WHOLE_MS).unref()

const service = createServer((_, answer) => answer.end('here\n')).listen(0, '127.0.0.1')
await new Promise((listening) => service.once('listening', listening))
const [port] = await freePorts(1)
const seed = `127.0.0.1:${port}`
up('near', '--listen', seed)
up('hidden', '--no-listen', '--join', seed, '--expose', `web=${service.address().port}`)
while (!(await isUp('hidden'))) await new Promise((look) => setTimeout(look, LOOK_MS))
writeFileSync(compiledFile, compiledNow())
process.exit(0)

/** A node by the command's own words, with nothing of this environment's settings. */
function up(name, ...flags) {
  const loopback = ['--addresses', 'any', '--control', '127.0.0.1:0', '--speedtest-pace-ms', '600000', '--log', 'warn']
  void run(
    [process.execPath, 'moonwalk', 'up', '--json', '--open', '--name', name, '--data', join(folder, name), ...loopback, ...flags],
    {},
  )
}

async function isUp(name) {
  try {
    const { url, token } = JSON.parse(readFileSync(join(folder, name, 'control.json'), 'utf8'))
    const answer = await fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${token}` } })
    const { services } = await answer.json()
    return services.every(({ state }) => state === 'up')
  } catch {
    return false // it does not listen yet
  }
}
