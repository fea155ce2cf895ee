// The library: `import { createNode } from 'moonwalk-p2p'`.
export type {
  CarriedAnswer,
  ClientAnswer,
  Connection,
  ConnectionNews,
  HealthAnswer,
  PeerAnswerRow,
  PeersAnswer,
  PingAnswer,
  ProxyAnswer,
  Refusal,
  ServiceAnswer,
  SpeedtestAnswer,
  StatusAnswer,
  TrafficAnswer,
  TurnAnswer,
} from './answers.ts'
export type { Entry, News } from './feed/news.ts'
export { createNode, type LibraryNode, type NodeEvents } from './library.ts'
export type { NodeSettings } from './library-settings.ts'
