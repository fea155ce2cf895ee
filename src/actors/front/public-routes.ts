// The public port's HTTP: P2PRC's routes and ours, each answered from memory or by one of the parts.
import type { AddressPolicy } from '../../domain/address.ts'
import { addressOf, canonicalHost, isAllowed, isLiteral, parseAddress } from '../../domain/address.ts'
import type { Offer } from '../../domain/offer.ts'
import type { Vouch } from '../../domain/vouches.ts'
import { type Identity, type InboundRequest, isFailure, type Ports, type Reply } from '../../ports.ts'
import type { ToldService } from '../../v2/connect.ts'
import { echoBytes } from '../../v2/echo.ts'
import { open, recordOf } from '../../v2/envelope.ts'
import { tokenSaidAgain } from '../../v2/fresh-answer.ts'
import { MAX_LOOK_BYTES, readLookAsk } from '../../v2/indirect-look.ts'
import { wantsLook } from '../../v2/look.ts'
import {
  type DialBack,
  gossipJson,
  helloAnswerJson,
  MAX_GOSSIP_BYTES,
  MAX_HELLO_BYTES,
  readGossip,
  readHelloAsk,
} from '../../v2/messages.ts'
import { vouchBytes } from '../../v2/vouch.ts'
import type { ContactGate } from '../membership/contact-gate.ts'
import type { Gossip } from '../membership/gossip.ts'
import type { Joining } from '../membership/joining.ts'
import type { Lookers } from '../membership/lookers.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { P2prcExchange } from '../membership/p2prc-exchange.ts'
import type { PeerCalls } from '../membership/peer-calls.ts'
import type { Reach } from '../membership/reach.ts'
import { RecentMap } from '../membership/recent-map.ts'
import type { Speed } from '../membership/speed.ts'
import { SPEED_ROUTES } from '../membership/speed-service.ts'
import type { TwinWatch } from '../membership/twin-watch.ts'
import { createDialBacks } from './dial-backs.ts'
import { readMapAsk, readProxyAsk } from './mapping-asks.ts'
import type { OperatorCalls } from './operator-calls.ts'

/** How a request came in. Through a tunnel its sender's address says nothing, least of all that it is this machine. */
export type Entrance = 'public' | 'tunnel'

export interface PublicRoutesNeeds extends Pick<Ports, 'clock'> {
  readonly identity: Identity
  readonly own: OwnRecord
  readonly calls: Pick<PeerCalls, 'whoAnswers'>
  readonly gate: Pick<ContactGate, 'tryAnew'>
  readonly gossip: Pick<Gossip, 'answer'>
  readonly lookers: Pick<Lookers, 'answer'>
  readonly speed: Pick<Speed, 'answer'>
  readonly policy: AddressPolicy
  readonly p2prc: Pick<P2prcExchange, 'answer'>
  readonly joining: Pick<Joining, 'greeted' | 'mayTry'>
  readonly twins: Pick<TwinWatch, 'heard'>
  readonly reach: Pick<Reach, 'arrivedAt'>
  readonly operator: Pick<OperatorCalls, 'mapPort' | 'addProxy'>
  /** What the node with that id may reach of this one's services. */
  readonly servicesFor: (id: string) => readonly ToldService[]
  /** Strangers get nothing but a refusal. */
  readonly isPrivate: boolean
  readonly serverInfo: () => string
  /** The same for a node that looks often (`v2/look.ts`). */
  readonly look: () => string
  /** For whom traffic is carried. */
  readonly offer: Offer
  /** A member of a private network asked for something by that Host. */
  readonly reachedBy?: (host: string) => void
  /** Grants `/MAPPort` and `/AddProxy`, wherever the caller is. Null: nobody has them. */
  readonly token: string | null
}

