// A public port whose domains are served by raw sockets: what arrives there, and what is answered, byte by byte.
import { Duplex } from 'node:stream'
import type { AcceptedLink, Link } from '../../src/frp/links/link.ts'
import { type HttpRules, NO_RULES } from '../../src/frp/web/http-rules.ts'
import { Vhosts } from '../../src/frp/web/vhosts.ts'
import type { PublicPortOptions } from '../../src/io/front/public-port.ts'
import { openPort } from './loopback.ts'

/** One connection to the service, as the service has it. */
export class Served {
  readonly link: Link
  heard = ''
  ended = false
  closed = false
  readonly user: AcceptedLink
  #looking = new Set<() => void>()

  constructor(user: AcceptedLink) {
    this.user = user
    this.link = user.open(null).link
    const look = (): void => {
      for (const one of [...this.#looking]) one()
    }
    this.heard = user.first?.toString('latin1') ?? ''
    this.link.on('data', (bytes) => {
      this.heard += bytes.toString('latin1')
      look()
    })
    this.link.on('end', () => {
      this.ended = true
      look()
    })
    this.link.on('error', () => {})
    this.link.on('close', () => {
      this.closed = true
      look()
    })
  }

  /** Settles when that is so of what was heard. */
  until(isSo: (served: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo(this)) return
        this.#looking.delete(look)
        resolve()
      }
      this.#looking.add(look)
      look()
    })
  }

  /** The request's head has come, or all up to a text. */
  whole = (text = '\r\n\r\n'): Promise<void> => this.until(({ heard }) => heard.includes(text))

  say(text: string): void {
    this.link.write(Buffer.from(text, 'latin1'))
  }
}

/** `web.example.org` is served by the test, connection by connection; `refuses` turns them away instead. */
export async function vhostPort(options: Partial<PublicPortOptions> = {}, rules: Partial<HttpRules> = {}) {
  const waiting: ((served: Served) => void)[] = []
  const come: Served[] = []
  const state = { refuses: false }
  /** What the relay had against the service's answers. */
  const failures: string[] = []
  const failed = (why: string): void => void failures.push(why)
  const vhosts = new Vhosts({ port: () => 80, isOwn: (host) => host === 'node.example.org', subdomainHost: null })
  const serve = (user: AcceptedLink): void => {
    if (state.refuses) return user.refuse()
    const served = new Served(user)
    const taker = waiting.shift()
    if (taker) taker(served)
    else come.push(served)
  }
  const wish = { domains: ['web.example.org'], subdomain: '', locations: [] }
  vhosts.claim({ ...wish, type: 'http' }, { rules: { ...NO_RULES, ...rules }, serve, failed })
  vhosts.claim({ ...wish, type: 'http', domains: ['part.example.org'], locations: ['/part'] }, { rules: NO_RULES, serve })
  vhosts.claim({ ...wish, type: 'https' }, { rules: NO_RULES, serve })
  const door = await openPort({ vhosts, ...options })
  const next = (): Promise<Served> =>
    new Promise((resolve) => {
      const served = come.shift()
      if (served) resolve(served)
      else waiting.push(resolve)
    })
  return { ...door, vhosts, state, failures, next, waiting: () => come.length }
}

/** A stream that keeps what is written and answers nothing. */
export const silent = (written: Buffer[]): Duplex =>
  new Duplex({
    read: () => {},
    write: (bytes: Buffer, _, done) => {
      written.push(bytes)
      done()
    },
  })
