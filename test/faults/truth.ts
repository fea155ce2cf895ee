// What must hold once the faults are over and the network had time to heal: tables, addresses, tunnels and services.
import type { MoonwalkNode } from '../../src/answers.ts'
import { inQuietMs } from '../../src/domain/probe-pace.ts'
import { P2PRC_PERIOD, PROBE_PERIOD, PROBES_PER_SECOND } from '../../src/domain/timings.ts'
import { allHosts } from './befall.ts'
import { FRPS_HOST, P2PRC_HOST } from './hosts.ts'
import { addressOf, type Stage, wordOf } from './stage.ts'
import type { Answers } from './users.ts'
import type { Flaw, Watch } from './watch.ts'

/** A row is pinged again within this: half as much again as the longest plan, which is longer among many. P2PRC rows are pinged more rarely. */
const rowPeriodMs = (rows: number): number => 1.5 * 1.25 * inQuietMs(Math.max(PROBE_PERIOD, (rows * 1_000) / PROBES_PER_SECOND))
const P2PRC_ROW_PERIOD_MS = 1.5 * 1.25 * inQuietMs(P2PRC_PERIOD)
/** An answer to a user counts for so long. */
const FRESH_MS = 10_000

/** Where a node may rest. */
const STATES = ['serving', 'selectingTurn', 'tunnelling.down', 'tunnelling.degraded', 'tunnelling.up']

/** As many as a node wants, unless it is told otherwise. */
const MOST_TUNNELS = 2

interface Living {
  readonly name: string
  readonly node: MoonwalkNode
  readonly isPublic: boolean
}

const livingOf = ({ scenario, nodes, gone }: Stage): readonly Living[] =>
  scenario.nodes.flatMap(({ name, nat }): Living[] => {
    const node = nodes.get(name)
    return node && !gone.has(name) ? [{ name, node: node.current, isPublic: nat === 'none' }] : []
  })

/** Every flaw that shows now. `sinceMs`: from when on nothing stood in the way. */
export function flawsOf(stage: Stage, watch: Watch, answers: Answers, sinceMs: number): Flaw[] {
  const flaws: Flaw[] = []
  const note = (kind: string, text: string): void => void flaws.push({ kind, text })
  const { world, scenario, peer } = stage
  const living = livingOf(stage)
  // Alone, nobody can prove where it is reached.
  const hasProver = living.length > 1 || scenario.p2prc !== null
  const isSomebody = new Map(allHosts(stage).map((host) => [world.identity(host).id, host]))
  const wanted = new Map<string, { readonly name: string; readonly address: string | null }>()
  for (const { name, node, isPublic } of living)
    wanted.set(node.id, { name, address: isPublic && hasProver ? addressOf(world, name) : node.status().node.address })
  const p2prcAddress = scenario.p2prc ? addressOf(world, P2PRC_HOST) : null

  for (const { name, node, isPublic } of living) {
    const { node: self, turn, turns, services } = node.status()
    if (isPublic && hasProver && (self.reachability !== 'public' || self.address !== addressOf(world, name)))
      note('not public', `${name} is ${self.state}, ${self.reachability} at ${self.address} in place of ${addressOf(world, name)}`)
    if (!isPublic && hasCandidate(stage, name, living) && self.state !== 'tunnelling.up')
      note('no tunnel', `${name} is ${self.state}, turn ${turn?.name ?? 'none'}`)
    const names = turns.filter(({ state }) => state !== 'retiring').map((one) => one.name)
    if (names.length > MOST_TUNNELS) note('too many tunnels', `${name} holds ${names.join(', ')}`)
    for (const { name: service, at } of services)
      if (new Set(at.map((one) => one.turn)).size < at.length) note('service at two addresses of one TURN', `${service} of ${name}`)
    if (!STATES.includes(self.state)) note('stuck', `${name} is ${self.state}`)

    const rows = node.peers().peers
    for (const [id, { name: other, address }] of wanted) {
      const row = rows.find((one) => one.id === id)
      if (address === null) continue
      if (!row) note(other === name ? 'own row missing' : 'row missing', `${name} does not list ${other} at ${address}`)
      else if (row.address !== address) note('row at another address', `${name} lists ${other} at ${row.address}, not ${address}`)
      else if (row.state !== 'alive') note('row not alive', `${name} has ${other} as ${row.state}`)
    }
    for (const row of rows) {
      const isP2prc = row.id === null && row.address === p2prcAddress
      if (row.id === null ? !isP2prc : !wanted.has(row.id))
        note(
          'row of nobody',
          `${name} lists ${row.name} at ${row.address}, ${row.id === null ? 'p2prc' : isSomebody.get(row.id)}, ${row.state}`,
        )
      if (row.self || row.state !== 'alive') continue
      const periodMs = row.id === null ? P2PRC_ROW_PERIOD_MS : rowPeriodMs(rows.length)
      const agoMs = world.clock.now() - Math.max(sinceMs, watch.pingedAtMs(name, row.address))
      if (agoMs > periodMs)
        note('row not pinged', `${name} has not pinged ${row.name} at ${row.address} for ${Math.round(agoMs / 1_000)} s`)
    }
    if (peer?.hasIntroducedItself() && !rows.some((row) => row.id === null && row.address === p2prcAddress))
      note('p2prc row missing', `${name} does not list ${P2PRC_HOST} at ${p2prcAddress}`)

    if (isPublic ? !hasProver : !hasCandidate(stage, name, living)) continue
    for (const { name: service, kind, state, public: at, error } of services) {
      // An frps without a port for domains carries none.
      if (kind === 'http' && turn !== null && turn.id === null) continue
      if (state !== 'up' || at === null) {
        note('service not up', `${service} of ${name} is ${state}: ${error}`)
        continue
      }
      const answer = answers.get(`${kind} ${at}`)
      if (answer && world.clock.now() - answer.atMs < FRESH_MS && answer.word !== wordOf(name, kind))
        note('service does not answer', `${service} of ${name} at ${at} answered ${answer.word}`)
      if (!answer) note('service not asked', `${service} of ${name} at ${at}`)
    }
    // The file may keep more: who was in it at the start and could not be asked yet.
    const stored = new Set(world.store(name).table.rows.map(({ host, port }) => `${host}:${port}`))
    for (const { name: other, address } of rows)
      if (!stored.has(address)) note('file behind', `the file of ${name} lacks ${other} at ${address}`)
  }
  flaws.push(...ghosts(living, wanted))
  return flaws
}

