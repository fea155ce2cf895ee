// What the node says of itself: the objects of `status`, `peers` and the table, made from what is there now.
import type { StateValue } from 'xstate'
import type { HealthAnswer, MoonwalkNode, NodeOptions, PeerAnswerRow, PeerCounts, StatusAnswer } from '../../answers.ts'
import { parseAddress } from '../../domain/address.ts'
import {
  type Coordinate,
  estimateError,
  estimateMs,
  MAX_ERROR,
  MAX_TOLD_ERROR,
  UNPLACED,
  writeCoordinate,
} from '../../domain/coordinates.ts'
import {
  FIRST_PAGE,
  finderOf,
  type IpTable,
  isListed,
  offlineRows,
  type Page,
  type PageAsk,
  type Row,
  shownRows,
} from '../../domain/ip-table.ts'
import { figuresOf, type Latency, NO_LATENCY, roundMs } from '../../domain/latency.ts'
import { meetingPoints } from '../../domain/meeting-points.ts'
import { KIND_TEXT, type NetworkKind } from '../../domain/network-kind.ts'
import { addressesOf, dialectOf } from '../../domain/record.ts'
import { tamed } from '../../domain/tame.ts'
import { type TurnCandidate, unfit } from '../../domain/turn-choice.ts'
import { pathOf } from '../../feed/inspection.ts'
import type { NodeContext } from '../../machines/node-machine.ts'
import { tableFileObject } from '../../p2prc/table-codec.ts'
import type { Clock, Store } from '../../ports.ts'
import type { TurnServer } from '../carrying/turn-server-actor.ts'
import type { Health } from '../health.ts'
import type { Announcer } from '../membership/announcer.ts'
import type { Joining } from '../membership/joining.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { SpeedAccount } from '../membership/speed-account.ts'
import type { TableFile } from '../membership/table-file.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import { serviceHealth } from '../services/service-health.ts'
import type { Services } from '../services/services.ts'
import type { ExternalFrps } from '../turn/external-frps.ts'
import type { TurnWish } from '../turn/turn-wish.ts'
import { tunnelAnswersOf } from './tunnel-answers.ts'

interface AnswerNeeds {
  readonly own: OwnRecord
  readonly options: Pick<NodeOptions, 'version' | 'network' | 'speedtestBudgetBytes'>
  readonly wish: Pick<TurnWish, 'preference' | 'pins'>
  /** Of this machine, best first. */
  readonly ownHosts: () => readonly string[]
  readonly keeper: TableKeeper
  readonly services: Pick<Services, 'list' | 'standings'>
  readonly joining: Pick<Joining, 'seeds'>
  readonly turnServer: Pick<TurnServer, 'clients' | 'carried'>
  /** This node's own coordinate. */
  readonly place: () => Coordinate
  readonly speedAccount: Pick<SpeedAccount, 'usedBytes'>
  readonly startedAt: string
  readonly clock: Pick<Clock, 'wallMs'>
  /** Of the node's machine. */
  readonly snapshot: () => { readonly value: StateValue; readonly context: NodeContext }
  readonly announcer: Pick<Announcer, 'reachability'>
  readonly file: Pick<TableFile, 'stored'>
  readonly health: Pick<Health, 'list'>
  readonly external: Pick<ExternalFrps, 'rttMs' | 'candidates'>
  readonly candidates: () => readonly TurnCandidate[]
  /** Of the store. */
  readonly notes: Store['notes']
}

/** Names and reasons in them are strangers' in part, and tamed. */
export function answersOf(needs: AnswerNeeds): Answers {
  const { status, peers, table, ...rest } = rawAnswersOf(needs)
  return {
    ...rest,
    status: () => tamed(status()),
    peers: (which, page) => tamed(peers(which, page)),
    table: () => tamed(table(), Number.POSITIVE_INFINITY),
  }
}

type Answers = Pick<MoonwalkNode, 'status' | 'peers' | 'peerCounts' | 'table' | 'meetingPoints'>

