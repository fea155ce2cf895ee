// `moonwalk status` for people.
import type { ClientAnswer, ProxyAnswer, StatusAnswer, TrafficAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'
import { bytesText, rateText } from '../feed/byte-text.ts'
import { proxyTitle } from '../feed/proxy-title.ts'
import { fittedPairs, fittedTable } from './fitted-table.ts'
import { ageText } from './tables.ts'
import { ENDLESS } from './terminal.ts'

/** Proxies carried for others that are shown: the busiest. */
const MAX_PROXIES = 20
/** What strangers call themselves and their proxies is cut after this. */
const MAX_NAME_CHARS = 40

export function statusText(
  { node, turn, turns, services, clients, carried, speedtests, health }: StatusAnswer,
  nowMs: number,
  width = ENDLESS.width,
): string {
  const lines = [
    ['node', `${node.name} (${node.id})`],
    ['network', node.network.text],
    ['state', node.state],
    ['address', node.address === null ? 'not proven' : `${node.address} (${node.reachability})`],
    [
      'TURN',
      turn === null ? 'none' : `${turn.name} at ${turn.address}, ${turn.rttMs === null ? '?' : turn.rttMs.toFixed(2)} ms; ${turn.reason}`,
    ],
    ...(turns.length > 1 ? turns : []).map(({ name, address, rttMs, state, public: at, provenAt }) => [
      `tunnel ${name}`,
      `${state}: ${at === null ? '' : `${at} `}through ${address}, ${rttMs === null ? '?' : rttMs.toFixed(2)} ms${provenAt === null ? '' : `; proven ${ageText(provenAt, nowMs)}`}`,
    ]),
    ...services.flatMap(({ name, local, public: address, state, phase, error, traffic }) => [
      [
        `service ${name}`,
        `${state}: ${address ?? (phase === 'private' ? 'private, by `moonwalk connect`' : 'no public address')} → ${local}${error === null ? '' : ` (${error})`}`,
      ],
      ...(traffic === null ? [] : trafficLines(traffic, nowMs).map((line) => ['', line])),
    ]),
    ...(carried.clients === 0 && carried.connectionsEver === 0
      ? []
      : [['carrying', `${many(carried.clients, 'client', 's')}, ${many(carried.proxies, 'proxy', 'proxies')}: ${countsText(carried)}`]]),
    ['speed tests', speedTestText(speedtests)],
    ...health.map(({ level, text, fix }) => [level, `${text}. ${fix}`]),
  ]
  const table = clientsText(clients, carried.proxies, nowMs, width)
  return fittedPairs(lines, width) + (table === '' ? '' : `\n\n${table}`)
}

const speedTestText = ({ budgetBytes, usedBytes }: StatusAnswer['speedtests']): string =>
  budgetBytes === 0 ? 'none by itself' : `${megabytes(usedBytes)} of ${megabytes(budgetBytes)} MB used within a day`

/** As `--speedtest-budget` counts them. */
const megabytes = (bytes: number): string => String(Math.round(bytes / 100_000) / 10)

function trafficLines(traffic: TrafficAnswer, nowMs: number): readonly string[] {
  const { inBytesPerSecond, outBytesPerSecond, errorsEver, lastError } = traffic
  const rates =
    inBytesPerSecond + outBytesPerSecond === 0 ? '' : `; now in ${rateText(inBytesPerSecond)}, out ${rateText(outBytesPerSecond)}`
  if (lastError === null) return [countsText(traffic) + rates]
  return [countsText(traffic) + rates, `${many(errorsEver, 'error', 's')}, the last ${ageText(lastError.at, nowMs)}: ${lastError.text}`]
}

const countsText = (counts: Pick<TrafficAnswer, 'connectionsNow' | 'connectionsEver' | 'bytesIn' | 'bytesOut'>): string =>
  `${many(counts.connectionsNow, 'connection', 's')} now, ${counts.connectionsEver} ever; in ${bytesText(counts.bytesIn)}, out ${bytesText(counts.bytesOut)}`

/** `plural`: the whole word, or what is appended. */
const many = (count: number, one: string, plural: string): string =>
  `${count} ${count === 1 ? one : plural.length === 1 ? one + plural : plural}`

/** Head, rank (see `Column`), and to how many characters it may be cut. */
const CLIENT_COLUMNS: readonly (readonly [string, number, number?])[] = [
  ...([
    ['CLIENT', 0, 8],
    ['FROM', 3],
    ['SPEAKS', 6],
    ['SINCE', 7],
    ['PROXY', 0, 8],
    ['PORT', 0],
    ['NOW', 1],
  ] as const),
  ...([
    ['EVER', 5],
    ['IN', 4],
    ['OUT', 4],
    ['IN/s', 2],
    ['OUT/s', 2],
    ['LAST ERROR', 8],
  ] as const),
]

/** Empty where nobody has a proxy here. */
function clientsText(clients: readonly ClientAnswer[], proxyCount: number, nowMs: number, width: number): string {
  const rows = clients
    .flatMap((client) => client.proxies.map((proxy) => ({ client, proxy })))
    .sort((a, b) => rank(b.proxy, a.proxy))
    .slice(0, MAX_PROXIES)
    .map(({ client, proxy }) => [
      tame(client.name ?? client.id.slice(0, 8), MAX_NAME_CHARS),
      client.address,
      tame(client.dialect === 'moonwalk' ? 'moonwalk' : `frp ${client.version}`, MAX_NAME_CHARS),
      ageText(client.since, nowMs),
      tame(proxyTitle(proxy.name), MAX_NAME_CHARS),
      `${proxy.port}/${proxy.kind}`,
      String(proxy.connectionsNow),
      String(proxy.connectionsEver),
      bytesText(proxy.bytesIn),
      bytesText(proxy.bytesOut),
      rateText(proxy.inBytesPerSecond),
      rateText(proxy.outBytesPerSecond),
      proxy.lastError === null ? '–' : `${ageText(proxy.lastError.at, nowMs)}: ${proxy.lastError.text}`,
    ])
  if (rows.length === 0) return ''
  const left = proxyCount - rows.length
  const columns = CLIENT_COLUMNS.map(([head, rank, least], i) => ({
    ...{ head, rank, cell: (row: readonly string[]) => row[i] ?? '' },
    ...(least === undefined ? {} : { least }),
  }))
  return fittedTable(columns, rows, width) + (left > 0 ? `\n… and ${many(left, 'more proxy', 'more proxies')}` : '')
}

/** By what passes now, then by what has passed. */
const rank = (a: ProxyAnswer, b: ProxyAnswer): number =>
  a.inBytesPerSecond + a.outBytesPerSecond - b.inBytesPerSecond - b.outBytesPerSecond || a.bytesIn + a.bytesOut - b.bytesIn - b.bytesOut
