// What `bandwidth.ts` needs of the machine: network namespaces with paths of known speed, and iperf3 beside the node's own tests.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root } from './measure.ts'

/** Programs that it runs, and where each comes from. */
const PROGRAMS: Readonly<Record<string, string>> = { ip: 'iproute2', tc: 'iproute2', iperf3: 'iperf3', go: 'Go' }
const PLACES = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/go/bin', '/usr/sbin', '/sbin']

/** What is missing, as a sentence; null: nothing. */
export function bandwidthNeeds(): string | null {
  if (process.getuid?.() !== 0) return 'it needs root, to make network namespaces.'
  if (!existsSync(join(root, 'dist/main.js'))) return 'it needs the build: run `npm run build` first.'
  const missing = Object.entries(PROGRAMS).find(([program]) => !PLACES.some((place) => existsSync(join(place, program))))
  return missing === undefined ? null : `it needs ${missing[0]}, which is in ${missing[1]}.`
}
