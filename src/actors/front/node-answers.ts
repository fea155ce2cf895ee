// What the node says of itself: the objects of `status`, `peers` and the table, made from what is there now.
import type { StateValue } from 'xstate'
import type { MoonwalkNode, NodeOptions, StatusAnswer } from '../../answers.ts'
import { parseAddress } from '../../domain/address.ts'
import type { Coordinate } from '../../domain/coordinates.ts'
import type { IpTable } from '../../domain/ip-table.ts'
import { meetingPoints } from '../../domain/meeting-points.ts'
import { KIND_TEXT, type NetworkKind } from '../../domain/network-kind.ts'
import { tamed } from '../../domain/tame.ts'
import { pathOf } from '../../feed/inspection.ts'
import type { NodeContext } from '../../machines/node-machine.ts'
import { tableFileObject } from '../../p2prc/table-codec.ts'
import type { Clock } from '../../ports.ts'
import type { TurnServer } from '../carrying/turn-server-actor.ts'
import type { SpeedAccount } from '../membership/speed-account.ts'
import type { TableFile } from '../membership/table-file.ts'
import type { Services } from '../services/services.ts'
import type { ExternalFrps } from '../turn/external-frps.ts'
import { type HealthNeeds, healthOf } from './health-answer.ts'
import { countsOf, peersAnswer } from './peer-answers.ts'
import { tunnelAnswersOf } from './tunnel-answers.ts'

interface AnswerNeeds extends HealthNeeds {
  readonly options: Pick<NodeOptions, 'version' | 'network' | 'speedtestBudgetBytes'>
  /** Of this machine, best first. */
  readonly ownHosts: () => readonly string[]
  readonly services: Pick<Services, 'list' | 'standings'>
  readonly turnServer: Pick<TurnServer, 'clients' | 'carried'>
  /** This node's own coordinate. */
  readonly place: () => Coordinate
  readonly speedAccount: Pick<SpeedAccount, 'usedBytes'>
  readonly startedAt: string
  readonly clock: Pick<Clock, 'wallMs'>
  /** Of the node's machine. */
  readonly snapshot: () => { readonly value: StateValue; readonly context: NodeContext }
  readonly file: Pick<TableFile, 'stored'>
  readonly external: Pick<ExternalFrps, 'rttMs' | 'candidates'>
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
    peers: (which = 'here', ask) =>
      peersAnswer(keeper.current(), { self: own.id, wallMs: needs.clock.wallMs(), here: needs.place() }, which, ask),
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
