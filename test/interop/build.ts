// Builds the Go programs of the interop tests ahead of them: `node --import tsx test/interop/build.ts [stock]`.
import { stockBinary, VERSIONS } from './stock.ts'
import { YAMUX_VERSIONS, yamuxPeer } from './yamux-rig.ts'

const [which] = process.argv.slice(2)
try {
  for (const version of VERSIONS) for (const role of ['frps', 'frpc'] as const) stockBinary(version, role)
  if (which !== 'stock') for (const version of YAMUX_VERSIONS) yamuxPeer(version)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
