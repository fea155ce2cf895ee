// The control port described for machines. Written by hand beside `control-routes.ts`; a test holds the two together.

const text = { type: 'string' }
const number = { type: 'number' }
const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })
const list = (items: object) => ({ type: 'array', items })
const oneOf = (...names: readonly string[]) => ({ type: 'string', enum: names })
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
})
const versioned = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) =>
  object({ schemaVersion: { const: 1 }, ...properties }, optional)
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const integer = { type: 'integer', minimum: 0 }
const counts = { connectionsNow: integer, connectionsEver: integer, bytesIn: integer, bytesOut: integer, errorsEver: integer }
/** Bytes and connections of users; `in`: from users to the service. */
const traffic = {
  ...counts,
  inBytesPerSecond: integer,
  outBytesPerSecond: integer,
  lastError: orNull(object({ text, at: text })),
}
const kind = oneOf('tcp', 'udp', 'http', 'https')
const networkKind = oneOf('open', 'private')
const invitation = { ...text, description: "mw1.…: it holds the network's secret." }

const serviceState = oneOf('up', 'opening', 'down')
const service = {
  name: text,
  kind,
  local: text,
  public: orNull(text),
  at: list(object({ turn: orNull(text), public: orNull(text), state: serviceState, error: orNull(text), provenAt: orNull(text) })),
  state: serviceState,
  error: orNull(text),
  phase: oneOf('waiting', 'opening', 'proving', 'up', 'unhealthy', 'refused', 'private'),
  cause: orNull({ ...object({ type: text }), additionalProperties: true }),
  since: orNull(text),
  provenAt: orNull(text),
  traffic: orNull(ref('Traffic')),
}

/** As `ServiceOptions` in src/answers.ts says; all may be left out. */
const serviceOptions = {
  encrypt: { const: true },
  compress: { const: true },
  limit: { ...text, description: 'Bytes a second: 1MB, 500KB.' },
  limitMode: oneOf('client', 'server'),
  proxyProtocol: oneOf('v1', 'v2'),
  group: text,
  groupKey: text,
  check: { ...text, description: 'tcp, or http:/path.' },
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  private: { const: true, description: 'Nothing public is opened: members reach it by connect.' },
  allow: { ...list(text), description: 'Of a private service: ids or names of the nodes that may reach it.' },
}

/** One way of a speed test, as `SpeedWayAnswer` in src/answers.ts says. */
const speedWay = object({
  ...{ mbps: number, lowMbps: number, highMbps: number, coverage: number, confidence: number },
  settled: { type: 'boolean' },
  limitedBy: oneOf('path', 'processor'),
  words: text,
})

const turnBrief = object({ name: text, address: text, rttMs: orNull(number) })
const turn = { id: orNull(text), name: text, address: text, rttMs: orNull(number) }

const schemas = {
  Error: versioned({ error: text, left: text }, ['left']),
  Service: object(service),
  Traffic: object(traffic),
  Client: object({
    id: text,
    name: orNull(text),
    address: text,
    version: text,
    dialect: oneOf('moonwalk', 'frp'),
    since: text,
    proxies: list(object({ name: text, kind, port: integer, ...traffic })),
  }),
  Status: versioned(
    {
      node: object({
        id: text,
        name: text,
        version: text,
        state: text,
        address: orNull(text),
        reachability: oneOf('public', 'tunnelled', 'unknown'),
        startedAt: text,
        network: object({ kind: networkKind, text }),
      }),
      turn: orNull(object({ ...turn, reason: text, reasonAt: orNull(text), since: text, provenAt: orNull(text) })),
      turns: list(
        object({
          ...turn,
          state: oneOf('open', 'opening', 'retiring'),
          public: orNull(text),
          since: orNull(text),
          provenAt: orNull(text),
        }),
      ),
      pins: { ...list(text), description: 'TURNs that a person pinned; absent: none are.' },
      services: list(ref('Service')),
      clients: list(ref('Client')),
      carried: object({ clients: integer, proxies: integer, ...counts }),
      speedtests: object({ budgetBytes: integer, usedBytes: integer }),
      health: list(object({ level: oneOf('info', 'warn', 'error'), text, fix: text })),
    },
    ['pins'],
  ),
  Peer: object(
    {
      id: orNull(text),
      name: text,
      address: text,
      addresses: list(text),
      state: oneOf('alive', 'suspect', 'unknown', 'offline'),
      reachedBy: list(text),
      toldBy: list(text),
      self: { type: 'boolean' },
      rttMs: orNull(number),
      rttAt: orNull(text),
      minMs: orNull(number),
      medianMs: orNull(number),
      p95Ms: orNull(number),
      jitterMs: orNull(number),
      lossPct: orNull(number),
      connectMs: orNull(number),
      connectAt: orNull(text),
      serverBusy: orNull({ type: 'boolean' }),
      loadedMs: orNull(number),
      loadedAt: orNull(text),
      downMbps: orNull(number),
      upMbps: orNull(number),
      speedAt: orNull(text),
      measured: orNull(oneOf('self', 'told', 'estimated')),
      rttErrorPct: orNull(number),
      place: orNull(list(number)),
      turn: { type: 'boolean' },
      via: orNull(text),
      lastProof: orNull(text),
      dialect: oneOf('moonwalk', 'p2prc'),
    },
    ['reachedBy', 'toldBy'],
  ),
  Network: versioned(
    {
      kind: networkKind,
      text,
      secrets: list(object({ fingerprint: text, use: oneOf('proven', 'added', 'taken') })),
      invitation,
    },
    ['invitation'],
  ),
  History: versioned({
    from: text,
    minutes: integer,
    series: list(
      object({
        kind: oneOf('node', 'service', 'peer'),
        ...{ id: text, name: text, states: { ...text, pattern: '^[.uda]*$' }, upPct: orNull(number) },
        ...{ rttMs: list(orNull(number)), jitterMs: list(orNull(number)) },
        speeds: list(object({ at: text, downMbps: orNull(number), upMbps: orNull(number) })),
      }),
    ),
    events: list(object({ at: text, type: text, text })),
  }),
  Netcheck: versioned({
    reachability: oneOf('public', 'tunnelled', 'unknown'),
    address: orNull(text),
    machine: list(text),
    nat: object({ kind: oneOf('none', 'forwarded', 'firewall', 'nat', 'several', 'closed', 'unknown'), text }),
    seen: list(
      object({
        ...{ id: text, name: text, seenAt: orNull(text), dialBack: oneOf('reached', 'refused', 'silent', 'untried') },
        ...{ address: orNull(text), at: text },
      }),
    ),
    turns: object({ nearest: orNull(turnBrief), chosen: orNull(turnBrief), text }),
    speeds: list(object({ id: text, name: text, downMbps: orNull(number), upMbps: orNull(number), at: text })),
  }),
  Checkup: versioned({ checks: list(object({ name: text, level: oneOf('ok', 'warn', 'error'), text, fix: orNull(text) })) }),
  Peers: versioned(
    {
      self: text,
      peers: list(ref('Peer')),
      page: object({ offset: number, total: number, self: orNull(ref('Peer')), here: number, alive: number, offline: number }),
    },
    ['page'],
  ),
  News: { ...object({ seq: number, at: text, type: text }), additionalProperties: true },
}

