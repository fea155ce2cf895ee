// Which news is which: measurements, and whose doing an entry is.
import { parseAddress } from '../domain/address.ts'
import type { News } from './news.ts'

/** Comes with every ping and speed test: kept apart, and shown to those who ask for it. */
export const isMeasurement = ({ type }: News): boolean => type === 'peer.measured' || type === 'speed.measured' || type === 'speed.refused'

type ClientNews = Extract<News, { type: `client.${string}` | `proxy.${string}` }>

/** Of a client of this node as TURN. */
const isClientNews = (news: News): news is ClientNews => news.type.startsWith('client.') || news.type.startsWith('proxy.')
const isSessionState = (news: News): news is Extract<News, { type: 'state.entered' }> =>
  news.type === 'state.entered' && news.machine === 'turnSession'

/** A client's doing: strangers decide how much of it there is. */
export const isOfClient = (news: News): boolean => isClientNews(news) || isSessionState(news)

/** Whose doing an entry is: a client's host, or the key of a peer. Null: this node's own, or a measurement. */
export function sourceOf(news: News): string | null {
  if (isClientNews(news)) return hostOf(news.remote)
  if (isSessionState(news)) return hostOf(news.instance)
  return 'peer' in news && news.type.startsWith('peer.') && !isMeasurement(news) ? news.peer : null
}

const hostOf = (remote: string): string => parseAddress(remote)?.host ?? remote
