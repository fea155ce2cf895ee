// A network for the page to show: a node behind two TURNs, its neighbours in three cities, three services, one of them in trouble.
import type { DayHistory } from '../../dashboard/heartbeat.ts'
import type { HealthAnswer, PeerAnswerRow } from '../../src/answers.ts'
import { UNPLACED, writeCoordinate } from '../../src/domain/coordinates.ts'
import { aClient, aRow, aService, aStatus, type FakeNode, NOTHING_CARRIED, someTraffic } from './fake-node.ts'

const NAMES =
  'alder ash aspen beech birch cedar cherry elm fir hazel holly juniper larch lime maple oak pine poplar rowan spruce willow yew'
/** How many ms away from the middle, and where to. */
const CITIES = [
  [6, 12],
  [-35, 20],
  [15, -80],
] as const

const STARTED = new Date(Date.now() - 900_000).toISOString()
const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString()
const at = (x: number, y: number) => writeCoordinate({ ...UNPLACED, at: [x, y, 0, 0, 0, 0, 0, 0], error: 0.12 })

const me = (): PeerAnswerRow =>
  aRow('attic', {
    self: true,
    ...{ rttMs: null, jitterMs: null, lossPct: null, downMbps: null, upMbps: null },
    address: '203.0.113.9:21734',
    via: aRow('cedar').id,
    turn: false,
    place: at(0, 0),
    lastProof: ago(0),
  })

export function neighbours(): readonly PeerAnswerRow[] {
  return NAMES.split(' ').map((name, i): PeerAnswerRow => {
    const [x, y] = CITIES[i % CITIES.length] ?? [0, 0]
    const rttMs = Math.hypot(x, y) + ((i * 7) % 11)
    const address = `198.51.100.${i + 10}:8088`
    const known = {
      ...{ address, addresses: [address], turn: i % 2 === 1, jitterMs: 0.2 + (i % 5) / 10 },
      ...{ rttAt: ago(i), lastProof: ago(i), speedAt: ago(3_600), connectAt: ago(i) },
    }
    if (name === 'cedar') return aRow(name, { ...known, rttMs: 12.4, place: at(6, 10), downMbps: 180, upMbps: 95 })
    if (name === 'oak') return aRow(name, { ...known, rttMs: null, state: 'offline', lastProof: ago(5_400), turn: false })
    if (name === 'fir') return aRow(name, { ...known, rttMs, state: 'suspect', lossPct: 40, place: at(x + i, y), turn: false })
    return aRow(name, { ...known, rttMs, minMs: rttMs, place: at(x + (i % 5), y - (i % 4)), downMbps: 40 + i * 9, upMbps: 10 + i * 3 })
  })
}

/** `outage`: its TURN has died, and no other is found. `calm`: nothing is wrong. `webBytes`: what the service web sends, a second. */
export function showLivingNetwork(node: FakeNode, { outage = false, calm = false, webBytes = 1_200_000 } = {}): void {
  const turn = {
    ...{ id: aRow('cedar').id, name: 'cedar', address: '198.51.100.15:8088', rttMs: 12.4 },
    ...{ reason: 'least latency of 11: 12.4 ms; next yew 17.4 ms', reasonAt: ago(30), since: ago(840), provenAt: ago(3) },
  }
  const tunnels = [
    { ...turn, state: 'open' as const, public: '203.0.113.9:21734' },
    {
      ...turn,
      id: aRow('beech').id,
      name: 'beech',
      address: '198.51.100.13:8088',
      rttMs: 23,
      state: 'open' as const,
      public: '198.51.100.13:20044',
    },
  ]
  const up = { since: ago(840), provenAt: ago(4) }
  const fails = { state: 'down', phase: 'unhealthy', since: null, provenAt: null } as const
  const lost = { public: null, error: null, ...fails, phase: 'waiting' } as const
  const refused = 'nothing listens at 127.0.0.1:5432'
  const place = { state: 'up', error: null, provenAt: ago(4) } as const
  const places = [
    { ...place, turn: 'cedar', public: '203.0.113.9:20018' },
    { ...place, turn: 'beech', public: '198.51.100.13:20018' },
  ]
  const failing = {
    ...{ ...aService('db'), local: '127.0.0.1:5432', ...fails, public: null, error: refused },
    cause: { type: 'nothing-listens', local: '127.0.0.1:5432' },
  } as const
  const services = [
    {
      ...aService('web', someTraffic({ outBytesPerSecond: webBytes })),
      public: '203.0.113.9:20018',
      at: outage ? [] : places,
      ...up,
      ...(outage ? lost : {}),
    },
    {
      ...aService('game', someTraffic({ connectionsNow: 5 })),
      kind: 'udp' as const,
      local: '127.0.0.1:25565',
      public: '203.0.113.9:20019',
      ...up,
      ...(outage ? lost : {}),
    },
    ...(calm ? [] : [failing]),
  ]
  const db = {
    level: 'warn',
    text: `service db is not up: ${refused}`,
    fix: 'Start the service at 127.0.0.1:5432, or expose the address it listens at.',
  } as const
  const nobody: HealthAnswer = {
    level: 'error',
    text: 'nobody can be reached who carries traffic for others',
    fix: 'Start a node with a public address in this network, or name a stock frps with --turn frp://HOST:PORT.',
  }
  node.show({
    status: aStatus(
      outage ? 'selectingTurn' : 'tunnelling.up',
      {
        turn: outage ? null : turn,
        turns: outage ? [] : tunnels,
        services,
        health: outage ? [nobody, db] : calm ? [] : [db],
        clients: calm
          ? []
          : [aClient('5f0c2a9be1', [{ name: 'a1b2c3d4e5f60718.blog' }], { name: 'yew', dialect: 'moonwalk', since: ago(5_000) })],
        carried: calm
          ? NOTHING_CARRIED
          : { ...NOTHING_CARRIED, clients: 1, proxies: 1, connectionsNow: 2, connectionsEver: 40, bytesIn: 2e6, bytesOut: 9e8 },
      },
      {
        ...{ name: 'attic', startedAt: STARTED, address: outage ? null : '203.0.113.9:21734' },
        reachability: outage ? 'unknown' : 'tunnelled',
        network: { kind: 'private', text: 'a private network' },
      },
    ),
    states: {
      node: outage ? ['selectingTurn'] : ['tunnelling', 'tunnelling.up'],
      reach: ['refused'],
      tunnel: outage ? [] : ['linked', 'linked.open'],
      exposedService: ['up', 'unhealthy'],
      'exposedService/web': ['up'],
      'exposedService/db': ['unhealthy'],
    },
    peers: [me(), ...neighbours()],
  })
}

