// Our tunnel beside stock frp 0.70.1 at the same settings, far ends in Go, in alternating rounds: what is compared was measured
// within seconds of each other. Trust the ratios of one run, not its absolute figures.
import { freePorts } from '../../src/cli/demo/free-ports.ts'
import { type Figure, type Goal, listens, markdown, median, numbersOf, type Part, progress, shown, start } from '../measure.ts'
import { loadBinary } from './load.ts'
import { ratholeBinary } from './rathole.ts'
import { cpuSeconds, MUX_PLAIN, MUX_TLS, NO_MUX, openTunnel, type Plan, type Setting, type Tunnel } from './tunnels.ts'

const STOCK = '0.70.1'

interface Sizes {
  readonly mib: number
  readonly slowMib: number
  readonly connections: number
  readonly echoes: number
  readonly beside: number
}
const WHOLE: Sizes = { mib: 256, slowMib: 128, connections: 150, echoes: 500, beside: 150 }
const SHORT: Sizes = { mib: 16, slowMib: 4, connections: 20, echoes: 50, beside: 20 }

/** One run of `load` and the columns it prints, null for those that are left out. */
interface Measure {
  readonly args: readonly string[]
  readonly columns: readonly (string | null)[]
  /** Bytes that pass, when CPU per byte is asked for. */
  readonly gib?: number
}

const local = ({ mib, connections, echoes, beside }: Sizes): readonly Measure[] => [
  { args: ['down', `${mib}`, '1'], columns: ['one download, MiB/s'], gib: mib / 1024 },
  { args: ['up', `${mib}`, '1'], columns: ['one upload, MiB/s'], gib: mib / 1024 },
  { args: ['down', `${mib}`, '16'], columns: ['16 downloads at once, MiB/s'] },
  { args: ['down', `${mib}`, '50'], columns: ['50 downloads at once, MiB/s'] },
  { args: ['new', `${connections}`], columns: ['new connection + echo p50, ms', 'new connection + echo p95, ms'] },
  { args: ['echo', `${echoes}`], columns: ['warm echo p50, ms', 'warm echo p95, ms'] },
  {
    args: ['beside', `${beside}`],
    columns: ['download beside echoes, MiB/s', 'echo beside a download p50, ms', 'echo beside a download p95, ms'],
  },
]
const far = ({ slowMib }: Sizes): readonly Measure[] => [
  { args: ['burst', '10'], columns: [...Array.from({ length: 9 }, () => null), 'slowest of a burst of ten, ms'] },
  { args: ['down', `${slowMib}`, '1'], columns: ['one download, MiB/s'] },
]
const CPU = 'CPU per GiB, both ends, s'

type Samples = Map<string, number[]>

/** Each measure on each tunnel in turn, `rounds` times. */
async function alternate(tunnels: readonly Tunnel[], measures: readonly Measure[], rounds: number): Promise<ReadonlyMap<Tunnel, Samples>> {
  const told = new Map<Tunnel, Samples>(tunnels.map((tunnel) => [tunnel, new Map()]))
  const keep = (tunnel: Tunnel, column: string, value: number): void => {
    const samples = told.get(tunnel)
    samples?.set(column, [...(samples.get(column) ?? []), value])
  }
  for (let round = 0; round < rounds; round++) {
    for (const { args, columns, gib } of measures) {
      // Whoever is first in one round is last in the next.
      for (const tunnel of round % 2 === 0 ? tunnels : [...tunnels].reverse()) {
        const before = cpuOf(tunnel)
        const [kind = '', ...rest] = args
        const numbers = await numbersOf(loadBinary(), [kind, tunnel.door, ...rest])
        for (const [at, column] of columns.entries()) if (column !== null) keep(tunnel, column, numbers[at] ?? Number.NaN)
        if (gib !== undefined) keep(tunnel, CPU, (cpuOf(tunnel) - before) / gib)
      }
    }
    progress(`tunnels (${tunnels[0]?.plan.rttMs} ms RTT): round ${round + 1} of ${rounds}`)
  }
  return told
}

const cpuOf = ({ serverPid, clientPid }: Tunnel): number => cpuSeconds(serverPid) + cpuSeconds(clientPid)

const pairName = ({ server, client }: Plan): string => (server === 'rathole' ? server : `${server} ↔ ${client}`)

