// What strangers, and speed tests, may use at most, as people write it.
import { DEFAULT_RATIONS, type Rations } from '../domain/offer.ts'
import { type Read, wrong } from './read.ts'

const RATIONS = {
  sessions: 'sessions',
  ports: 'ports',
  clients: 'clients',
  rate: 'bytesPerSecond',
  day: 'bytesPerDay',
  udp: 'udpFactor',
  nodes: 'nodes',
} as const satisfies Readonly<Record<string, keyof Rations>>

const SIZES: Readonly<Record<string, number>> = { '': 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 }

/** `sessions=2,ports=4,clients=128,rate=1MB,day=2GB,udp=3,nodes=8`, or some of them; the rest stays as usual. 0: no limit. */
export function readRations(text: string): Read<Rations> {
  const limits: Partial<Record<keyof Rations, number>> = {}
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, word = '', digits = '', unit = ''] = /^([a-z]+)=(\d{1,9})(KB|MB|GB)?$/.exec(part) ?? []
    const key = Object.entries(RATIONS).find(([name]) => name === word)?.[1]
    const takesSize = key === 'bytesPerSecond' || key === 'bytesPerDay'
    if (key === undefined || (unit !== '' && !takesSize))
      return wrong(`"${part}" is no limit for strangers; there are ${Object.keys(RATIONS).join(', ')}, as in sessions=2,rate=1MB`)
    limits[key] = Number(digits) * (SIZES[unit] ?? 1)
  }
  return { ok: { ...DEFAULT_RATIONS, ...limits } }
}

/** `500MB`, `2GB`; `off`, or 0: none. Bytes a day. */
export function readSpeedBudget(text: string): Read<number> {
  const [, digits, unit = ''] = /^(\d{1,9})(KB|MB|GB)?$/.exec(text) ?? []
  if (text === 'off') return { ok: 0 }
  return digits === undefined
    ? wrong(`"${text}" is no budget for speed tests; write a size a day such as 500MB, or off`)
    : { ok: Number(digits) * (SIZES[unit] ?? 1) }
}
