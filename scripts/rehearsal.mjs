// Lives through one join, so that V8 has compiled what a node needs in its first second, and keeps that beside the bundle.
// Two nodes of a private network in this process, on the loopback: one that serves, and one that listens nowhere and exposes a service
// through it.
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
up('near', '--listen', `127.0.0.1:${port}`)
const { invitation } = await until(() => ask('near', '/api/invitation'))
up('hidden', '--no-listen', '--join', invitation, '--expose', `web=${service.address().port}`)
await until(async () => (await ask('hidden', '/api/status'))?.services.every(({ state }) => state === 'up'))
writeFileSync(compiledFile, compiledNow())
process.exit(0)

/** A node by the command's own words, with nothing of this environment's settings. */
function up(name, ...flags) {
  const loopback = ['--addresses', 'any', '--control', '127.0.0.1:0', '--speedtest-budget', 'off', '--log', 'warn']
  void run([process.execPath, 'moonwalk', 'up', '--json', '--name', name, '--data', join(folder, name), ...loopback, ...flags], {})
}

/** What the node's control port answers; null while it does not. */
async function ask(name, path) {
  try {
    const { url, token } = JSON.parse(readFileSync(join(folder, name, 'control.json'), 'utf8'))
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    return answer.ok ? await answer.json() : null
  } catch {
    return null // it does not listen yet
  }
}

/** Looks until there is something to be had. */
async function until(look) {
  for (;;) {
    const seen = await look()
    if (seen) return seen
    await new Promise((later) => setTimeout(later, LOOK_MS))
  }
}
