// The operator's API: what a person asks of the node by hand.
import { filter, firstValueFrom, race, timer } from 'rxjs'
import type { MoonwalkNode, PingAnswer, Refusal, ServiceAnswer, ServiceSpec } from '../../answers.ts'
import { type AddressPolicy, addressOf, isAllowed, parseAddress } from '../../domain/address.ts'
import { keepAway, offlineRows, type Row, recordSpeed } from '../../domain/ip-table.ts'
import { figuresOf } from '../../domain/latency.ts'
import { beginsId, isMeant, isNamed } from '../../domain/peer-word.ts'
import { isByDomain } from '../../domain/service-kind.ts'
import { speedWords } from '../../domain/speed-figure.ts'
import { type TurnCandidate, unfit } from '../../domain/turn-choice.ts'
import { type Clock, isFailure } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { ContactGate } from '../membership/contact-gate.ts'
import type { Joining } from '../membership/joining.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { Prober } from '../membership/prober.ts'
import type { Speed } from '../membership/speed.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { Services } from '../services/services.ts'
import type { TurnWish } from '../turn/turn-wish.ts'
import type { MapAsk, ProxyAsk } from './mapping-asks.ts'
import type { OperatorChanges } from './operator-changes.ts'
import { pingByHand } from './ping-by-hand.ts'

interface OperatorNeeds {
  readonly clock: Clock
  readonly prober: Pick<Prober, 'byHand'>
  readonly speed: Pick<Speed, 'test'>
  readonly gate: Pick<ContactGate, 'name'>
  readonly keeper: TableKeeper
  readonly joining: Pick<Joining, 'addSeed' | 'seeds' | 'forget'>
  readonly services: Pick<Services, 'list' | 'specs' | 'add' | 'remove' | 'changes$'>
  readonly policy: AddressPolicy
  readonly own: OwnRecord
  /** Whether a service's `host:port` is the control port. */
  readonly isControl: (local: string) => boolean
  readonly operatorChanges: Pick<
    OperatorChanges,
    'addSeed' | 'dropSeed' | 'addService' | 'dropService' | 'hasService' | 'noteRemoved' | 'notePinned'
  >
  readonly wish: Pick<TurnWish, 'pin'>
  /** Everything that could be a TURN, with those of these keys in any case. */
  readonly candidates: (keys: readonly string[]) => readonly TurnCandidate[]
}

const MAP_TIMEOUT = 15_000
/** A speed test that a person asked for waits so long for its turn. */
const SPEED_PATIENCE = 12_000

type Methods = Pick<MoonwalkNode, 'add' | 'remove' | 'expose' | 'unexpose' | 'ping' | 'speedtest' | 'pin'>

export interface OperatorCalls {
  readonly methods: Methods
  /** P2PRC's `/MAPPort`: a local port, exposed until the node stops. Refused for the ports of this node itself. */
  mapPort(ask: MapAsk): Promise<{ readonly type: 'mapped'; readonly address: string } | Refusal>
  /** P2PRC's `/AddProxy`: a domain that leads to a web service until the node stops. */
  addProxy(ask: ProxyAsk): { readonly type: 'added' } | Refusal
  /** A row by id, start of one, name or address; or the sentence why not. */
  find(peer: string): Row | string
}

const notControl = (local: string): string =>
  `${local} is the control port of this node, which is not exposed; forward it with ssh -L instead`

