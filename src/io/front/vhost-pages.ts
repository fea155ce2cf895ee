// The pages of the relay itself, for users who can't have their service's answer. 504: no service took the request in time. 502:
// one took it and gave no HTTP; a service that is down shows itself in this way at once.

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
  malformed: { status: 400, what: 'This request is not passed on.' },
  noConnection: { status: 504, what: 'The service behind this address is not connected.' },
  tooSlow: { status: 504, what: 'The service behind this address took too long.' },
  noAnswer: { status: 502, what: 'The service behind this address does not answer.' },
  noHttp: { status: 502, what: 'The service behind this address answers in a way that is not passed on.' },
} as const satisfies Readonly<Record<string, Page>>

export function renderPage({ status, what, headers = {} }: Page) {
  const reason = TITLES[status]
  const title = `${status} ${reason}`
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><p>${what}</p></body></html>\n`
  const own = { 'content-type': 'text/html; charset=utf-8', 'content-length': String(Buffer.byteLength(body)) }
  return { status, reason, headers: { ...headers, ...own }, body }
}
