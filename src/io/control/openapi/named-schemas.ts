// What several operations answer, by name.
import { integer, list, number, object, oneOf, orNull, ref, text, versioned } from './json-schema.ts'
import { invitation, networkKind } from './network.ts'
import { kind, service } from './services.ts'

const counts = { connectionsNow: integer, connectionsEver: integer, bytesIn: integer, bytesOut: integer, errorsEver: integer }
/** Bytes and connections of users; `in`: from users to the service. */
const traffic = {
  ...counts,
  inBytesPerSecond: integer,
  outBytesPerSecond: integer,
  lastError: orNull(object({ text, at: text })),
}

/** A value a minute. */
const minutely = list(orNull(integer))
const turnBrief = object({ name: text, address: text, rttMs: orNull(number) })
const turn = { id: orNull(text), name: text, address: text, rttMs: orNull(number) }

export const schemas = {
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
        traffic: orNull(object({ bytesIn: minutely, bytesOut: minutely, connections: minutely })),
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
