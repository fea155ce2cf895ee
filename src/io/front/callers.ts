// Who is at the public port, and who goes when there is no room. A connection waits until it has asked for something, and again once
// it was answered; an honest client asks within a round trip or two, and expects that an idle connection may end. So where there are
// too many, the one that has waited longest is closed and the new one stays. Connections of one address make room for each other.
//
// Connections that reached a client's service are counted apart: the users of a whole office come from one address. Members of the
// network are not counted by address, and none of theirs is closed for room.
import type { Socket } from 'node:net'
import { addressGroup } from '../../domain/address-group.ts'
import { type Descriptors, processDescriptors } from '../network/descriptors.ts'
import { remoteOf } from '../network/socket-ends.ts'

export interface CallerLimits {
  /** Connections of one address (of IPv6: of one /64) that have never asked for anything, after `graceMs`. Default 64, 500 ms. */
  readonly maxNewHere: number
  readonly graceMs: number
  /** Connections that wait, of all addresses. Default 2,048, or a quarter of the descriptors where those are few. */
  readonly maxWaiting: number
  /** Connections of one address, but for those to services of clients. Default 256. */
  readonly maxHere: number
  /** Connections of one address to services of clients, frp's own among them. Default 4,096. */
  readonly maxServedHere: number
  /** From the connection to the end of its first request's headers, or its first byte of frp, TLS handshakes included. Default 5 s. */
  readonly firstMs: number
}

export const CALLER_LIMITS: CallerLimits = {
  maxNewHere: 64,
  graceMs: 500,
  maxWaiting: 2_048,
  maxHere: 256,
  maxServedHere: 4_096,
  firstMs: 5_000,
}

/** What a connection is found to be for. `node`: this node's own routes; `service`: a client's, or frp. */
export type Wish = 'node' | 'service' | 'member'

export interface Callers {
  /** It came, and has asked for nothing yet. False: there was no room, and it was closed. */
  arrived(socket: Socket): boolean
  /** TLS over one that came: from now on both mean the same. */
  wrapped(secure: Socket, under: Socket): void
  /** A socket that goes on in the place of one that came. */
  replaced(by: Socket, before: Socket): void
  /**
   * What it asks for; the last one counts, but who is a member stays one. False: there
   * is no room for that; it is for the caller to refuse it.
   */
  asks(socket: Socket, wish: Wish): boolean
  /** It was answered, and may ask again. */
  waits(socket: Socket): void
  isMember(socket: Socket): boolean
  /** What it is sent where it is too late. */
  isToldLate(socket: Socket, text: string): void
  /** Closes the connection that has waited longest; false: none waits. */
  makeRoom(): boolean
}

export interface CallersNeeds {
  readonly limits?: Partial<CallerLimits>
  /** All come from one address that says nothing of them, as through a tunnel. */
  readonly isOneAddress?: boolean
  readonly descriptors?: Descriptors
}

/** Time for the last word to one that is too late. */
const FLUSH_MS = 1_000

