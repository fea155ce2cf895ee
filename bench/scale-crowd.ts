// Those of a large network that are no whole nodes: each answers what a node at rest is asked, and asks nobody.
import { UNPLACED } from '../src/domain/coordinates.ts'
import type { StoredRow } from '../src/p2prc/table-file.ts'
import type { InboundRequest, Reply } from '../src/ports.ts'
import type { OwnWord } from '../src/v2/envelope.ts'
import { seal } from '../src/v2/envelope.ts'
import { tokenSaidAgain } from '../src/v2/fresh-answer.ts'
import { lookText } from '../src/v2/look.ts'
import { gossipJson, readGossip, readHelloAsk } from '../src/v2/messages.ts'
import { NODE_PORT } from '../test/sim/live-node.ts'
import type { World } from '../test/sim/world.ts'

const SEQ = 1
const NOTHING_HERE: Reply = { status: 404, body: '' }
const json = (value: unknown, headers = {}): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

/** Puts one on the host of that name, and answers its row. */
export function stand(world: World, name: string): StoredRow {
  const row = rowOfOld(world, name)
  const { http } = world.ports(name)
  http
    .serve({ address: `0.0.0.0:${NODE_PORT}`, onRequest: (request) => answer(request, row.envelope ?? '') })
    .catch((error) => world.clock.crash(error))
  return row
}

/** The row that others have of a node in their files since an earlier run of it. */
export function rowOfOld(world: World, name: string): StoredRow {
  const host = world.host(name).outerIp
  const identity = world.identity(name)
  const word: Omit<OwnWord, 'id'> = { name, address: `${host}:${NODE_PORT}`, seq: SEQ, via: null, offersTurn: true, left: false }
  const envelope = seal(identity, word)
  const figures = { latency: null, download: null, upload: null, speedAt: null, lastSeen: new Date(world.clock.wallMs()).toISOString() }
  return { id: identity.id, name, host, port: NODE_PORT, ...figures, envelope, p2prc: null }
}

async function answer({ path, headers, remote, body }: InboundRequest, envelope: string): Promise<Reply> {
  if (path === '/server_info') return { status: 200, headers: tokenSaidAgain(headers), body: LOOK }
  if (path === '/v2/gossip') {
    const told = readGossip(await body(1 << 20))
    // It holds what whoever asks holds: nothing differs at rest.
    return told === null ? NOTHING_HERE : json(gossipJson({ ...SILENCE, seq: SEQ, knows: told.seq, digest: told.digest }))
  }
  if (path === '/v2/look') return json({ type: 'reached' })
  if (path !== '/v2/hello') return NOTHING_HERE
  const ask = readHelloAsk(await body(1 << 16))
  const dialBack = ask === null ? { type: 'untried' } : { type: 'reached', address: ask.advertise ?? `${remote.host}:${ask.port}` }
  return json({ record: envelope, observed: remote.host, dialBack })
}

const LOOK = lookText('0'.repeat(16), UNPLACED)
const SILENCE = { from: null, ranges: [], lists: [], offers: [], wants: [], records: [], unsigned: [], doubts: [], deaths: [] } as const
