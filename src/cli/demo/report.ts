import { columns } from '../tables.ts'
import type { DemoFacts } from './phases.ts'

/** The demo's end for people: the table as one of the nodes holds it, and two sentences about the cut. */
export function factsText({ nodes, turn, service, cut }: DemoFacts): string {
  const shown = (value: unknown, digits: number): string => (typeof value === 'number' ? value.toFixed(digits) : '–')
  const rows = (nodes[0]?.table.ip_address ?? []).map((row) => [
    String(row.name),
    `${String(row.ipv4)}:${String(row['port no'])}`,
    shown(row.latency, 2),
    shown(row.download, 0),
    shown(row.upload, 0),
  ])
  const table = columns([['NAME', 'ADDRESS', 'RTT ms', '↓ Mbit/s', '↑ Mbit/s'], ...rows])
  return `
The table of ${nodes[0]?.name ?? ''}, before the cut:
${table}

The service behind NAT was at http://${service.public}/ through ${turn.name} (${turn.reason}).
${cut.turn} was killed, and the service was away for ${cut.outageMs} ms until it answered through ${cut.next}.
`
}
