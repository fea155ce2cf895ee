// The tunnels that a node holds, best first; those that retire stand last. Pure steps from one list to the next.
import { TUNNEL_PROOF_COUNTS } from '../domain/timings.ts'
import type { TurnCandidate, TurnChoice } from '../domain/turn-choice.ts'
import type { HeldTurn } from '../domain/turn-plan.ts'

export interface HeldTunnel {
  readonly choice: TurnChoice
  readonly state: HeldTurn['state']
  /** The key of the TURN that is left for this one once it is open. */
  readonly replaces: string | null
  /** It comes before all others as soon as it is open. */
  readonly isFirst: boolean
  /** Where this node is proven to be reached through it; null while it is not. */
  readonly address: string | null
  /** Wall times: open since then, and the last proof. Null while it is not open. */
  readonly sinceMs: number | null
  readonly provenAtMs: number | null
}

export type HeldTunnels = readonly HeldTunnel[]

const keyOf = ({ choice }: HeldTunnel): string => choice.turn.key

export const withOpening = (tunnels: HeldTunnels, choice: TurnChoice, replaces: string | null, isFirst: boolean): HeldTunnels =>
  ordered([
    ...without(tunnels, choice.turn.key),
    { choice, replaces, isFirst, state: 'opening', address: null, sinceMs: null, provenAtMs: null },
  ])

/** Behind those that are open, unless it comes first or takes another's place. */
export function withOpened(tunnels: HeldTunnels, key: string, address: string, atMs: number): HeldTunnels {
  const found = tunnels.find((tunnel) => keyOf(tunnel) === key)
  if (!found || found.state === 'retiring') return tunnels
  const opened: HeldTunnel = { ...found, state: 'open', isFirst: false, replaces: null, address, sinceMs: atMs, provenAtMs: atMs }
  const others = without(tunnels, key)
  const opens = others.filter(({ state }) => state === 'open')
  const place = found.isFirst ? 0 : opens.findIndex((tunnel) => keyOf(tunnel) === found.replaces)
  return ordered([...opens.toSpliced(place < 0 ? opens.length : place, 0, opened), ...others.filter(({ state }) => state !== 'open')])
}

export const withProof = (tunnels: HeldTunnels, key: string, address: string, atMs: number): HeldTunnels =>
  changed(tunnels, key, (tunnel) => (tunnel.state === 'open' ? { ...tunnel, address, provenAtMs: atMs } : tunnel))

export const withBreak = (tunnels: HeldTunnels, key: string): HeldTunnels =>
  ordered(changed(tunnels, key, (tunnel) => (tunnel.state === 'open' ? { ...tunnel, ...UNPROVEN, state: 'opening' } : tunnel)))

export const withRetiring = (tunnels: HeldTunnels, key: string): HeldTunnels =>
  ordered(changed(tunnels, key, (tunnel) => ({ ...tunnel, state: 'retiring' })))

/** None of them is needed any more. */
export const allRetiring = (tunnels: HeldTunnels): HeldTunnels => tunnels.map((tunnel) => ({ ...tunnel, state: 'retiring' }))

export const isRetiring = (tunnels: HeldTunnels, key: string): boolean =>
  tunnels.some((tunnel) => keyOf(tunnel) === key && tunnel.state === 'retiring')

export function withFirst(tunnels: HeldTunnels, key: string): HeldTunnels {
  const first = tunnels.find((tunnel) => keyOf(tunnel) === key)
  return first?.state === 'open' ? [first, ...without(tunnels, key)] : tunnels
}

export const without = (tunnels: HeldTunnels, key: string): HeldTunnels => tunnels.filter((tunnel) => keyOf(tunnel) !== key)

/**
 * Through which this node is reached, best first. One whose last proof is too old at `wallMs` (none: at any time) is left out: a
 * machine that slept knows nothing of its tunnels until each has been proven anew.
 */
export const announced = (
  tunnels: HeldTunnels,
  wallMs = Number.NEGATIVE_INFINITY,
): readonly { readonly turn: TurnCandidate; readonly address: string }[] =>
  tunnels.flatMap(({ state, choice: { turn }, address, provenAtMs }) =>
    state === 'open' && address !== null && wallMs - (provenAtMs ?? wallMs) <= TUNNEL_PROOF_COUNTS ? [{ turn, address }] : [],
  )

export const countOf = (tunnels: HeldTunnels, ...states: readonly HeldTurn['state'][]): number =>
  tunnels.filter(({ state }) => states.includes(state)).length

export const heldTurns = (tunnels: HeldTunnels): readonly HeldTurn[] =>
  tunnels.map(({ choice, state, replaces }) => ({ key: choice.turn.key, state, replaces }))

const UNPROVEN = { address: null, sinceMs: null, provenAtMs: null }

const changed = (tunnels: HeldTunnels, key: string, change: (tunnel: HeldTunnel) => HeldTunnel): HeldTunnels =>
  tunnels.map((tunnel) => (keyOf(tunnel) === key ? change(tunnel) : tunnel))

const PLACES = { open: 0, opening: 1, retiring: 2 }
/** The order among those of one state stays. */
const ordered = (tunnels: HeldTunnels): HeldTunnels => tunnels.toSorted((a, b) => PLACES[a.state] - PLACES[b.state])
