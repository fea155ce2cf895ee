// The library: `import { createNode } from 'moonwalk-p2p'`.
export type {
  ClientAnswer,
  MoonwalkNode,
  NodeOptions,
  PeersAnswer,
  PortRange,
  ServiceOptions,
  ServiceSpec,
  StatusAnswer,
  TrafficAnswer,
  TurnSource,
} from './answers.ts'
export type { Entry, News } from './feed/news.ts'
export { createNode, type NodeExtras } from './node.ts'
export type { Ports } from './ports.ts'