const content = (type: string, schema: object) => ({ content: { [type]: { schema } } })
const answers = (schema: object) => ({ '200': { description: 'Done.', ...content('application/json', schema) } })
const problem = (description: string) => ({ description, ...content('application/json', ref('Error')) })
const denied = { '401': problem('No token, or a wrong one.') }

const get = (summary: string, schema: object) => ({ get: { summary, responses: { ...answers(schema), ...denied } } })
const inQuery = (name: string, schema: object, description: string) => ({ name, in: 'query', required: false, schema, description })
const paged = (summary: string, schema: object) => ({
  get: {
    summary,
    parameters: [
      inQuery('limit', { type: 'integer', minimum: 1, maximum: 1_000 }, 'Rows of the page; with any of these four without a limit: 200.'),
      inQuery('offset', { type: 'integer', minimum: 0 }, 'Rows before the page.'),
      inQuery('sort', text, 'rtt (by default), name, address, state, down, up, seen, turn, via or id; with - in front the greatest first.'),
      inQuery('search', text, 'A part of a name, an address or an id.'),
    ],
    responses: { ...answers(schema), ...denied, '400': problem('A parameter does not fit.') },
  },
})
const post = (summary: string, body: object, answer: object, refused: '404' | '409') => ({
  post: {
    summary,
    requestBody: { required: true, ...content('application/json', body) },
    responses: {
      ...answers(answer),
      ...denied,
      '400': problem('The body does not fit.'),
      '413': problem('The body is over 64 KiB.'),
      '415': problem('The body is not JSON.'),
      [refused]: problem('The node refuses; the sentence says why.'),
    },
  },
})

const aPeer = object({ peer: { ...text, description: 'An id, the start of one (6 characters or more), a name, or host:port.' } })

const aNode = object({ id: text, name: text })

