// What the names of the node's machines mean: each actor and action that `machines/node-machine.ts` only names.
import type { EventObject, fromCallback } from 'xstate'
import type { Announcer } from './actors/membership/announcer.ts'
import type { PeerCalls } from './actors/membership/peer-calls.ts'
import type { Prober } from './actors/membership/prober.ts'
import type { TableKeeper } from './actors/membership/table-keeper.ts'
import type { ServicePorts } from './actors/services/service-ports.ts'
import type { Services } from './actors/services/services.ts'
import { createAskPortActor } from './actors/turn/ask-port-actor.ts'
import type { ExternalFrps } from './actors/turn/external-frps.ts'
import { createFindTurnActor } from './actors/turn/find-turn-actor.ts'
import { createLinkActor } from './actors/turn/link-actor.ts'
import { createTurnReviewActor } from './actors/turn/turn-review.ts'
import type { TurnSource } from './answers.ts'
import type { News } from './feed/news.ts'
import type { nodeMachine } from './machines/node-machine.ts'
import { tunnelMachine } from './machines/tunnel-machine.ts'
import type { Ports } from './ports.ts'

type Callback = ReturnType<typeof fromCallback<EventObject, undefined>>

interface ImplementationNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly keeper: TableKeeper
  readonly services: Services
  readonly servicePorts: ServicePorts
  readonly calls: PeerCalls
  readonly prober: Prober
  readonly announcer: Announcer
  readonly external: ExternalFrps
  readonly self: string
  readonly run: string
  readonly turns: readonly TurnSource[]
  readonly innerAddress: () => string
  readonly membership: Callback
  readonly turnServer: Callback
  readonly directServices: Callback
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

export function nodeImplementations(needs: ImplementationNeeds) {
  const { random, prober, announcer, external, publish } = needs
  return {
    actors: {
      membership: needs.membership,
      turnServer: needs.turnServer,
      directServices: needs.directServices,
      findTurn: createFindTurnActor({ ...needs, random: random.fork('find turn') }),
      reviewTurn: createTurnReviewActor(needs),
      tunnel: tunnelMachine.provide({
        actors: { askPort: createAskPortActor(needs), link: createLinkActor({ ...needs, random: random.fork('link') }) },
      }),
    },
    actions: {
      tellChoice: (_, { choice: { turn, reason } }) =>
        publish({ type: 'turn.chosen', peer: turn.key, name: turn.name, address: turn.address, reason }),
      announceTunnel: (_, { turn, address }) => announcer.tunnelProven(address, turn?.id ?? turn?.key ?? null, turn?.id ?? null),
      withdrawTunnel: () => announcer.tunnelGone(),
      tellBreak: (_, { turn, why }) => {
        if (turn) publish({ type: 'turn.broke', peer: turn.key, name: turn.name, why })
      },
      doubtTurn: (_, { turn, why }) => {
        if (!turn) return
        external.doubt(turn.key)
        publish({ type: 'turn.lost', peer: turn.key, name: turn.name, why })
        prober.doubt(turn.key)
      },
    },
  } satisfies Parameters<typeof nodeMachine.provide>[0]
}