export function createOperatorCalls(needs: OperatorNeeds): OperatorCalls {
  const { clock, prober, speed, gate, keeper, joining, services, policy, own, operatorChanges, isControl, wish, candidates } = needs
  const refused = (text: string): Refusal => ({ type: 'refused', text })
  const rows = (): readonly Row[] => [...keeper.current().rows.values()].filter(({ state }) => state !== 'unknown')
  /** With those that are not proven, or away. */
  const allRows = (): readonly Row[] => [
    ...keeper.current().rows.values(),
    ...offlineRows(keeper.current(), clock.wallMs()).map(({ row }) => row),
  ]

  /** A row by id, start of one, name in any case, or address; or the sentence why not. */
  const find = (peer: string, among = rows()): Row | string => {
    const named = parseAddress(peer)
    const address = named && addressOf(named.host, named.port)
    const isAt = ({ record, written }: Row): boolean => address !== null && (record.address === address || written === address)
    const exact = among.find((row) => row.key === peer || isAt(row))
    if (exact) return exact
    const byId = among.filter(({ record }) => beginsId(peer, record.id))
    const alike = among.filter(({ record }) => isNamed(record.name, peer))
    const exactly = alike.filter(({ record }) => record.name === peer)
    const found = byId.length > 0 ? byId : exactly.length > 0 ? exactly : alike
    if (found.length > 1)
      return `${peer} could be any of ${found.map(({ record }) => `${record.name} at ${record.address}`).join(', ')}; say its address`
    return found[0] ?? `no node ${peer} in the table; see \`moonwalk peers\``
  }
  const dropSeeds = (key: string, address: string): void => {
    for (const seed of joining.forget(key, address)) operatorChanges.dropSeed(seed)
  }
  /** A known address as a person names it: whole, or by its host where one alone is there. */
  const seedNamed = (text: string): string | null => {
    const seeds = joining.seeds()
    if (seeds.includes(text)) return text
    const [seed, ...further] = seeds.filter((address) => parseAddress(address)?.host === text)
    return seed === undefined || further.length > 0 ? null : seed
  }
  /** The address of who is in no table, as a person named it. `why`: that it is not. */
  const strangerAt = (peer: string, why: string): string | Refusal => {
    const at = parseAddress(peer)
    const address = at && addressOf(at.host, at.port)
    if (!address) return refused(why)
    if (!isAllowed(address, policy, 'named')) return refused(`${address} is outside the addresses this node may contact; see --addresses`)
    gate.name(address)
    return address
  }
  const viaOf = ({ record: { via } }: Row): PingAnswer['via'] =>
    via === null ? null : { id: via, name: keeper.current().rows.get(via)?.record.name ?? via.slice(0, 8) }
  const addressFor = (row: Row): string => (row.key === own.id ? (own.localAddress() ?? row.record.address) : row.record.address)

  /** The TURN that a person means by that word, which may be a stock frps; or a sentence why there is none. */
  const turnFor = (peer: string): TurnCandidate | string => {
    const row = find(peer)
    const key = typeof row === 'string' ? peer : row.key
    const all = candidates([key])
    const turn = all.find((one) => one.key === key) ?? all.find((one) => one.kind === 'frp' && isMeant(peer, one))
    if (!turn) return typeof row === 'string' ? row : `${peer} can't be this node's TURN: see --turn`
    const why = unfit(turn, own.id)
    return why === null ? turn : `${peer} can't be pinned: ${why}`
  }

  /** A busy node says when it has time for the test. That is waited for, within `SPEED_PATIENCE`. */
  const patiently = async (test: () => ReturnType<Speed['test']>): ReturnType<Speed['test']> => {
    const untilMs = clock.now() + SPEED_PATIENCE
    let result = await test()
    while (result.type === 'busy' && clock.now() + result.retryAfterMs < untilMs) {
      await firstValueFrom(timer(result.retryAfterMs, clockScheduler(clock)))
      result = await test()
    }
    return result
  }

  /** `lasting`: kept over restarts. */
  const expose = async (spec: ServiceSpec, timeoutMs: number, lasting: boolean): Promise<ServiceAnswer | Refusal> => {
    if (isByDomain(spec.kind) && spec.domain === null) return refused(`an ${spec.kind} service needs the domain it answers to`)
    if (isControl(spec.local)) return refused(notControl(spec.local))
    if (services.specs().some(({ name }) => name === spec.name))
      return refused(`a service named ${spec.name} is exposed already; choose another --name or unexpose it first`)
    const answer = () => services.list().find(({ name }) => name === spec.name)
    const up = firstValueFrom(
      race(
        services.changes$.pipe(filter(({ name }) => name === spec.name && answer()?.state !== 'opening')),
        timer(timeoutMs, clockScheduler(clock)),
      ),
    )
    services.add(spec)
    if (lasting) operatorChanges.addService(spec)
    await up
    const now = answer()
    if (now === undefined) return refused(`${spec.name} was taken back meanwhile`)
    if (now.state === 'up') return now
    const left = `${spec.name} stays exposed and is tried again; \`moonwalk unexpose ${spec.name}\` takes it back`
    return {
      ...refused(`${spec.name} is not reachable yet: ${now.error ?? 'no public address is proven; see `moonwalk status`'}`),
      ...(lasting ? { left } : {}),
    }
  }

  const addProxy: OperatorCalls['addProxy'] = ({ domain, local }) => {
    if (isControl(local)) return refused(notControl(local))
    const known = services.specs().find((spec) => spec.name === domain)
    if (known && known.local !== local) return refused(`${domain} leads to ${known.local} already`)
    if (!known) services.add({ name: domain, kind: 'http', local, domain })
    return { type: 'added' }
  }

  return {
    find,
    addProxy,
    mapPort: async ({ port, isUdp, domain }) => {
      if (port === own.listenPort()) return refused(`port ${port} is the public port of this node; it is public already`)
      const local = `127.0.0.1:${port}`
      const added = domain === null ? null : addProxy({ domain, local })
      if (added?.type === 'refused') return added
      const name = isUdp ? `port-${port}-udp` : `port-${port}`
      const known = services.list().find((service) => service.name === name)
      const spec: ServiceSpec = { name, kind: isUdp ? 'udp' : 'tcp', local, domain: null }
      const service = known?.state === 'up' ? known : await expose(spec, MAP_TIMEOUT, false)
      return 'public' in service && service.public !== null
        ? { type: 'mapped', address: service.public }
        : refused('text' in service ? service.text : 'it is not up yet')
    },
    methods: {
      add: async (text) => {
        const named = parseAddress(text)
        const address = named && addressOf(named.host, named.port)
        if (!address) return refused(`${text} is not HOST:PORT`)
        if (!isAllowed(address, policy, 'named'))
          return refused(`${address} is outside the addresses this node may contact; see --addresses`)
        gate.name(address)
        joining.addSeed(address)
        operatorChanges.addSeed(address)
        return { type: 'added', address }
      },
      remove: (peer) => {
        const row = find(peer, allRows())
        if (typeof row === 'string') {
          const seed = seedNamed(peer)
          if (seed === null) return refused(row)
          dropSeeds(seed, seed)
          return { type: 'removed', address: seed }
        }
        if (row.key === own.id) return refused('that is this node itself')
        keeper.apply((table, wallMs) => keepAway(table, row.key, row.record.address, wallMs))
        dropSeeds(row.key, row.record.address)
        operatorChanges.noteRemoved()
        return { type: 'removed', address: row.record.address }
      },
      pin: (peers) => {
        const turns: TurnCandidate[] = []
        for (const peer of peers) {
          const turn = turnFor(peer)
          if (typeof turn === 'string') return refused(turn)
          if (!turns.some(({ key }) => key === turn.key)) turns.push(turn)
        }
        wish.pin(turns.map(({ key }) => key))
        operatorChanges.notePinned()
        return { type: 'pinned', turns: turns.map(({ name, address }) => ({ name, address })) }
      },
      expose: (spec, timeoutMs) => expose(spec, timeoutMs, true),
      unexpose: (name) => {
        if (!services.remove(name) && !operatorChanges.hasService(name)) return refused(`no service named ${name}; see \`moonwalk status\``)
        operatorChanges.dropService(name)
        return { type: 'unexposed', name }
      },
      ping: async (peer) => {
        const row = find(peer)
        const address = typeof row === 'string' ? strangerAt(peer, row) : addressFor(row)
        if (typeof address !== 'string') return address
        if (typeof row === 'string') return pingByHand(prober, { peer, address, key: null, connectMs: null })
        gate.name(address)
        const { connectMs } = figuresOf(row.latency, clock.wallMs())
        return pingByHand(prober, { peer, address, key: row.key, via: viaOf(row), connectMs })
      },
      speedtest: async (peer) => {
        const row = find(peer)
        const stranger = typeof row === 'string' ? strangerAt(peer, row) : null
        if (stranger !== null && typeof stranger !== 'string') return stranger
        const result = await patiently(() =>
          typeof row === 'string'
            ? speed.test(stranger ?? '', 'channel')
            : speed.test(addressFor(row), row.record.id === null ? 'clear' : 'channel', row),
        )
        if (result.type === 'busy') return refused(`${peer}, or this node, has no time for a speed test now; try again in a minute`)
        if (isFailure(result)) return refused(`the speed test with ${peer} failed: ${result.text}`)
        if (typeof row !== 'string') keeper.apply((table, wallMs) => recordSpeed(table, row.key, result, wallMs))
        const { type: _, down, up, ...figures } = result
        const [downWords, upWords] = [
          { ...down, words: speedWords(down) },
          { ...up, words: speedWords(up) },
        ]
        return { schemaVersion: 1, ...figures, down: downWords, up: upWords }
      },
    },
  }
}
