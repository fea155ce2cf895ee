// Who is there, how near, and how this node is reached: the parts of membership, in the order they are made.
import type { TrafficRates } from './actors/carrying/traffic-rates.ts'
import type { Health } from './actors/health.ts'
import { createAddressWatch } from './actors/membership/address-watch.ts'
import { createAnnouncer } from './actors/membership/announcer.ts'
import { createCompany } from './actors/membership/company.ts'
import { createContactGate } from './actors/membership/contact-gate.ts'
import { createFirstLooks } from './actors/membership/first-looks.ts'
import { createGossip } from './actors/membership/gossip.ts'
import { createJoining } from './actors/membership/joining.ts'
import { createLookers } from './actors/membership/lookers.ts'
import { createMembershipActor } from './actors/membership/membership-actor.ts'
import type { OwnRecord } from './actors/membership/own-record.ts'
import { createP2prcExchange } from './actors/membership/p2prc-exchange.ts'
import { createPathLoad } from './actors/membership/path-load.ts'
import { createPeerCalls } from './actors/membership/peer-calls.ts'
import { endable } from './actors/membership/peer-requests.ts'
import { createPlaces } from './actors/membership/places.ts'
import { createProber } from './actors/membership/prober.ts'
import { createReach } from './actors/membership/reach.ts'
import { createSilentPeers } from './actors/membership/silent-peers.ts'
import { createSpeed } from './actors/membership/speed.ts'
import { createSpeedAccount } from './actors/membership/speed-account.ts'
import { speedTests } from './actors/membership/speed-tests.ts'
import { createSpendingFile } from './actors/membership/spending-file.ts'
import { createStanding } from './actors/membership/standing.ts'
import { createTableFile } from './actors/membership/table-file.ts'
import type { TableKeeper } from './actors/membership/table-keeper.ts'
import { createTwinWatch } from './actors/membership/twin-watch.ts'
import { createVouching } from './actors/membership/vouching.ts'
import type { NodeOptions } from './answers.ts'
import { recordMet } from './domain/ip-table.ts'
import { SPEED_BUSY_BYTES_PER_SECOND } from './domain/timings.ts'
import type { createStateWatch } from './feed/inspection.ts'
import type { News } from './feed/news.ts'
import type { Ports } from './ports.ts'

interface MembershipNeeds {
  readonly ports: Ports
  readonly options: NodeOptions
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly rates: TrafficRates
  readonly health: Health
  /** Addresses to start from: those of the configuration, and those that a person added. */
  readonly seeds: () => readonly string[]
  /** Ends every request to peers. */
  readonly ended: AbortSignal
  readonly inspect: ReturnType<typeof createStateWatch>['inspect']
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

export type Membership = ReturnType<typeof createMembership>

export function createMembership({ ports, options, keeper, own, rates, health, seeds, ended, inspect, publish, onBug }: MembershipNeeds) {
  const { clock, random, network, http, identity } = ports
  const { addresses: policy, network: networkKind, turnPreference } = options
  const { ownHosts } = network
  const file = createTableFile({ ...ports, keeper, own, policy, health, publish, onBug })
  const gate = createContactGate({
    ...{ clock, policy, networkKind: networkKind.type, http: endable(http, ended) },
    standing: createStanding({ keeper, own, named: seeds }),
    onLateProof: (address, by) => void keeper.apply((table, wallMs) => recordMet(table, by, address, wallMs)),
  })
  const { ipOf } = gate
  const watch = createAddressWatch({ clock, random, network })
  const calls = createPeerCalls({ clock, random, identity, http: watch.around(gate) })
  const load = createPathLoad(clock)
  const company = createCompany({ clock, keeper, self: own.id })
  const reach = createReach({ ...ports, watch, calls, keeper, own, company, policy, listens: options.listen !== null, inspect, onBug })
  const announcer = createAnnouncer({ own, keeper, reach, publish })
  const places = createPlaces({ clock, random, own, say: () => announcer.outrun(own.seq()) })
  const prober = createProber({ clock, random, calls, networkKind, keeper, own, places, health, load, company, http })
  const vouching = createVouching({ clock, identity, keeper, own, networkKind, prober, gate })
  const firstLooks = createFirstLooks({ clock, random, keeper, own, prober, place: places.own })
  const lookers = createLookers({ clock, random, identity, calls, keeper, own, prober })
  const gossip = createGossip({ clock, random, identity, calls, keeper, own, policy, networkKind, ipOf, ownHosts })
  const silentPeers = createSilentPeers({ clock, identity, keeper, own, prober, gossip, lookers, company, announcer })
  const speedAccount = createSpeedAccount({
    clock,
    budgetBytes: options.speedtestBudgetBytes,
    isBusy: () => rates.bytesPerSecond() > SPEED_BUSY_BYTES_PER_SECOND,
  })
  const spending = createSpendingFile({ clock, store: ports.store, account: speedAccount, health, onBug })
  const { closedBy, spend } = speedAccount
  const speed = createSpeed({
    ...{ clock, random, closedBy, spend, isPrivate: networkKind.type === 'private' },
    http: load.watching(gate),
    ownAddresses: () => [own.address(), own.localAddress()],
  })
  const p2prc = createP2prcExchange({ clock, random, calls, keeper, own, policy, reach, prober, ownHosts, ipOf })
  const joining = createJoining({
    ...{ clock, random, calls, gossip, keeper, own, reach, p2prc, prober, policy, networkKind, ownHosts, ipOf, publish, onBug },
    firstSeeds: seeds,
    restore: file.restore,
  })
  const speedTests$ = speedTests({
    ...{ clock, random, speed, keeper, own, ownHosts, publish },
    account: speedAccount,
    paceMs: options.speedtestPaceMs,
    needsTurn: () => options.turns.length > 0 && reach.verdict().type !== 'proven',
    byThroughput: turnPreference?.mode === 'throughput',
  })
  const twins = createTwinWatch({ clock, calls, own, announcer, reach, health, onBug })
  const actor = createMembershipActor({
    ...{
      clock,
      keeper,
      own,
      prober,
      vouching,
      firstLooks,
      gossip,
      silentPeers,
      p2prc,
      speedTests$,
      reach,
      joining,
      announcer,
      twins,
      onBug,
    },
  })
  return {
    file,
    gate,
    calls,
    load,
    reach,
    announcer,
    places,
    prober,
    lookers,
    gossip,
    speedAccount,
    spending,
    speed,
    p2prc,
    joining,
    twins,
    actor,
  }
}