/** What led there. */
export function tellItsStory(node: FakeNode): void {
  const way = ['', 'bootstrapping', 'discovering', 'probing', 'selectingTurn', 'tunnelling.down', 'tunnelling.up']
  const events = ['start', 'network.found', 'network.told', 'probes.settled', 'done findTurn', 'tunnel.opened']
  for (const [i, event] of events.entries())
    node.tell(
      { type: 'state.entered', machine: 'node', instance: '', from: way[i] ?? '', state: way[i + 1] ?? '', event },
      ago(900 - 10 * i),
    )
  node.tell({ type: 'turn.chosen', peer: 'b', name: 'cedar', address: '198.51.100.15:8088', reason: 'least latency of 11' }, ago(850))
  node.tell({ type: 'service.up', service: 'web', public: '203.0.113.9:20018' }, ago(840))
  node.tell(
    { type: 'peer.suspected', peer: aRow('fir').id ?? '', name: 'fir', address: '198.51.100.18:8088', why: 'no answer in time' },
    ago(20),
  )
}

const MINUTES = 1_440

/** The day of that network: a TURN died, its database went away for an hour, and cedar grew slower towards evening. */
export function itsDay(): DayHistory {
  const from = new Date(Math.floor(Date.now() / 60_000 - MINUTES + 1) * 60_000).toISOString()
  const atMinute = (minute: number, seconds: number) => new Date(Date.parse(from) + minute * 60_000 + seconds * 1_000).toISOString()
  const day = (gaps: readonly (readonly [from: number, letters: string])[], knownFrom = 0): string => {
    const minutes: string[] = Array.from({ length: MINUTES }, (_, i) => (i < knownFrom ? '.' : 'u'))
    for (const [at, letters] of gaps) minutes.splice(at, letters.length, ...letters)
    return minutes.join('')
  }
  const rttMs = Array.from({ length: MINUTES }, (_, i) => (i < 120 ? null : 11 + 2 * Math.sin(i / 90) + (i > 1_000 ? 3 : 0)))
  const none = { rttMs: [], jitterMs: [], speeds: [], traffic: null }
  const carried = (perMinute: (minute: number) => number) => {
    const bytesOut = Array.from({ length: MINUTES }, (_, i) => (i < 100 ? null : Math.round(perMinute(i))))
    const share = (part: number) => bytesOut.map((bytes) => (bytes === null ? null : Math.round(bytes / part)))
    return { bytesIn: share(30), bytesOut, connections: share(600_000) }
  }
  const speeds = [130, 380, 600, 850, 1_060, 1_290].map((minute, i) => ({
    ...{ at: atMinute(minute, 20), downMbps: [178, 184, 171, 180, 96, 104][i] ?? null, upMbps: [94, 96, 92, 95, 61, 66][i] ?? null },
  }))
  return {
    ...{ from, minutes: MINUTES },
    series: [
      { kind: 'node', id: 'ab'.repeat(16), name: 'attic', states: day([[500, 'd']], 100), upPct: 100, ...none },
      {
        kind: 'service',
        id: 'web',
        name: 'web',
        states: day([[500, 'd']], 100),
        upPct: 100,
        ...none,
        traffic: carried((i) => 3e7 * (1.1 + Math.sin(i / 160)) ** 2),
      },
      {
        kind: 'service',
        id: 'game',
        name: 'game',
        states: day([[500, 'd']], 100),
        upPct: 100,
        ...none,
        traffic: carried((i) => (i > 1_000 && i < 1_260 ? 4e6 : 0)),
      },
      { kind: 'service', id: 'db', name: 'db', states: day([[1_380, 'a'.repeat(60)]], 100), upPct: 95.5, ...none },
      {
        ...{ kind: 'peer', id: aRow('cedar').id ?? '', name: 'cedar', states: day([[700, 'dd']], 120), upPct: 100 },
        ...{ rttMs, jitterMs: rttMs.map((ms, i) => (ms === null ? null : 0.5 + (i > 1_000 ? 1.5 : 0))), speeds, traffic: null },
      },
    ],
    events: [
      { at: atMinute(500, 1), text: 'The TURN alder was lost: connection reset.' },
      { at: atMinute(500, 1.7), text: 'TURN: cedar (198.51.100.15:8088), least latency of 11.' },
      { at: atMinute(1_380, 3), text: 'Service db is down: nothing listens at 127.0.0.1:5432.' },
    ],
  }
}
