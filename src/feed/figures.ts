// The part of a status that moves all the time, apart from the rest: what services and carried clients have carried.
import type { CarriedAnswer, ClientAnswer, PeersPage, ServiceAnswer, StatusAnswer, TrafficAnswer } from '../answers.ts'

/** A status without figures: it changes when something happens, and only then. */
export type FeedStatus = Omit<StatusAnswer, 'services' | 'clients' | 'carried'> & {
  readonly services: readonly FeedService[]
  /** Where the table is longer than what the feed tells of it. */
  readonly table?: TableCounts
}
export type TableCounts = Pick<PeersPage, 'here' | 'alive' | 'offline'>
export type FeedService = Omit<ServiceAnswer, 'traffic'>

export interface Figures {
  /** By the service's name; without those that nothing has come for. */
  readonly traffic: ReadonlyMap<string, TrafficAnswer>
  /** By the client's id. */
  readonly clients: ReadonlyMap<string, ClientAnswer>
  readonly carried: CarriedAnswer
}

export function withoutFigures({ clients: _, carried: __, services, ...status }: StatusAnswer): FeedStatus {
  return { ...status, services: services.map(({ traffic: ___, ...service }) => service) }
}

export const figuresOf = ({ services, clients, carried }: StatusAnswer): Figures => ({
  traffic: new Map(services.flatMap(({ name, traffic }) => (traffic === null ? [] : [[name, traffic] as const]))),
  clients: new Map(clients.map((client) => [client.id, client])),
  carried,
})
