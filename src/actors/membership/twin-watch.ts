// Two processes with one key, as when a machine was cloned: both must be told, or the older vanishes from the tables without a word.
import { TWIN_RECHECK } from '../../domain/timings.ts'
import { isFailure, type Ports } from '../../ports.ts'
import type { OwnWord } from '../../v2/envelope.ts'
import type { Health } from '../health.ts'
import type { Announcer } from './announcer.ts'
import type { OwnRecord } from './own-record.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Reach } from './reach.ts'

export interface TwinWatch {
  /** A genuine word of this node's own id was heard. `seenAt`: where its sayer may be found, beside the address it names. */
  heard(word: OwnWord, envelope: string, seenAt: string | null): void
  stop(): void
}

interface TwinNeeds extends Pick<Ports, 'clock'> {
  readonly calls: Pick<PeerCalls, 'whoAnswers' | 'hello'>
  readonly own: OwnRecord
  readonly announcer: Pick<Announcer, 'outrun'>
  readonly reach: Pick<Reach, 'ask'>
  readonly health: Health
  readonly onBug: (error: unknown) => void
}

export function createTwinWatch({ clock, calls, own, announcer, reach, health, onBug }: TwinNeeds): TwinWatch {
  let timer: unknown = null
  let isChecking = false

  const isTwinAt = async (address: string): Promise<boolean> => {
    const answer = await calls.whoAnswers(address)
    return !isFailure(answer) && answer.id === own.id && answer.run !== own.run
  }
  const tell = (address: string): void => {
    health.set('twin', {
      level: 'error',
      text: `another process runs with this node's key at ${address}, so others list only one of the two`,
      fix: 'If that machine is a copy of this one, stop the node there, run `moonwalk identity renew` there and start it again.',
    })
    clock.clearTimeout(timer)
    timer = clock.setTimeout(() => void recheck(address).catch(onBug), TWIN_RECHECK)
  }
  const recheck = async (address: string): Promise<void> => {
    if (await isTwinAt(address)) tell(address)
    else health.set('twin', null)
  }
  const check = async (address: string): Promise<boolean> => {
    if (!(await isTwinAt(address))) return false
    tell(address)
    // The other may not have heard of this one: it asks back, and is told the same.
    await calls.hello(address, { from: own.envelope(), ...reach.ask() })
    return true
  }

  return {
    heard: (word, envelope, seenAt) => {
      // What others tell late, of this run or an earlier one, changes nothing: a higher count stands in its place.
      if (own.hasSaid(envelope) || isChecking || (seenAt === null && word.seq < own.seq())) return
      const address = word.address !== null && word.address !== own.address() ? word.address : seenAt
      isChecking = true
      const checked = address === null ? Promise.resolve(false) : check(address)
      checked
        .then((isTwin) => {
          // A word of an earlier run, counted by a clock that was ahead, must not stand above what is true now.
          if (!isTwin && word.seq >= own.seq() && !own.hasSaid(envelope)) announcer.outrun(word.seq)
        })
        .catch(onBug)
        .finally(() => {
          isChecking = false
        })
    },
    stop: () => clock.clearTimeout(timer),
  }
}
