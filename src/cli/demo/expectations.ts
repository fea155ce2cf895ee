// What a node's table must hold, told as what it lacks: empty when it holds.
import type { PeersAnswer } from '../../answers.ts'

/** Every one of `count` servers once, answering and measured. */
export function complete(answer: PeersAnswer | null, count: number): string {
  if (answer === null) return 'does not answer'
  const { peers } = answer
  const proven = peers.filter(({ state, rttMs }) => state === 'alive' && rttMs !== null)
  if (peers.length !== count || proven.length !== count) return `holds ${peers.length} of ${count}, ${proven.length} of them answering`
  return new Set(peers.map(({ address }) => address)).size === count ? '' : 'holds an address twice'
}

/** Download and upload for every row. */
export function measured(answer: PeersAnswer | null): string {
  const open = answer?.peers.filter(({ downMbps, upMbps }) => downMbps === null || upMbps === null) ?? []
  return open.length === 0 ? '' : `has not measured ${open.map(({ name }) => name).join(', ')}`
}

/** A peer at its present address; null: not at all. */
export function knows(answer: PeersAnswer | null, id: string, address: string | null): string {
  const row = answer?.peers.find((peer) => peer.id === id)
  if (address === null) return row ? `still holds ${row.name}` : ''
  return row?.address === address ? '' : `holds ${row?.name ?? id.slice(0, 8)} at ${row?.address ?? 'no address'} and not at ${address}`
}

/** One sentence of what the nodes lack, by name; empty when nothing. */
export function lacks(
  nodes: readonly { readonly name: string; readonly answer: PeersAnswer | null }[],
  ...rules: readonly ((answer: PeersAnswer | null) => string)[]
): string {
  return nodes
    .flatMap(({ name, answer }) =>
      rules
        .map((rule) => rule(answer))
        .filter((lack) => lack !== '')
        .slice(0, 1)
        .map((lack) => `${name} ${lack}`),
    )
    .join('; ')
}
