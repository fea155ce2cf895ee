import { fromPromise } from 'xstate'
import { addressOf, parseAddress } from '../../domain/address.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import type { PortAnswer } from '../../machines/tunnel-machine.ts'
import type { PeerCalls } from '../membership/peer-calls.ts'

/** Asks a TURN's `/FRPPort`. A stock frps needs no asking: its address is its frp port. */
export const createAskPortActor = ({ calls }: { readonly calls: Pick<PeerCalls, 'frpPort'> }) =>
  fromPromise<PortAnswer, { turn: TurnCandidate }>(async ({ input: { turn } }) => {
    if (turn.kind === 'frp') return { address: turn.address }
    const port = await calls.frpPort(turn.address, turn.kind === 'moonwalk' ? 'channel' : 'clear')
    if (typeof port !== 'number') return { why: `the TURN did not say its frp port: ${port.text}` }
    const address = addressOf(parseAddress(turn.address)?.host ?? '', port)
    return address === null ? { why: 'the TURN named no usable port' } : { address }
  })