const MAX_TABLE_BYTES = 1024 * 1024
/** Of members, that are remembered. */
const MOST_CONNECTIONS = 1_024
const MAX_UPLOAD_BYTES = 64 * 1024 * 1024
/** What browsers send of themselves, and nobody else has to. */
const BROWSERS = ['origin', 'referer', 'sec-fetch-site']
const TEXT = { 'content-type': 'text/plain; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

export interface PublicRoutes {
  (request: InboundRequest, entrance: Entrance): Promise<Reply>
  /** All that is answered with more than 404, as `METHOD /path`. */
  readonly names: readonly string[]
}

export function createPublicRoutes(needs: PublicRoutesNeeds): PublicRoutes {
  const { identity, own, calls, gossip, speed, policy } = needs
  const dialBacks = createDialBacks(needs.clock)

  /** Null: the caller is the owner. A connection from loopback proves nothing: it may be a forwarder's, or a web page's. */
  const refuseOperator = ({ headers }: InboundRequest): Reply | null => {
    const host = parseAddress(headers.host ?? '')?.host ?? canonicalHost((headers.host ?? '').replace(/^\[|\]$/g, ''))
    const isPage = BROWSERS.some((name) => headers[name] !== undefined)
    if (isPage || host === null || !isLiteral(host)) return text(403, 'not for web pages, nor under a host name: ask by an IP address\n')
    if (needs.token !== null && isSame(headers.authorization ?? '', `Bearer ${needs.token}`)) return null
    return text(403, 'this wants the control token, as `Authorization: Bearer TOKEN`; control.json in the data directory has it\n')
  }
  const connections = new RecentMap<string, true>(MOST_CONNECTIONS)
  /** A member has connected anew by an address of this node's: others get in there. What is warm says nothing of that. */
  const noteArrival = (request: InboundRequest): void => {
    const { host, port } = request.remote
    const from = `${host} ${port}`
    if (connections.get(from)) return
    connections.set(from, true)
    const at = request.by === own.id ? null : byName(request)
    if (at !== null) needs.reach.arrivedAt(at)
  }
  const byName = (request: InboundRequest): string | null => {
    const named = parseAddress(request.headers.host ?? '')
    const address = named && addressOf(named.host, named.port)
    // Nobody is asked there by this node: it may be its own, which others have to prove.
    return address && isAllowed(address, policy, 'neighbour') ? address : null
  }

  const hello = async (request: InboundRequest, entrance: Entrance): Promise<Reply> => {
    const ask = readHelloAsk(await request.body(MAX_HELLO_BYTES))
    const word = ask && open(ask.from, identity)
    if (!ask || !word || word.id !== request.by) return text(400, 'this hello carries no genuine record of its sender\n')
    const observed = entrance === 'public' ? canonicalHost(request.remote.host) : null
    const seen = observed !== null && ask.port !== null ? addressOf(observed, ask.port) : null
    const tries = [ask.advertise, seen].filter(
      (address, i, all): address is string =>
        address !== null && all.indexOf(address) === i && needs.joining.mayTry(address, word.id, observed),
    )
    const dialBack = await dialBackTo(tries, word.id, observed)
    if (word.id === own.id) needs.twins.heard(word, ask.from, seen)
    else {
      const reachedAt = dialBack.type === 'reached' ? dialBack.address : null
      const record = recordOf(word, ask.from, reachedAt)
      needs.joining.greeted(record, observed, reachedAt !== null && record?.address === reachedAt)
    }
    const vouch = dialBack.type === 'reached' && word.id !== own.id ? vouchFor(word.id, dialBack.address) : null
    return json(helloAnswerJson({ record: own.envelope(), observed, dialBack: vouch === null ? dialBack : { ...dialBack, ...vouch } }))
  }
  const vouchFor = (id: string, address: string): { readonly vouch: Vouch } => {
    const atS = Math.floor(needs.clock.wallMs() / 1_000)
    return { vouch: { by: own.id, atS, sig: identity.sign(vouchBytes({ id, address, atS })) } }
  }
  const dialBackTo = async (tries: readonly string[], id: string, observed: string | null): Promise<DialBack> => {
    if (tries.length === 0) return { type: 'untried' }
    const end = await dialBacks.turn(observed)
    if (typeof end === 'string') return { type: end }
    for (const address of tries) if (parseAddress(address)?.host === observed) needs.gate.tryAnew(address, 'itself')
    // At once: one after another, two that are silent would take as long as the asker waits for its answer.
    const dials = tries.map((address) => ({ address, answered: calls.whoAnswers(address) }))
    const ended = Promise.all(dials.map(({ answered }) => answered))
    const isElsewhere = tries.some((address) => parseAddress(address)?.host !== observed)
    const isMissed = (answers: Awaited<typeof ended>): boolean =>
      answers.every(isFailure) && answers.some(({ reason }) => reason !== 'withheld')
    void ended.then(
      (answers) => end(isElsewhere && isMissed(answers) ? 'missed' : 'fine'),
      () => end('fine'),
    )
    for (const { address, answered } of dials) {
      const answer = await answered
      if (!isFailure(answer) && answer.id === id) return { type: 'reached', address }
    }
    // What this node may not try says nothing of the asker.
    const tried = (await ended).filter((answer) => !isFailure(answer) || answer.reason !== 'withheld')
    if (tried.length === 0) return { type: 'untried' }
    const isSure = tried.every((answer) => !isFailure(answer) || answer.reason === 'refused' || answer.reason === 'protocol')
    return { type: 'missed', why: isSure ? 'refused' : 'silent' }
  }

  const routes: Readonly<Record<string, (request: InboundRequest, entrance: Entrance) => Promise<Reply> | Reply>> = {
    'GET /server_info': ({ by, headers }) =>
      by !== null && wantsLook(headers)
        ? { status: 200, headers: tokenSaidAgain(headers), body: needs.look(), isBare: true }
        : { status: 200, headers: { ...JSON_TYPE, ...tokenSaidAgain(headers) }, body: needs.serverInfo() },
    'POST /IpTable': async (request, entrance) => {
      const part = await request.filePart('json', MAX_TABLE_BYTES)
      // P2PRC answers 200 with the error as text; its clients read the body whatever the status is.
      if (!part) return text(200, 'http: no such file: send the table as a multipart file in the field "json", at most 1 MiB\n')
      return {
        status: 200,
        headers: JSON_TYPE,
        body: await needs.p2prc.answer(
          part.content.toString('utf8'),
          entrance === 'public' ? byName(request) : own.address(),
          entrance === 'public' ? canonicalHost(request.remote.host) : null,
        ),
      }
    },
    'GET /FRPPort': ({ by }, entrance) => {
      const serves = needs.offer === 'everybody' || (needs.offer === 'members' && by !== null)
      const port = entrance === 'public' && serves && own.via() === null ? own.listenPort() : null
      return port === null ? text(500, 'error: this node does not carry traffic for others\n0') : text(200, String(port))
    },
    'GET /upload': async (request) => {
      const part = await request.fileSize('file', MAX_UPLOAD_BYTES)
      return part ? text(200, `'${part.name}' uploaded!`) : text(400, 'send one file in the field "file"\n')
    },
    'GET /MAPPort': async (request) => {
      const refused = refuseOperator(request)
      if (refused) return refused
      const ask = readMapAsk(request.query)
      if (typeof ask === 'string') return text(500, `error: ${ask}\n`)
      const mapped = await needs.operator.mapPort(ask)
      return mapped.type === 'mapped' ? text(200, mapped.address) : text(500, `error: ${mapped.text}\n`)
    },
    'GET /AddProxy': (request) => {
      const refused = refuseOperator(request)
      if (refused) return refused
      const ask = readProxyAsk(request.query)
      if (typeof ask === 'string') return text(500, `error: ${ask}\n`)
      const added = needs.operator.addProxy(ask)
      // P2PRC's own spelling.
      return added.type === 'added' ? text(200, 'Sucess') : text(500, `error: ${added.text}\n`)
    },
    'POST /v2/hello': hello,
    'GET /v2/echo': (request) => {
      const nonce = request.query.get('nonce') ?? ''
      const at = request.query.get('at') ?? ''
      if (!/^[0-9a-f]{16,128}$/.test(nonce)) return text(400, 'nonce must be 16 to 128 hex digits\n')
      if (parseAddress(at) === null) return text(400, 'at must be the HOST:PORT that was asked\n')
      const sig = identity.sign(echoBytes({ nonce, run: own.run, at, asker: request.by ?? '' }))
      return json({ id: own.id, run: own.run, key: identity.publicKey, nonce, sig })
    },
    'GET /v2/services': ({ by }) => json({ services: by === null ? [] : needs.servicesFor(by) }),
    'POST /v2/look': async (request) => {
      const ask = readLookAsk(await request.body(MAX_LOOK_BYTES))
      if (ask === null || request.by === null) return text(400, 'name an id and an address\n')
      return json(await needs.lookers.answer(request.by, ask))
    },
    'POST /v2/gossip': async (request, entrance) => {
      const message = readGossip(await request.body(MAX_GOSSIP_BYTES))
      const seenAt = entrance === 'public' ? canonicalHost(request.remote.host) : null
      const answer = message !== null && request.by !== null ? await gossip.answer(message, request.by, seenAt) : null
      return answer ? json(gossipJson(answer)) : text(400, 'this message carries no genuine record of its sender\n')
    },
  }

  const refusal = (request: InboundRequest): Reply | null => {
    if (request.by !== null) return null
    if (isFromPage(request)) return text(403, 'this port is not for web pages\n')
    if (OWNERS.has(request.path)) return null
    if (needs.isPrivate) return text(403, PRIVATE)
    return request.path.startsWith('/v2/') && !request.path.startsWith('/v2/speed/') ? text(403, CHANNEL_ONLY) : null
  }

  const answer = async (request: InboundRequest, entrance: Entrance): Promise<Reply> => {
    const refused = refusal(request)
    if (refused) return refused
    if (request.by !== null && request.headers.host !== undefined) needs.reachedBy?.(request.headers.host)
    if (request.by !== null && entrance === 'public') noteArrival(request)
    const route = routes[`${request.method} ${request.path}`]
    if (route) return route(request, entrance)
    return (await speed.answer(request)) ?? text(404, 'nothing here\n')
  }
  return Object.assign(answer, { names: [...Object.keys(routes), ...SPEED_ROUTES] })
}

/**
 * Whether a web page had a browser send it. Nodes send neither header; what a person typed into the address bar is no page's. A page
 * behind a name that leads here (rebinding) can still read what strangers may read, but post nothing: a browser names its origin then.
 */
const isFromPage = ({ headers }: InboundRequest): boolean =>
  headers.origin !== undefined || (headers['sec-fetch-site'] ?? 'none') !== 'none'

/** In a time that does not tell how much of it was right. */
function isSame(given: string, right: string): boolean {
  let differs = given.length ^ right.length
  for (let i = 0; i < given.length; i++) differs |= given.charCodeAt(i) ^ right.charCodeAt(i % right.length)
  return differs === 0
}

/** Who has the control token may ask these, in clear. */
const OWNERS: ReadonlySet<string> = new Set(['/MAPPort', '/AddProxy'])
const PRIVATE = 'this network is private: ask its owner for `moonwalk invite`\n'
const CHANNEL_ONLY = "nodes speak here over the members' channel: TLS 1.3 with ALPN moonwalk/1\n"

const text = (status: number, body: string): Reply => ({ status, headers: TEXT, body })
const json = (value: unknown): Reply => ({ status: 200, headers: JSON_TYPE, body: JSON.stringify(value) })
