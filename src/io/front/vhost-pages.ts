// What a user gets who can't have what a service would say. 504: nobody was there in time. 502: the service was there and gave no
// HTTP, which is how one that is down shows itself at once.
import type { ServerResponse } from 'node:http'

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
} as const

export interface Page {
  readonly status: keyof typeof TITLES
  /** For people. */
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
}

export const PAGES = {
  noPlace: { status: 404, what: 'There is nothing at this address.' },
  noPassword: { status: 401, what: 'A name and a password are needed.', headers: { 'www-authenticate': 'Basic realm="Restricted"' } },
  coding: { status: 501, what: 'This transfer coding is not passed on.' },
  bodyToo: { status: 400, what: 'A request for another protocol has no body.' },
  malformed: { status: 400, what: 'This request is not passed on.' },
  noConnection: { status: 504, what: 'The service behind this address is not connected.' },
  tooSlow: { status: 504, what: 'The service behind this address took too long.' },
  noAnswer: { status: 502, what: 'The service behind this address does not answer.' },
  noHttp: { status: 502, what: 'The service behind this address answers in a way that is not passed on.' },
} as const satisfies Readonly<Record<string, Page>>

/** Sends it, and ends the connection: a body that nobody read may still be on its way. */
export function sendPage(response: ServerResponse, { status, what, headers = {} }: Page): void {
  const title = `${status} ${TITLES[status]}`
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><p>${what}</p></body></html>\n`
  const own = { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(body), connection: 'close' }
  response.writeHead(status, TITLES[status], { ...headers, ...own })
  response.end(body)
}
