// A node for the control server's tests: it shows what it is told to show.
import type { Connection } from '../../src/answers/services.ts'
import type {
  ClientAnswer,
  HistoryAnswer,
  MoonwalkNode,
  NetcheckAnswer,
  NetworkAnswer,
  NetworkDesk,
  PeerAnswerRow,
  PeerCounts,
  ProxyAnswer,
  ServiceAnswer,
  SpeedtestAnswer,
  StatusAnswer,
  TrafficAnswer,
} from '../../src/answers.ts'
import type { Entry, News } from '../../src/feed/news.ts'
import { isMeasurement } from '../../src/feed/news-kinds.ts'

export const STARTED_AT = '2026-01-02T03:04:05.000Z'

export const NOTHING_CARRIED: StatusAnswer['carried'] = {
  clients: 0,
  proxies: 0,
  connectionsNow: 0,
  connectionsEver: 0,
  bytesIn: 0,
  bytesOut: 0,
  errorsEver: 0,
}

export const someTraffic = (more: Partial<TrafficAnswer> = {}): TrafficAnswer => ({
  connectionsNow: 2,
  connectionsEver: 31,
  bytesIn: 1_300_000,
  bytesOut: 47_000_000,
  inBytesPerSecond: 3_500,
  outBytesPerSecond: 1_200_000,
  errorsEver: 0,
  lastError: null,
  ...more,
})

export const aService = (name: string, traffic: TrafficAnswer | null = null): ServiceAnswer => ({
  name,
  kind: 'tcp',
  local: '127.0.0.1:3000',
  public: 'birch.test:20018',
  at: [{ turn: 'birch', public: 'birch.test:20018', state: 'up', error: null, provenAt: STARTED_AT }],
  state: 'up',
  error: null,
  phase: 'up',
  cause: null,
  since: STARTED_AT,
  provenAt: STARTED_AT,
  traffic,
})

export const aClient = (id: string, proxies: readonly Partial<ProxyAnswer>[] = [], more: Partial<ClientAnswer> = {}): ClientAnswer => ({
  id,
  name: null,
  address: '203.0.113.9:4711',
  version: '0.70.1',
  dialect: 'frp',
  member: null,
  since: STARTED_AT,
  proxies: proxies.map((proxy) => ({ ...someTraffic(), name: `${id}.web`, kind: 'tcp', port: 20_018, ...proxy })),
  ...more,
})

export const aRow = (name: string, more: Partial<PeerAnswerRow> = {}): PeerAnswerRow => ({
  id: Buffer.from(name).toString('hex').padEnd(32, '0'),
  name,
  address: `${name}.test:8088`,
  addresses: [`${name}.test:8088`],
  state: 'alive',
  self: false,
  rttMs: 10,
  rttAt: STARTED_AT,
  measured: 'self',
  speedAt: STARTED_AT,
  rttErrorPct: null,
  place: null,
  minMs: 10,
  medianMs: 10.2,
  p95Ms: 11,
  jitterMs: 0.3,
  lossPct: 0,
  connectMs: 9.8,
  connectAt: STARTED_AT,
  serverBusy: false,
  loadedMs: null,
  loadedAt: null,
  downMbps: 93.1,
  upMbps: 41,
  turn: true,
  via: null,
  lastProof: STARTED_AT,
  dialect: 'moonwalk',
  ...more,
})

export const aStatus = (
  state: string,
  more: Partial<Omit<StatusAnswer, 'node'>> = {},
  node: Partial<StatusAnswer['node']> = {},
): StatusAnswer => ({
  schemaVersion: 1,
  node: {
    id: 'ab'.repeat(16),
    name: 'ash',
    version: '0.1.0',
    state,
    address: null,
    reachability: 'unknown',
    startedAt: STARTED_AT,
    network: { kind: 'open', text: 'an open network' },
    ...node,
  },
  speedtests: { budgetBytes: 500_000_000, usedBytes: 12_340_000 },
  turn: null,
  turns: [],
  services: [],
  clients: [],
  carried: NOTHING_CARRIED,
  health: [],
  ...more,
})

/** A private network with one secret, which refuses what is not a first step. */
export const FAKE_NETWORK: NetworkAnswer = {
  schemaVersion: 1,
  kind: 'private',
  text: 'a private network',
  secrets: [{ fingerprint: '0a1b2c3d', use: 'proven' }],
}

