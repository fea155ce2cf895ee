// How it stands with what a local port stands for: told when it changes, so that nobody waits at a port that leads nowhere.
import type { ConnectionNews } from '../../answers.ts'
import { type ConnectTarget, type ConnectTrouble, troubleText, workingText } from '../../domain/connect-trouble.ts'
import { isNamed } from '../../domain/peer-word.ts'
import type { PeerId } from '../../domain/record.ts'
import { ANOTHER_NODE } from '../../domain/seed-fault.ts'
import { type Failure, isFailure } from '../../ports.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { Reached } from './ask-stream.ts'

export interface ConnectionWatch {
  /** What became of a try to join a user's connection. Answers the same. */
  tried(outcome: Reached | Failure): Reached | Failure
  /** Who hears; one at a time. What stands is told at once, if it is a trouble. */
  onNews(listener: (news: ConnectionNews) => void): void
  stop(): void
}

export function watchConnection(target: ConnectTarget, { current, changes$ }: Pick<TableKeeper, 'current' | 'changes$'>): ConnectionWatch {
  let listener: ((news: ConnectionNews) => void) | null = null
  let trouble: { readonly type: ConnectTrouble['type']; readonly news: ConnectionNews } | null = null

  const settle = (found: ConnectTrouble | null): void => {
    if (found === null) {
      if (trouble !== null) listener?.({ type: 'working', text: workingText(target) })
      trouble = null
      return
    }
    const news: ConnectionNews = { type: 'failing', text: troubleText(target, found) }
    const isNew = trouble?.news.text !== news.text
    trouble = { type: found.type, news }
    if (isNew) listener?.(news)
  }
  /** Another node of that name: whoever makes a new key for a node keeps its name. */
  const successor = (): PeerId | null => {
    for (const { record, state } of current().rows.values())
      if (record.id !== null && record.id !== target.id && state === 'alive' && isNamed(record.name, target.name)) return record.id
    return null
  }
  const missing = (): ConnectTrouble => {
    const now = successor()
    return now === null ? { type: 'gone' } : { type: 'another-key', now }
  }
  const troubleOf = (outcome: Exclude<Reached, { readonly type: 'open' }> | Failure): ConnectTrouble => {
    if (!isFailure(outcome)) return outcome.status === 404 ? { type: 'no-service' } : { type: 'refused', why: outcome.text }
    const row = current().rows.get(target.id)
    if (row === undefined || successor() !== null) return missing()
    if (outcome.text === ANOTHER_NODE) return { type: 'another-key', now: null }
    return { type: 'silent', why: outcome.text }
  }
  // A person at a terminal is told without anybody connecting.
  const looking = changes$.subscribe(({ row: { record } }) => {
    if (record.id !== target.id && !isNamed(record.name, target.name)) return
    const isListed = current().rows.has(target.id)
    if (!isListed) settle(missing())
    else if (trouble?.type === 'gone' || trouble?.type === 'another-key') settle(null)
  })

  return {
    tried: (outcome) => {
      settle(outcome.type === 'open' ? null : troubleOf(outcome))
      return outcome
    },
    onNews: (hears) => {
      listener = hears
      if (trouble !== null) hears(trouble.news)
    },
    stop: () => {
      listener = null
      looking.unsubscribe()
    },
  }
}
