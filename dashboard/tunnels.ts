// The tunnels of a status, best first.
import type { TurnAnswer } from '../src/answers.ts'

export interface ShownTunnel extends Pick<TurnAnswer, 'id' | 'name' | 'rttMs'> {
  readonly state: 'open' | 'opening' | 'retiring'
}

/** A node that tells of one TURN alone has one tunnel, or none. */
export const tunnelsOf = ({
  turn,
  turns,
}: {
  readonly turn: Pick<TurnAnswer, 'id' | 'name' | 'rttMs'> | null
  readonly turns?: readonly ShownTunnel[]
}): readonly ShownTunnel[] => turns ?? (turn ? [{ ...turn, state: 'open' }] : [])
