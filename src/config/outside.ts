// Whom news is told to, and which, as people write it.
import { noNewsType } from '../domain/news-types.ts'
import { type Read, wrong } from './read.ts'

/** A URL that news can be posted to. It may hold a password, so an error does not repeat it. */
export function readWebhook(text: string): Read<string> {
  const url = URL.canParse(text) ? new URL(text) : null
  return url === null || !/^https?:$/.test(url.protocol)
    ? wrong('that is no web hook; write a URL such as https://example.org/hook')
    : { ok: url.href }
}

/** A type of news, or the first word of several. */
export function readNewsType(text: string): Read<string> {
  const why = noNewsType(text)
  return why === null ? { ok: text } : wrong(why)
}
