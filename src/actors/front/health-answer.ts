// What a person should know: what was found while the node lived, what its files say, and what its state means.
import type { HealthAnswer, NodeOptions } from '../../answers.ts'
import { isMeant } from '../../domain/peer-word.ts'
import { pinsOf, type TurnCandidate, unfit } from '../../domain/turn-choice.ts'
import type { Store } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { Announcer } from '../membership/announcer.ts'
import type { Joining } from '../membership/joining.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import { serviceHealth } from '../services/service-health.ts'
import type { Services } from '../services/services.ts'
import type { ExternalFrps } from '../turn/external-frps.ts'
import type { TurnWish } from '../turn/turn-wish.ts'

export interface HealthNeeds {
  readonly own: OwnRecord
  readonly options: Pick<NodeOptions, 'network'>
  readonly keeper: TableKeeper
  readonly joining: Pick<Joining, 'seeds'>
  readonly services: Pick<Services, 'standings'>
  readonly announcer: Pick<Announcer, 'reachability'>
  readonly wish: Pick<TurnWish, 'preference' | 'pins'>
  readonly external: Pick<ExternalFrps, 'candidates'>
  readonly candidates: () => readonly TurnCandidate[]
  readonly health: Pick<Health, 'list'>
  /** Of the store. */
  readonly notes: Store['notes']
}

/** What a person should know, worst first. `state`: of the node's machine. */
export function healthOf(state: string, needs: HealthNeeds): readonly HealthAnswer[] {
  const health: HealthAnswer[] = [
    ...needs.health.list(),
    ...needs.notes().map((note) => ({ level: 'warn' as const, ...note })),
    ...(state === 'bootstrapping' ? [nobodyAnswers(needs)] : []),
    ...(state === 'selectingTurn' ? [nobodyCarries(needs)] : []),
    ...(state === 'serving' && needs.announcer.reachability() === 'unknown' ? [nobodyProvedIt(needs)] : []),
    ...needs.external.candidates().flatMap(unusable),
    ...serviceHealth(needs.services.standings()),
  ]
  return health.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
}

const LEVELS: readonly HealthAnswer['level'][] = ['error', 'warn', 'info']

function nobodyAnswers({ joining, options }: HealthNeeds): HealthAnswer {
  const seeds = joining.seeds()
  return {
    level: 'warn',
    text:
      seeds.length > 0
        ? `none of the known addresses (--join, add) answers: ${seeds.join(', ')}`
        : 'none of the servers in the IP table answers',
    fix:
      options.network.type === 'open'
        ? 'Check that one of them runs and can be reached from here; they are tried again and again.'
        : 'Check that one of them runs and can be reached from here, and that the invitation is a new one (`moonwalk invite`): members do not answer who has another secret. They are tried again and again.',
  }
}

function nobodyCarries({ own, keeper, candidates, wish }: HealthNeeds): HealthAnswer {
  const preference = wish.preference()
  const pins = pinsOf(preference)
  const all = candidates()
  const whyOf = (candidate: TurnCandidate): string => `${candidate.name}: ${unfit(candidate, own.id, preference) ?? 'fit'}`
  if (pins.length === 0)
    return {
      level: 'error',
      text: `nobody can be reached who carries traffic for others${inBrackets(all.map(whyOf))}`,
      fix: 'Start a node with a public address in this network, or name a stock frps with --turn frp://HOST:PORT.',
    }
  const whys = pins.map((pin) => {
    const found = all.find((one) => isMeant(pin, one))
    return found ? whyOf(found) : `${keeper.current().gone.get(pin)?.row.record.name ?? pin}: it is not in the table`
  })
  return {
    level: 'error',
    text: `none of the TURNs that are pinned can be used${inBrackets(whys)}`,
    fix:
      wish.pins().length > 0
        ? 'Only those that were pinned are used: `moonwalk unpin` lets this node take others, `moonwalk pin NODE` names another.'
        : 'Only those of --pin are used: name another there, or `moonwalk pin NODE` one that can be.',
  }
}

const MOST_WHYS = 4
const inBrackets = (whys: readonly string[]): string => (whys.length > 0 ? ` (${whys.slice(0, MOST_WHYS).join('; ')})` : '')

function nobodyProvedIt({ own, keeper }: HealthNeeds): HealthAnswer {
  const { listed, rows } = keeper.current()
  const others = listed.size - ((rows.get(own.id)?.state ?? 'unknown') === 'unknown' ? 0 : 1)
  return others === 0
    ? {
        level: 'info',
        text: 'this is the first node: nobody has proven yet that it can be reached',
        fix: 'Start another node with --join and this address; the first that connects proves it.',
      }
    : {
        level: 'warn',
        text: 'nobody has proven yet that this node can be reached',
        fix: 'The others are asked every few seconds. Each tries an IP address that does not answer three times in ten minutes; where none tries this node for about ten seconds, it goes through a TURN.',
      }
}

const unusable = ({ name, objection }: ReturnType<ExternalFrps['candidates']>[number]): readonly HealthAnswer[] =>
  objection === undefined
    ? []
    : [
        {
          level: 'warn',
          text: `the stock frps ${name} can't be used as TURN: ${objection}`,
          fix: 'Check that it runs, and its address, token and TLS in --turn frp://HOST:PORT?token-file=FILE; it is asked again now and then.',
        },
      ]
