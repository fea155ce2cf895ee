// Ranges of ports, as people write them.
import type { PortRange } from '../answers.ts'
import { type Read, wrong } from './read.ts'

/** `A-B`. */
export function readPortRange(text: string): Read<PortRange> {
  const [, a, b] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  const [first, last] = [Number(a), Number(b)]
  if (!(first >= 1 && first <= last && last <= 65_535)) return wrong(`"${text}" is not a range of ports such as 20000-29999`)
  return { ok: { first, last } }
}

/** `A-B`, or several and single ports as well: `1024-2000,3000,4000-5000`. */
export function readPortRanges(text: string): Read<readonly PortRange[]> {
  const ranges: PortRange[] = []
  for (const part of text.split(',').map((one) => one.trim())) {
    const read = readPortRange(/^\d+$/.test(part) ? `${part}-${part}` : part)
    if ('wrong' in read) return wrong(`"${text}" is no list of port ranges such as 1024-2000,3000-4000`)
    ranges.push(read.ok)
  }
  return { ok: ranges }
}