/** An OpenAPI 3.1 document. */
export const openapi = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'moonwalk control',
    version,
    description:
      'For the person who runs the node. `GET /feed` is a WebSocket: see src/feed/delta.ts. Who can send no header with it offers the subprotocols `moonwalk.feed` and `moonwalk.token.TOKEN`. `/metrics` takes the token of `moonwalk metrics token` too. `/healthz` and `/readyz` take none.',
  },
  security: [{ token: [] }],
  paths: {
    '/metrics': {
      get: {
        summary: 'Figures for Prometheus.',
        responses: { '200': { description: 'Done.', ...content('text/plain', text) }, ...denied },
      },
    },
    '/api/status': get('This node.', ref('Status')),
    '/api/peers': {
      ...paged('Every server in the network, or a page of them.', ref('Peers')),
      ...post('Adds a server by its address.', object({ address: text }), versioned({ type: { const: 'added' }, address: text }), '409'),
    },
    '/api/peers/all': paged(
      'Every server in the network, and those that went within the last 24 hours as `offline`, which come last; or a page of them.',
      ref('Peers'),
    ),
    '/api/peers/remove': post('Forgets a server.', aPeer, versioned({ type: { const: 'removed' }, address: text }), '404'),
    '/api/turn/pin': post(
      'Has these carry for this node and nobody else, the best first, in place of those pinned before; none: as the node was started. Kept over restarts. While none of them can be had, this node has no TURN.',
      object({ peers: { ...list({ ...text, description: 'Id, start of one, name or HOST:PORT.' }), maxItems: 16 } }),
      versioned({ type: { const: 'pinned' }, turns: list(object({ name: text, address: text })) }),
      '409',
    ),
    '/api/history': {
      get: {
        ...get("The node's own last day, by the minute: itself, its services, the nearest peers; and what happened.", ref('History')).get,
        parameters: [
          { name: 'minutes', in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 1_440, default: 1_440 } },
        ],
      },
    },
    '/api/netcheck': get('How this node is seen from outside.', ref('Netcheck')),
    '/api/doctor': get('What commonly goes wrong, worst first. A few peers are asked what time it is.', ref('Checkup')),
    '/api/table': get('The IP table as its file shows it.', object({ ip_address: list({ type: 'object' }) })),
    '/api/states': get(
      'The active states of each machine, and of each of its instances as MACHINE/INSTANCE.',
      versioned({ states: { type: 'object', additionalProperties: list(text) } }),
    ),
    '/api/news': get('The newest entries of news without measurements, oldest first, at most 256.', versioned({ news: list(ref('News')) })),
    '/api/measurements': get(
      'The newest entries of what pings and speed tests measured, oldest first, at most 256.',
      versioned({ measurements: list(ref('News')) }),
    ),
    '/api/network': get('The network this node is in, without its secrets.', ref('Network')),
    '/api/invitation': {
      get: {
        summary: 'What others need to join this private network.',
        responses: { ...answers(versioned({ invitation })), ...denied, '409': problem('The network is open.') },
      },
    },
    '/api/network/rotate': post(
      'One step of replacing the secret: add a further one, prove it first, drop the others.',
      object({ step: oneOf('add', 'first', 'drop'), invitation }, ['invitation']),
      ref('Network'),
      '409',
    ),
    '/api/openapi.json': get('This document.', { type: 'object' }),
    '/api/diagrams/{file}': {
      get: {
        summary: 'The diagram of a machine, `<machine>.svg`.',
        parameters: [{ name: 'file', in: 'path', required: true, schema: text }],
        responses: {
          '200': { description: 'Done.', ...content('image/svg+xml', text) },
          '404': problem('There is no such diagram.'),
          ...denied,
        },
      },
    },
    '/api/services': post(
      'Exposes a service; answers when its public address is proven.',
      object(
        {
          spec: object(
            {
              name: text,
              kind,
              local: text,
              domain: orNull(text),
              options: object(serviceOptions, Object.keys(serviceOptions)),
            },
            ['options'],
          ),
          timeoutMs: { type: 'integer', minimum: 1, maximum: 600_000, default: 30_000 },
        },
        ['timeoutMs'],
      ),
      versioned(service),
      '409',
    ),
    '/api/services/remove': post(
      'Stops exposing a service.',
      object({ name: text }),
      versioned({ type: { const: 'unexposed' }, name: text }),
      '404',
    ),
    '/api/connectable': get(
      'What this node may connect to: services of its peers, which are asked.',
      versioned({
        services: list(object({ node: aNode, name: text, kind, private: { type: 'boolean' } })),
        silent: list(object({ id: text, name: text, error: text })),
      }),
    ),
    '/api/connect': post(
      'Opens a port of this machine for a service of another node. The answer is one line, and does not end: the port is held for as long as the request lasts.',
      object({ target: { ...text, description: 'NODE/SERVICE' }, port: { type: 'integer', minimum: 0, maximum: 65_535, default: 0 } }, [
        'port',
      ]),
      versioned({ node: aNode, service: text, kind, address: text }),
      '409',
    ),
    '/api/drain': post(
      'As a TURN: has the clients go elsewhere first, waits for them and for what is under way, and then ends the node.',
      object({ patienceMs: { type: 'integer', minimum: 0, maximum: 600_000, default: 60_000 } }, ['patienceMs']),
      versioned({ moved: integer, stayed: integer, connections: integer }),
      '409',
    ),
    '/api/ping': post(
      'Measures the latency to a server now.',
      aPeer,
      versioned({
        rttMs: number,
        samples: list(number),
        discarded: integer,
        isLoaded: { type: 'boolean' },
        connectMs: orNull(number),
        via: orNull(object({ id: text, name: text })),
      }),
      '409',
    ),
    '/api/speedtest': post(
      'Measures download and upload with a server now.',
      aPeer,
      versioned({
        ...{ downMbps: number, upMbps: number, downBytes: number, upBytes: number, downMs: number, upMs: number, confidence: number },
        down: speedWay,
        up: speedWay,
      }),
      '409',
    ),
  },
  components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
})