async function measured<T>(plans: readonly Plan[], use: (tunnels: readonly Tunnel[]) => Promise<T>): Promise<T> {
  const [port = 0] = await freePorts(1)
  const ends: (() => Promise<void>)[] = []
  try {
    const sink = await start(loadBinary(), ['serve', `127.0.0.1:${port}`], { waits: false })
    ends.push(sink.end)
    await listens(port)
    const tunnels: Tunnel[] = []
    for (const plan of plans) {
      const tunnel = await openTunnel(plan, port)
      ends.push(tunnel.end)
      tunnels.push(tunnel)
    }
    return await use(tunnels)
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

interface Row {
  readonly plan: Plan
  readonly samples: Samples
}
const medianOf = (row: Row | undefined, column: string): number => median(row?.samples.get(column) ?? [])

function rowsOf(told: ReadonlyMap<Tunnel, Samples>, setting: Setting): { readonly rival: Row | undefined; readonly rows: readonly Row[] } {
  const rows = [...told].filter(([{ plan }]) => plan.setting === setting).map(([{ plan }, samples]) => ({ plan, samples }))
  return { rival: rows.find(({ plan }) => plan.server === STOCK && plan.client === STOCK), rows }
}

/** Per setting: one line a figure, one column a pair of ends (server ↔ client), with the ratio to stock in brackets. */
function detailsOf(told: ReadonlyMap<Tunnel, Samples>, title: string, settings: readonly Setting[]): string {
  return settings
    .map((setting) => {
      const { rival, rows } = rowsOf(told, setting)
      const columns = [...new Set(rows.flatMap(({ samples }) => [...samples.keys()]))]
      const cell = (row: Row, column: string): string => {
        const value = medianOf(row, column)
        return row === rival ? shown(value) : `${shown(value)} (${(value / medianOf(rival, column)).toFixed(2)})`
      }
      const table = markdown(
        ['figure', ...rows.map(({ plan }) => pairName(plan))],
        columns.map((column) => [column, ...rows.map((row) => cell(row, column))]),
      )
      return `### ${title}: ${setting.name} (server ↔ client)\n\n${table}`
    })
    .join('\n\n')
}

const least = (limit: number): Goal => ({ of: 'ratio', at: 'least', limit })
const most = (limit: number): Goal => ({ of: 'ratio', at: 'most', limit })

function localFigures(told: ReadonlyMap<Tunnel, Samples>): readonly Figure[] {
  const figures: Figure[] = []
  for (const setting of [MUX_PLAIN, MUX_TLS, NO_MUX]) {
    const { rival, rows } = rowsOf(told, setting)
    const bulk = setting.mux ? 1.5 : 1.05
    for (const { plan, samples } of rows.filter((row) => row !== rival && row.plan.server !== 'rathole')) {
      const both = plan.server === 'ours' && plan.client === 'ours'
      const goals: readonly (readonly [string, Goal | null])[] = both
        ? [
            ['one download, MiB/s', least(bulk)],
            ['one upload, MiB/s', least(bulk)],
            ['16 downloads at once, MiB/s', least(setting.mux ? 1.3 : 1.05)],
            ['50 downloads at once, MiB/s', least(setting.mux ? 1.3 : 1.05)],
            ['new connection + echo p50, ms', most(1)],
            ['new connection + echo p95, ms', most(1)],
            ['warm echo p50, ms', most(1)],
            ['echo beside a download p50, ms', { of: 'value', at: 'most', limit: 2 }],
            ['echo beside a download p95, ms', most(1)],
            ['download beside echoes, MiB/s', least(1.2)],
            [CPU, most(0.7)],
          ]
        : [
            ['one download, MiB/s', least(1)],
            ['one upload, MiB/s', least(1)],
            ['16 downloads at once, MiB/s', least(1)],
          ]
      for (const [column, goal] of goals) {
        const [name = column, unit = ''] = column.split(/, (?=MiB\/s$|m?s$)/)
        figures.push({
          name: `${setting.name}, ${pairName(plan)}: ${name}`,
          unit,
          ours: median(samples.get(column) ?? []),
          rival: { name: `${STOCK} ↔ ${STOCK}`, value: medianOf(rival, column) },
          goal,
        })
      }
    }
  }
  return figures
}

function farFigures(told: ReadonlyMap<Tunnel, Samples>): readonly Figure[] {
  const figures: Figure[] = []
  for (const setting of [MUX_PLAIN, MUX_TLS]) {
    const { rival, rows } = rowsOf(told, setting)
    for (const row of rows.filter((one) => one !== rival)) {
      const both = row.plan.client === 'ours'
      const name = `100 ms RTT, ${setting.name}, ${pairName(row.plan)}`
      const stock = (column: string) => ({ name: `${STOCK} ↔ ${STOCK}`, value: medianOf(rival, column) })
      const [download, burst] = ['one download, MiB/s', 'slowest of a burst of ten, ms']
      figures.push({
        name: `${name}: one download`,
        unit: 'MiB/s',
        ours: medianOf(row, download),
        rival: stock(download),
        goal: both ? least(2) : { of: 'value', at: 'least', limit: 25 },
      })
      if (both) {
        const [goal, unit] = [{ of: 'value', at: 'most', limit: 130 } as const, 'ms']
        figures.push({ name: `${name}: slowest of a burst of ten`, unit, ours: medianOf(row, burst), rival: stock(burst), goal })
      }
    }
  }
  return figures
}

const pairs = (setting: Setting): readonly Plan[] => [
  { setting, server: STOCK, client: STOCK, rttMs: 0 },
  { setting, server: 'ours', client: 'ours', rttMs: 0 },
  { setting, server: 'ours', client: STOCK, rttMs: 0 },
  { setting, server: STOCK, client: 'ours', rttMs: 0 },
]
/** Beside ours at what it can do. */
const ratholePlans = (): readonly Plan[] =>
  ratholeBinary() === null ? [] : [{ setting: NO_MUX, server: 'rathole', client: 'rathole', rttMs: 0 }]
const farPlans: readonly Plan[] = [
  ...[MUX_PLAIN, MUX_TLS].flatMap((setting): readonly Plan[] => [
    { setting, server: STOCK, client: STOCK, rttMs: 100 },
    { setting, server: 'ours', client: 'ours', rttMs: 100 },
  ]),
  { setting: MUX_PLAIN, server: 'ours', client: '0.45.0', rttMs: 100 },
]

/** Both ends on this machine, without delay. */
export const versusPart: Part = async ({ rounds, short }) => {
  const sizes = short ? SHORT : WHOLE
  const settings = [MUX_PLAIN, MUX_TLS, NO_MUX]
  return measured([...settings.flatMap(pairs), ...ratholePlans()], async (tunnels) => {
    const first: Measure = {
      args: ['new', '100'],
      columns: ['the first 100: new connection + echo p50, ms', 'the first 100: new connection + echo p95, ms'],
    }
    const cold = await alternate(tunnels, [first], 1)
    const warm = await alternate(tunnels, local(sizes), rounds)
    const told = new Map([...warm].map(([tunnel, samples]) => [tunnel, new Map([...samples, ...(cold.get(tunnel) ?? [])])]))
    return { figures: localFigures(told), details: detailsOf(told, 'Tunnel on loopback', settings) }
  })
}

/** 100 ms between the two ends. */
export const farPart: Part = ({ rounds, short }) =>
  measured(farPlans, async (tunnels) => {
    const told = await alternate(tunnels, far(short ? SHORT : WHOLE), rounds)
    return { figures: farFigures(told), details: detailsOf(told, 'Tunnel at 100 ms RTT', [MUX_PLAIN, MUX_TLS]) }
  })

/** What passes is hashed: there, at the far end, and back. A run of its own, since hashing costs more than the tunnel. */
export const contentPart: Part = ({ short }) => {
  const settings = [MUX_PLAIN, MUX_TLS, NO_MUX]
  const args = [`${short ? 16 : 256}`, '16']
  return measured([...settings.flatMap(pairs), ...ratholePlans()], async (tunnels) => {
    const lines: string[][] = []
    for (const { plan, door } of tunnels) {
      await numbersOf(loadBinary(), ['whole', door, ...args]) // fails where one byte differs
      lines.push([plan.setting.name, pairName(plan), 'the same'])
      progress(`content: ${plan.setting.name}, ${pairName(plan)}`)
    }
    const title = `### Content: ${args[0]} MiB of random bytes there and back, in ${args[1]} connections at once, hashed at every end`
    return { figures: [], details: `${title}\n\n${markdown(['setting', 'server ↔ client', 'SHA-256'], lines)}` }
  })
}