export const createFakeDesk = (): NetworkDesk => ({
  show: () => FAKE_NETWORK,
  invite: () => ({ schemaVersion: 1, invitation: 'mw1.AAAA' }),
  rotate: async (step, invitation) =>
    step === 'add' ? { ...FAKE_NETWORK, invitation: invitation ?? 'mw1.BBBB' } : { type: 'refused', text: 'there is no new secret' },
})

export interface FakeNode extends MoonwalkNode {
  /** What was asked of it, in order. */
  readonly asked: readonly (readonly unknown[])[]
  show(part: {
    readonly status?: StatusAnswer
    readonly peers?: readonly PeerAnswerRow[]
    readonly states?: Readonly<Record<string, readonly string[]>>
  }): void
  /** `at`: when it happened. Default: `STARTED_AT`. */
  tell(news: News, at?: string): Entry
  listeners(): number
}

/** What it answers to a speed test. */
export const SPEED: SpeedtestAnswer = {
  ...{ schemaVersion: 1, downMbps: 90, upMbps: 40, downBytes: 9, upBytes: 4, downMs: 1, upMs: 1, confidence: 0.9 },
  down: {
    mbps: 90,
    lowMbps: 88,
    highMbps: 92,
    coverage: 0.8,
    confidence: 0.9,
    settled: true,
    limitedBy: 'path',
    words: '90 Mbit/s, between 88 and 92',
  },
  up: {
    mbps: 40,
    lowMbps: 39,
    highMbps: 41,
    coverage: 0.8,
    confidence: 0.9,
    settled: true,
    limitedBy: 'path',
    words: '40 Mbit/s, between 39 and 41',
  },
}

/** What it answers to `history`. */
export const HISTORY: HistoryAnswer = {
  ...{ schemaVersion: 1, from: STARTED_AT, minutes: 1_440 },
  series: [
    { kind: 'node', id: 'ab'.repeat(16), name: 'ash', states: '...uuuuuu', upPct: 100, rttMs: [], jitterMs: [], speeds: [], traffic: null },
    {
      ...{ kind: 'service', id: 'web', name: 'web', states: '...duuaau', upPct: 66.7, rttMs: [], jitterMs: [], speeds: [] },
      traffic: {
        bytesIn: [null, null, null, 300, 500_000, 800_000, 0, 0, 20_000],
        bytesOut: [null, null, null, 0, 9_000_000, 38_000_000, 0, 0, 700_000],
        connections: [null, null, null, 1, 12, 15, 0, 0, 3],
      },
    },
  ],
  events: [{ at: STARTED_AT, type: 'service.down', text: 'Service web is down: connection refused.' }],
}

/** What it answers to `netcheck`. */
export const NETCHECK: NetcheckAnswer = {
  ...{ schemaVersion: 1, reachability: 'tunnelled', address: 'birch.test:20017', machine: ['192.168.1.7'] },
  nat: { kind: 'nat', text: 'behind NAT: others see 203.0.113.9, and its router does not pass the port on to this machine' },
  seen: [{ id: 'b1'.repeat(16), name: 'birch', seenAt: '203.0.113.9', dialBack: 'silent', address: null, at: STARTED_AT }],
  turns: {
    nearest: { name: 'birch', address: 'birch.test:8088', rttMs: 12.4 },
    chosen: { name: 'birch', address: 'birch.test:8088', rttMs: 12.4 },
    text: 'the chosen one is the nearest that carries traffic',
  },
  speeds: [{ id: 'b1'.repeat(16), name: 'birch', downMbps: 93.1, upMbps: 41, at: STARTED_AT }],
}

export function countsOf(peers: readonly PeerAnswerRow[]): PeerCounts {
  const others = peers.filter(({ self }) => !self)
  const inState = (wanted: PeerAnswerRow['state']): number => others.filter(({ state }) => state === wanted).length
  return {
    alive: inState('alive'),
    suspect: inState('suspect'),
    unknown: 0,
    turns: others.filter(({ turn }) => turn).length,
    nearestRttMs: others.flatMap(({ rttMs }) => rttMs ?? []).sort((a, b) => a - b)[0] ?? null,
  }
}