export function createCallers({ limits = {}, isOneAddress = false, descriptors = processDescriptors() }: CallersNeeds = {}): Callers {
  const { maxNewHere, graceMs, maxWaiting, maxHere, maxServedHere, firstMs } = { ...CALLER_LIMITS, ...limits }
  const mostWaiting = Math.min(maxWaiting, Math.max(8, descriptors.limit >> 2))
  const places = new Map<string, Place>()
  const callers = new WeakMap<Socket, Caller>()
  const waiting = new Set<Caller>()

  const stopWaiting = (caller: Caller): void => {
    waiting.delete(caller)
    caller.place.waiting.delete(caller)
    caller.place.fresh.delete(caller)
  }
  const wait = (caller: Caller): void => {
    waiting.add(caller)
    caller.place.waiting.add(caller)
    if (caller.wish === null) caller.place.fresh.add(caller)
  }
  /** Closes the first of them; false: there is none. */
  const spare = (among: ReadonlySet<Caller>): boolean => {
    const [longest] = among
    if (longest === undefined) return false
    stopWaiting(longest)
    longest.socket.destroy()
    return true
  }
  const moveTo = (caller: Caller, wish: Wish | null | 'gone'): void => {
    const { place } = caller
    for (const [of, one] of [
      [caller.wish, -1],
      [wish, 1],
    ] as const) {
      if (of === 'node' || of === null) place.own += one
      if (of === 'service') place.served += one
    }
    caller.wish = wish
  }
  const placeOf = (socket: Socket): Place => {
    const group = isOneAddress ? '' : addressGroup(remoteOf(socket).host)
    const found = places.get(group) ?? { group, waiting: new Set(), fresh: new Set(), callers: 0, own: 0, served: 0 }
    places.set(group, found)
    return found
  }
  const leave = (caller: Caller): void => {
    if (caller.timer !== null) clearTimeout(caller.timer)
    stopWaiting(caller)
    moveTo(caller, 'gone')
    if (--caller.place.callers === 0) places.delete(caller.place.group)
  }
  const late = (caller: Caller): void => {
    stopWaiting(caller)
    const { speaker, lateText } = caller
    if (lateText === '') return void caller.socket.destroy()
    speaker.write(lateText)
    speaker.destroySoon()
    caller.timer = setTimeout(() => caller.socket.destroy(), FLUSH_MS)
  }

  const leaveWith = (socket: Socket, caller: Caller): void => {
    caller.socket = socket
    caller.speaker = socket
    callers.set(socket, caller)
    socket.once('close', () => {
      if (caller.socket === socket) leave(caller)
    })
  }

  return {
    arrived: (socket) => {
      const place = placeOf(socket)
      const isCrowded = !isOneAddress && place.own >= maxHere
      if (isCrowded && !spare(place.waiting)) {
        socket.destroy()
        return false
      }
      // Many may come at once, as when a proxy starts; those that then say nothing are too many.
      const [longest] = place.fresh
      if (!isOneAddress && place.fresh.size >= maxNewHere && performance.now() - (longest?.cameMs ?? 0) >= graceMs) spare(place.fresh)
      if (waiting.size >= mostWaiting) spare(waiting)
      const caller: Caller = { socket, place, cameMs: performance.now(), wish: 'gone', timer: null, speaker: socket, lateText: '' }
      place.callers++
      moveTo(caller, null)
      wait(caller)
      caller.timer = setTimeout(() => late(caller), firstMs)
      leaveWith(socket, caller)
      return true
    },
    replaced: (by, before) => {
      const caller = callers.get(before)
      if (caller) leaveWith(by, caller)
    },
    wrapped: (secure, under) => {
      const caller = callers.get(under)
      if (caller) callers.set(secure, caller)
    },
    asks: (socket, wanted) => {
      const caller = callers.get(socket)
      if (caller === undefined || caller.wish === 'gone') return true
      const wish = caller.wish === 'member' ? caller.wish : wanted
      if (caller.timer !== null) clearTimeout(caller.timer)
      caller.timer = null
      stopWaiting(caller)
      const { place } = caller
      const isFull =
        !isOneAddress && wish === 'service' && caller.wish !== 'service' && place.served >= maxServedHere && !spare(place.waiting)
      moveTo(caller, wish)
      return wish === 'member' || !(isFull || descriptors.isOver('caller'))
    },
    waits: (socket) => {
      const caller = callers.get(socket)
      if (caller !== undefined && caller.wish !== 'member' && caller.wish !== 'gone') wait(caller)
    },
    isMember: (socket) => callers.get(socket)?.wish === 'member',
    isToldLate: (socket, text) => {
      const caller = callers.get(socket)
      if (caller === undefined) return
      caller.speaker = socket
      caller.lateText = text
    },
    makeRoom: () => spare(waiting),
  }
}

interface Caller {
  socket: Socket
  readonly place: Place
  readonly cameMs: number
  /** Null: it never asked. */
  wish: Wish | null | 'gone'
  /** Runs out when it is too late. */
  timer: NodeJS.Timeout | null
  speaker: Socket
  lateText: string
}

/** All of one address. Sets are in the order in which they began to wait. */
interface Place {
  readonly group: string
  readonly waiting: Set<Caller>
  /** Of those that wait, who never asked. */
  readonly fresh: Set<Caller>
  callers: number
  /** Neither to services nor of members. */
  own: number
  served: number
}
