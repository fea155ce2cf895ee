// The log: news as JSON lines in the data directory, by pino.
import { pino } from 'pino'
import type { Entry } from '../../feed/news.ts'
import type { LogFile } from './log-file.ts'

/** Appends each entry; measurements and states only at level `debug`. */
export function newsLog(file: Pick<LogFile, 'write'>, level: 'debug' | 'info' | 'warn'): (entry: Entry) => void {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, file)
  return (entry) => {
    const { seq: _, at: _at, ...news } = entry
    if (entry.type === 'warned' || entry.type === 'turn.lost' || entry.type === 'service.down') log.warn(news)
    else if (entry.type === 'peer.measured' || entry.type === 'state.entered') log.debug(news)
    else log.info(news)
  }
}