export function createFakeNode(): FakeNode {
  let status = aStatus('bootstrapping')
  let peers: readonly PeerAnswerRow[] = []
  let states: Readonly<Record<string, readonly string[]>> = { node: ['bootstrapping'] }
  const news: Entry[] = []
  const asked: (readonly unknown[])[] = []
  const listeners = new Set<(entry: Entry) => void>()
  const unknown = { type: 'refused', text: 'There is no such server.' } as const
  return {
    asked,
    id: status.node.id,
    name: status.node.name,
    start: async () => ({ type: 'started', listen: null }),
    stop: async () => undefined,
    status: () => status,
    history: (minutes = 1_440) => ({ ...HISTORY, minutes }),
    netcheck: () => NETCHECK,
    checkup: async () => ({ schemaVersion: 1, checks: [{ name: 'clock', level: 'ok', text: 'agrees with a peer', fix: null }] }),
    peers: (which = 'here', ask) => {
      const [here, offline] = [peers.filter(({ state }) => state !== 'offline'), peers.filter(({ state }) => state === 'offline')]
      const all = which === 'all' ? peers : here
      const answer = { schemaVersion: 1, self: status.node.id } as const
      if (ask === undefined) return { ...answer, peers: all }
      const { offset = 0, limit = 200 } = ask
      const page = {
        ...{ offset, total: all.length, self: peers.find(({ self }) => self) ?? null, here: here.length },
        ...{ alive: peers.filter(({ state }) => state === 'alive').length, offline: which === 'all' ? offline.length : 0 },
      }
      return { ...answer, page, peers: all.slice(offset, offset + limit) }
    },
    peerCounts: () => countsOf(peers),
    table: () => ({ ip_address: peers.map(({ name }) => ({ name })) }),
    onNews: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    meetingPoints: () => [],
    recentNews: (count, kind = 'news') => news.filter((entry) => isMeasurement(entry) === (kind === 'measurements')).slice(-count),
    activeStates: () => states,
    add: async (address) => {
      asked.push(['add', address])
      return address.startsWith('bad') ? { type: 'refused', text: 'That address may not be contacted.' } : { type: 'added', address }
    },
    remove: (peer) => {
      asked.push(['remove', peer])
      const found = peers.find(({ id, name }) => name === peer || id === peer)
      return found ? { type: 'removed', address: found.address } : unknown
    },
    drain: async (patienceMs) => {
      asked.push(['drain', patienceMs])
      return { moved: 2, stayed: 1, connections: 0 }
    },
    expose: async (spec, timeoutMs) => {
      asked.push(['expose', spec, timeoutMs])
      return { ...aService(spec.name), kind: spec.kind, local: spec.local }
    },
    pin: (wanted) => {
      asked.push(['pin', ...wanted])
      const found = wanted.map((peer) => peers.find(({ id, name }) => name === peer || id === peer))
      const turns = found.flatMap((row) => (row ? [{ name: row.name, address: row.address }] : []))
      if (turns.length < wanted.length) return unknown
      const { pins: _, ...rest } = status
      status = wanted.length === 0 ? rest : { ...rest, pins: found.flatMap((row) => row?.id ?? []) }
      return { type: 'pinned', turns }
    },
    unexpose: (name) => {
      asked.push(['unexpose', name])
      return { type: 'unexposed', name }
    },
    ping: async (peer) => {
      asked.push(['ping', peer])
      return peers.some(({ id, name }) => name === peer || id === peer)
        ? { schemaVersion: 1, rttMs: 1.5, samples: [1.5, 2], discarded: 0, isLoaded: false, connectMs: null, via: null }
        : unknown
    },
    speedtest: async (peer) => {
      asked.push(['speedtest', peer])
      return SPEED
    },
    connect: async (target, port = 0) => {
      asked.push(['connect', target, port])
      const [name = '', service = ''] = target.split('/')
      if (name !== 'home') return { type: 'refused', text: `no node ${name} in the table; see \`moonwalk peers\`` }
      const close = async (): Promise<void> => void asked.push(['closed', target])
      const onNews: Connection['onNews'] = (listener) => {
        if (service !== 'old') return
        listener({ type: 'failing', text: 'home has no service old\u001b for this node any more' })
        listener({ type: 'working', text: 'home/old is reached again' })
      }
      const node = { id: '0a'.repeat(16), name }
      return { type: 'connected', node, service, kind: 'tcp', address: `127.0.0.1:${port || 40_000}`, onNews, close }
    },
    connectable: async () => ({
      schemaVersion: 1,
      services: [{ node: { id: '0a'.repeat(16), name: 'home' }, name: 'web', kind: 'tcp', private: true }],
      silent: [{ id: '0b'.repeat(16), name: 'elm', error: 'connection refused' }],
    }),
    show: (part) => {
      status = part.status ?? status
      peers = part.peers ?? peers
      states = part.states ?? states
    },
    tell: (told, at = STARTED_AT) => {
      const entry = { ...told, seq: (news.at(-1)?.seq ?? 0) + 1, at }
      news.push(entry)
      for (const listener of listeners) listener(entry)
      return entry
    },
    listeners: () => listeners.size,
  }
}
