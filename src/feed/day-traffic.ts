// What passed for a service over its day, as the command and the page say it.
import type { HistoryTraffic } from '../answers.ts'
import { sumOf } from '../domain/history.ts'
import { bytesText } from './byte-text.ts'

/** Both directions together. */
export const bytesBothWays = ({ bytesIn, bytesOut }: HistoryTraffic): readonly (number | null)[] =>
  bytesIn.map((each, i) => {
    const other = bytesOut[i] ?? null
    return each === null && other === null ? null : (each ?? 0) + (other ?? 0)
  })

export function dayTrafficText({ bytesIn, bytesOut, connections }: HistoryTraffic): string {
  const count = sumOf(connections)
  return `in ${bytesText(sumOf(bytesIn))}, out ${bytesText(sumOf(bytesOut))}, ${count} ${count === 1 ? 'connection' : 'connections'} of users`
}