/** Who is behind NAT and could have tunnels, and has none, or (`all`) fewer than it could. */
export function tunnelFlaws(stage: Stage, wanted: 'any' | 'all'): Flaw[] {
  const living = livingOf(stage)
  return living.flatMap(({ name, node, isPublic }) => {
    const { state } = node.status().node
    const isGood = state === 'tunnelling.up' || (wanted === 'any' && state === 'tunnelling.degraded')
    if (isPublic || isGood || !hasCandidate(stage, name, living)) return []
    return [{ kind: wanted === 'any' ? 'no tunnel soon' : 'a tunnel lacks', text: `${name} is ${state}` }]
  })
}

/** Somebody who lives and could carry for it. */
function hasCandidate(stage: Stage, name: string, living: readonly Living[]): boolean {
  const { scenario } = stage
  const turns = scenario.nodes.find((spec) => spec.name === name)?.turns ?? []
  if (turns.includes('frps')) return true
  return scenario.p2prc !== null || living.some((one) => one.isPublic && scenario.nodes.find((spec) => spec.name === one.name)?.offersTurn)
}

/** Clients that a TURN still carries although their node is elsewhere, or nowhere. */
function ghosts(living: readonly Living[], wanted: ReadonlyMap<string, { readonly name: string }>): Flaw[] {
  return living.flatMap(({ name, node }) =>
    node.status().clients.flatMap(({ proxies }) => {
      const id = proxies[0]?.name.slice(0, 16)
      const owner = id === undefined ? undefined : living.find((one) => one.node.id.startsWith(id))
      if (id === undefined || owner?.node.status().turns.some((turn) => turn.id === node.id)) return []
      const who = owner?.name ?? [...wanted].find(([known]) => known.startsWith(id))?.[1].name ?? 'somebody gone'
      return [{ kind: 'ghost client', text: `${name} still carries ${who}` }]
    }),
  )
}

export { FRPS_HOST }
