import { VirtualClock } from '../sim/virtual-clock.ts'

/**
 * Links in the process deliver by immediates, each hop in a turn of its own;
 * so many cover a login and a first user several times over.
 */
const TURNS = 60

/** For frp's ends over such links. It begins at a moment for which keys are known. */
export const frpClock = (): VirtualClock => new VirtualClock({ quietTurns: TURNS, epochMs: 1_700_000_000_000 })

/** Lets everything that links have under way arrive. */
export async function settle(turns = TURNS): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
