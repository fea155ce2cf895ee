import { dialChannel } from './channel-dial.ts'
import type { ChannelSelf } from './members-channel.ts'
import { FailureError, failureOf } from './network-failure.ts'
import type { Dialling } from './stopwatch.ts'

/** A request gives up by its own timeout; this ends what was dialled for one that has. */
const DIAL_MS = 10_000

/**
 * Connections of an agent over the members' channel. `onError`: hears what
 * becomes of one once it stands. `isMetered`: see `ChannelDial`.
 */
export const channelDialling =
  (self: ChannelSelf, onError: (error: unknown) => void, isMetered = false): Dialling =>
  ({ host, port, lookup }, created) => {
    const dial = { host: host ?? '', port: Number(port), lookup, timeoutMs: DIAL_MS, allowHalfOpen: false, isMetered, onError }
    dialChannel(self, dial)
      .catch((error: unknown) => {
        onError(error)
        return failureOf(error)
      })
      .then((opened) => {
        if (opened.type === 'failed') return created(new FailureError(opened))
        created(null, opened)
        process.nextTick(() => opened.socket.resume()) // the parser listens now
      })
      .catch(onError)
  }
