// How things stand with a node, in one sentence and one tone: what the page shows on top, and what a terminal can say as well.
import type { ServiceAnswer, StatusAnswer, TunnelAnswer, TurnAnswer } from '../answers.ts'

/** `good`: it does what was asked of it. `warn`: it is on its way, or a part is missing. `bad`: an outage. */
export type Tone = 'good' | 'warn' | 'bad'

export interface Standing {
  readonly tone: Tone
  /** One sentence. */
  readonly text: string
  /** The same in two words or three, for a tab. */
  readonly short: string
}

type Tunnel = Pick<TunnelAnswer, 'name' | 'rttMs' | 'provenAt' | 'state'>

/** Of a status, what the sentence is made of. */
export interface StandingFacts {
  readonly node: Pick<StatusAnswer['node'], 'state' | 'address' | 'reachability' | 'startedAt'>
  readonly turn: Pick<TurnAnswer, 'name'> | null
  /** Best first. */
  readonly turns: readonly Tunnel[]
  readonly services: readonly Pick<ServiceAnswer, 'name' | 'state'>[]
  readonly health: StatusAnswer['health']
}

/** A node that is not reached yet is starting for so long, and out of order afterwards. */
const STARTING_MS = 30_000
/** No address is told by a proof older than 15 s. Far above that, since the page reckons its age by another machine's clock. */
const OLD_PROOF_MS = 100_000

/** `nowMs`: wall time, for ages. */
export function standing(facts: StandingFacts, nowMs: number): Standing {
  const reach = reachOf(facts, nowMs)
  const services = servicesOf(facts.services)
  const trouble = facts.health.find(({ level }) => level === 'error')
  const clauses = [reach.text, services.text, reach.tone === 'bad' ? '' : (trouble?.text ?? '')]
  return {
    tone: worst([reach.tone, services.tone, trouble ? 'warn' : 'good']),
    text: `${clauses.filter(Boolean).join('; ')}.`,
    short: services.tone === 'bad' && reach.tone === 'good' ? services.text : reach.short,
  }
}

const TONES: readonly Tone[] = ['bad', 'warn', 'good']
const worst = (tones: readonly Tone[]): Tone => TONES.find((tone) => tones.includes(tone)) ?? 'good'

function reachOf(facts: StandingFacts, nowMs: number): Standing {
  const { node, turn } = facts
  const tunnels = facts.turns.filter(({ state }) => state === 'open')
  if (node.state === 'stopped') return { tone: 'bad', text: 'Stopped', short: 'stopped' }
  if (node.address !== null && node.reachability === 'public')
    return { tone: 'good', text: `Reachable at ${node.address} directly`, short: 'reachable' }
  if (node.address !== null && node.reachability === 'tunnelled' && tunnels.length > 0) {
    const provenMs = Math.max(...tunnels.map(({ provenAt }) => (provenAt === null ? 0 : Date.parse(provenAt))))
    const proof = provenMs === 0 ? 'not proven yet' : `proven ${spanText(nowMs - provenMs)} ago`
    const isShort = node.state === 'tunnelling.degraded'
    return {
      tone: isShort || nowMs - provenMs > OLD_PROOF_MS ? 'warn' : 'good',
      text: `Reachable at ${node.address} through ${listed(tunnels.map(turnText))}, ${proof}${isShort ? '; a further tunnel is not open yet' : ''}`,
      short: 'reachable',
    }
  }
  const doing = stateWords(node.state, facts.turns[0]?.name ?? turn?.name ?? null)
  // Where nobody has tried yet, nothing is out of order.
  if (node.state === 'serving')
    return { tone: 'warn', text: `Nobody has proven yet that others can connect: ${lower(doing)}`, short: 'not proven' }
  return nowMs - Date.parse(node.startedAt) < STARTING_MS
    ? { tone: 'warn', text: `Starting: ${lower(doing)}`, short: 'starting' }
    : { tone: 'bad', text: `Not reachable: ${lower(doing)}`, short: 'not reachable' }
}

function servicesOf(services: StandingFacts['services']): { readonly tone: Tone; readonly text: string } {
  const up = services.filter(({ state }) => state === 'up').length
  const [only] = services
  if (only === undefined) return { tone: 'good', text: '' }
  const text =
    services.length === 1
      ? `service ${only.name} is ${only.state === 'opening' ? 'being opened' : only.state}`
      : up === services.length
        ? `${up === 2 ? 'both' : `all ${up}`} services up`
        : `${up} of ${services.length} services up`
  if (up === services.length) return { tone: 'good', text }
  return { tone: up === 0 && services.some(({ state }) => state === 'down') ? 'bad' : 'warn', text }
}

/** What a state of the node's machine is, in plain words; a state that is not known is its own name. `turn`: the TURN's name. */
export function stateWords(state: string, turn: string | null): string {
  switch (state) {
    case 'bootstrapping':
      return 'Looking for the network'
    case 'discovering':
      return 'Asking who is in the network'
    case 'probing':
      return 'Measuring how near the others are'
    case 'deciding':
      return 'Deciding how to be reached'
    case 'serving':
      return 'Listening for others'
    case 'selectingTurn':
      return 'Looking for a TURN'
    case 'tunnelling':
    case 'tunnelling.down':
      return turn === null ? 'Opening a tunnel' : `Opening a tunnel through ${turn}`
    case 'tunnelling.degraded':
    case 'tunnelling.up':
      return turn === null ? 'Reached through a tunnel' : `Reached through ${turn}`
    case 'stopped':
      return 'Stopped'
    default:
      return state
  }
}

const turnText = ({ name, rttMs }: Tunnel, place: number): string => (place > 0 || rttMs === null ? name : `${name} (${msText(rttMs)})`)

const msText = (ms: number): string => `${ms >= 9.95 ? ms.toFixed(0) : ms.toFixed(1)} ms`

/** `3 s`, `4 min`, `5 h`, `2 d`. Never less than nothing, since two clocks may differ. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  return seconds < 36 * 3_600 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

const lower = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)
