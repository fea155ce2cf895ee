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
import type { Knocks } from './actors/turn/knocks.ts'
import { createLinkActor } from './actors/turn/link-actor.ts'
import { createScout } from './actors/turn/scout.ts'
import type { TurnWish } from './actors/turn/turn-wish.ts'
import type { TurnSource } from './answers.ts'
import type { News } from './feed/news.ts'
import { announced } from './machines/held-tunnels.ts'
import type { nodeMachine, OwnPortsCommand } from './machines/node-machine.ts'
import { tunnelMachine } from './machines/tunnel-machine.ts'
import type { Ports } from './ports.ts'

type Callback<Command extends EventObject = EventObject> = ReturnType<typeof fromCallback<Command, undefined>>

interface ImplementationNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly keeper: TableKeeper
  readonly services: Services
  readonly servicePorts: ServicePorts
  readonly knocks: Knocks
  readonly calls: PeerCalls
  readonly prober: Prober
  readonly announcer: Announcer
  readonly external: ExternalFrps
  readonly self: string
  readonly run: string
  readonly turns: readonly TurnSource[]
  readonly tunnels: number
  readonly wish: TurnWish
  readonly patienceMs: number
  readonly innerAddress: () => string
  readonly membership: Callback
  readonly turnServer: Callback
  readonly directServices: Callback<OwnPortsCommand | EventObject>
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
      scout: createScout(needs),
      tunnel: tunnelMachine.provide({
        actors: { askPort: createAskPortActor(needs), link: createLinkActor({ ...needs, random: random.fork('link') }) },
      }),
    },
    actions: {
      tellChoice: (_, { choice: { turn, reason } }) =>
        publish({ type: 'turn.chosen', peer: turn.key, name: turn.name, address: turn.address, reason }),
      announceTunnels: ({ context: { tunnels } }) => {
        needs.services.rank(tunnels.map(({ choice }) => choice.turn.key))
        announcer.reachedThrough(announced(tunnels, needs.clock.wallMs()))
      },
      tellBreak: (_, { turn, why }) => publish({ type: 'turn.broke', peer: turn.key, name: turn.name, why }),
      doubtTurn: (_, { turn, why }) => {
        external.doubt(turn.key)
        publish({ type: 'turn.lost', peer: turn.key, name: turn.name, why })
        prober.doubt(turn.key)
      },
    },
  } satisfies Parameters<typeof nodeMachine.provide>[0]
}