function rawAnswersOf(needs: AnswerNeeds): Answers {
  const { own, options, keeper, services, turnServer, speedAccount, startedAt, snapshot } = needs
  const { turnAnswer, tunnelAnswers } = tunnelAnswersOf(needs)
  return {
    status: () => ({
      schemaVersion: 1,
      node: {
        id: own.id,
        name: own.name,
        version: options.version,
        state: pathOf(snapshot().value),
        address: own.address(),
        reachability: needs.announcer.reachability(),
        startedAt,
        network: networkOf(options.network),
      },
      turn: turnAnswer(),
      turns: tunnelAnswers(),
      ...(needs.wish.pins().length > 0 ? { pins: needs.wish.pins() } : {}),
      services: services.list(),
      clients: turnServer.clients(nameOfClient(keeper.current(), own.id)),
      carried: turnServer.carried(),
      speedtests: { budgetBytes: options.speedtestBudgetBytes, usedBytes: speedAccount.usedBytes() },
      health: healthOf(pathOf(snapshot().value), needs),
    }),
    peers: (which = 'here', ask) => {
      const [table, wallMs, place] = [keeper.current(), needs.clock.wallMs(), needs.place()]
      const gone = which === 'all' ? offlineRows(table, wallMs).map(({ row }) => row) : []
      const answer = { schemaVersion: 1, self: own.id } as const
      const peerRowOf = (row: Row): PeerAnswerRow => {
        const known = peerRow(row, own.id, wallMs, place)
        return { ...known, ...toldBy(row, table, known.measured), ...reachedBy(row, table) }
      }
      const [hereRow, awayRow] = [peerRowOf, (row: Row) => offlineRow(row, own.id)]
      if (ask === undefined) return { ...answer, peers: [...shownRows(table).map(hereRow), ...gone.map(awayRow)] }
      const { rows, away, total } = pageWithAway(table, gone, { ...FIRST_PAGE, ...ask })
      const counts = { here: table.listed.size, alive: table.aliveCount, offline: gone.length }
      const mine = table.rows.get(own.id)
      const page = { offset: ask.offset ?? FIRST_PAGE.offset, total, self: mine ? hereRow(mine) : null, ...counts }
      return { ...answer, page, peers: [...rows.map(hereRow), ...away.map(awayRow)] }
    },
    peerCounts: () => countsOf(keeper.current(), own.id),
    table: () => tableFileObject(needs.file.stored()),
    meetingPoints: () =>
      meetingPoints(keeper.current().listed.slice(0, MOST_LOOKED_AT), {
        id: own.id,
        address: own.address() ?? own.advertised(),
        listening: own.listening(),
        hosts: needs.ownHosts(),
      }),
  }
}

/** Of so many of the nearest an invitation names some. */
const MOST_LOOKED_AT = 1_024

const networkOf = ({ type }: NetworkKind): StatusAnswer['node']['network'] => ({ kind: type, text: KIND_TEXT[type] })

/** Who has that id, or says, signed, to be reached through a port of this node. */
function nameOfClient(table: IpTable, self: string): Parameters<TurnServer['clients']>[0] {
  const names = new Map<number, string>()
  for (const key of table.behind(self)) {
    const record = table.rows.get(key)?.record
    const port = parseAddress(record?.address ?? '')?.port
    if (record !== undefined && port !== undefined) names.set(port, record.name)
  }
  return ({ member, ports }) =>
    (member === null ? undefined : table.rows.get(member)?.record.name) ??
    ports.map((port) => names.get(port)).find((name) => name !== undefined) ??
    null
}

/** Those that are away come after all that are here, whatever these are sorted by. */
function pageWithAway(table: IpTable, gone: readonly Row[], ask: PageAsk): Page & { readonly away: readonly Row[] } {
  const { rows, total } = table.page(ask)
  const found = gone.filter(finderOf(ask.search))
  const away = found.slice(Math.max(0, ask.offset - total)).slice(0, ask.limit - rows.length)
  return { rows, away, total: total + found.length }
}

/** Without this node's own row. */
function countsOf(table: IpTable, self: string): PeerCounts {
  const { listed, rows, suspects, aliveCount, offeringCount } = table
  const mine = rows.get(self)
  const isMine = (state: Row['state']): number => (mine?.state === state ? 1 : 0)
  const offers = mine !== undefined && isListed(mine) && mine.record.offersTurn && mine.record.via === null
  const [nearest] = listed.slice(0, 2).filter(({ key }) => key !== self)
  return {
    alive: aliveCount - isMine('alive'),
    suspect: suspects.size - isMine('suspect'),
    unknown: rows.size - listed.size - isMine('unknown'),
    turns: offeringCount - (offers ? 1 : 0),
    nearestRttMs: nearest?.latency.rttMs ?? null,
  }
}

/** A server that was here within the last day. What was measured of it is no figure of now. */
const offlineRow = (row: Row, self: string): PeerAnswerRow => ({
  ...peerRow({ ...row, latency: NO_LATENCY }, self, 0, UNPLACED),
  state: 'offline',
})

/** `here`: this node's own coordinate. */
const peerRow = (
  { record, state, latency, downMbps, upMbps, speedAtMs, lastProofMs }: Row,
  self: string,
  wallMs: number,
  here: Coordinate,
): PeerAnswerRow => ({
  id: record.id,
  name: record.name,
  address: record.address,
  addresses: addressesOf(record),
  state,
  self: record.id === self,
  ...latencyRow(latency, wallMs),
  ...estimatedRow(latency.rttMs, record.place, record.id === self ? UNPLACED : here),
  downMbps,
  upMbps,
  speedAt: downMbps === null ? null : isoOf(speedAtMs),
  turn: record.offersTurn && record.via === null,
  via: record.via,
  lastProof: isoOf(lastProofMs),
  dialect: dialectOf(record),
})

/** Where nothing is measured or estimated, that it is there is told. */
function toldBy({ told }: Row, table: IpTable, measured: PeerAnswerRow['measured']): Partial<Pick<PeerAnswerRow, 'toldBy' | 'measured'>> {
  return told === undefined ? {} : { toldBy: namesOf(told, table), measured: measured ?? 'told' }
}

const namesOf = (ids: readonly string[], { rows }: IpTable): readonly string[] =>
  ids.map((id) => rows.get(id)?.record.name ?? id.slice(0, 8))

/** What was measured of it was so before others alone reached it. */
function reachedBy({ reachedBy: ids, latency }: Row, table: IpTable): Partial<Pick<PeerAnswerRow, 'reachedBy' | 'measured'>> {
  if (ids.length === 0) return {}
  return { reachedBy: namesOf(ids, table), ...(latency.rttMs === null ? {} : { measured: 'told' }) }
}

/** Behind what was measured, since it says what is known where nothing was. */
function estimatedRow(rttMs: number | null, place: Coordinate | undefined, here: Coordinate) {
  const told = { place: place === undefined ? null : writeCoordinate(place) }
  if (rttMs !== null) return { ...told, measured: 'self' as const, rttErrorPct: null }
  const error = place === undefined ? MAX_ERROR : estimateError(here, place)
  if (place === undefined || error > MAX_TOLD_ERROR) return { ...told, measured: null, rttErrorPct: null }
  return { ...told, rttMs: roundMs(estimateMs(here, place)), measured: 'estimated' as const, rttErrorPct: Math.round(error * 100) }
}

function latencyRow(latency: Latency, wallMs: number) {
  const { rttAtMs, connectAtMs, loadedAtMs, ...figures } = figuresOf(latency, wallMs)
  return { ...figures, rttAt: isoOf(rttAtMs), connectAt: isoOf(connectAtMs), loadedAt: isoOf(loadedAtMs) }
}

const isoOf = (wallMs: number | null): string | null => (wallMs === null ? null : new Date(wallMs).toISOString())

/** What a person should know, worst first. */
function healthOf(
  state: string,
  { joining, keeper, own, options, services, external, candidates, announcer, wish, health: found, notes }: AnswerNeeds,
): readonly HealthAnswer[] {
  const health: HealthAnswer[] = [...found.list(), ...notes().map((note) => ({ level: 'warn' as const, ...note }))]
  const { listed, rows } = keeper.current()
  const others = listed.size - ((rows.get(own.id)?.state ?? 'unknown') === 'unknown' ? 0 : 1)
  if (state === 'bootstrapping') {
    const seeds = joining.seeds()
    health.push({
      level: 'warn',
      text:
        seeds.length > 0
          ? `none of the known addresses (--join, add) answers: ${seeds.join(', ')}`
          : 'none of the servers in the IP table answers',
      fix:
        options.network.type === 'open'
          ? 'Check that one of them runs and can be reached from here; they are tried again and again.'
          : 'Check that one of them runs and can be reached from here, and that the invitation is a new one (`moonwalk invite`): members do not answer who has another secret. They are tried again and again.',
    })
  }
  if (state === 'selectingTurn') {
    const whys = candidates().map((candidate) => `${candidate.name}: ${unfit(candidate, own.id, wish.preference()) ?? 'fit'}`)
    health.push({
      level: 'error',
      text: `nobody can be reached who carries traffic for others${whys.length > 0 ? ` (${whys.slice(0, 4).join('; ')})` : ''}`,
      fix:
        wish.pins().length > 0
          ? 'Only those that were pinned are used: `moonwalk unpin` lets this node take others, `moonwalk pin NODE` names another.'
          : 'Start a node with a public address in this network, or name a stock frps with --turn frp://HOST:PORT.',
    })
  }
  if (state === 'serving' && announcer.reachability() === 'unknown')
    health.push({
      level: others === 0 ? 'info' : 'warn',
      text:
        others === 0
          ? 'this is the first node: nobody has proven yet that it can be reached'
          : 'nobody has proven yet that this node can be reached',
      fix:
        others === 0
          ? 'Start another node with --join and this address; the first that connects proves it.'
          : 'The others are asked every few seconds. Each tries an IP address that does not answer three times in ten minutes; where none tries this node for about ten seconds, it goes through a TURN.',
    })
  for (const { name, objection } of external.candidates())
    if (objection !== undefined)
      health.push({
        level: 'warn',
        text: `the stock frps ${name} can't be used as TURN: ${objection}`,
        fix: 'Check that it runs, and its address, token and TLS in --turn frp://HOST:PORT?token-file=FILE; it is asked again now and then.',
      })
  health.push(...serviceHealth(services.standings()))
  return health.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
}

const LEVELS: readonly HealthAnswer['level'][] = ['error', 'warn', 'info']
