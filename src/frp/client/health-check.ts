// Asks at intervals whether a local service lives. The rule and its figures are those of frp's health checks.
import { type OnBug, throwBug } from '../bugs.ts'
import type { FrpClientOptions, FrpClock, FrpFailure, HealthCheck } from '../contract.ts'
import type { OpenedLink } from '../links/link.ts'

const CHECK_INTERVAL_MS = 10_000
const CHECK_TIMEOUT_MS = 3_000
/** Failures in a row until a service counts as down. */
const MAX_FAILED = 1
/** More than any status line has. */
const MAX_LINE_BYTES = 1_024

export interface HealthCheckOptions {
  readonly clock: FrpClock
  readonly dialLocal: FrpClientOptions['dialLocal']
  readonly check: HealthCheck
  /** `host:port` of the service. */
  readonly local: string
  /** With the first check's outcome, and with each change. `why`: null while the service lives, else what failed. */
  readonly onChange: (why: string | null) => void
  /** Default: thrown, which ends the process. */
  readonly onBug?: OnBug
}

/** Checks at once and then every 10 s. Answers a function that ends it. */
export function watchHealth({ clock, dialLocal, check, local, onChange, onBug = throwBug }: HealthCheckOptions): () => void {
  let stopped = false
  let timer: unknown = null
  let failures = 0
  let alive: boolean | null = null
  let drop = (): void => {}
  const later = (ms: number, run: () => void): void => {
    timer = clock.setTimeout(run, ms)
  }
  const heard = (why: string | null): void => {
    failures = why === null ? 0 : failures + 1
    const now = why === null
    if (alive !== now && (now || failures >= MAX_FAILED)) {
      alive = now
      onChange(why)
    }
    if (!stopped) later(CHECK_INTERVAL_MS, run)
  }
  const run = (): void => {
    let over = false
    let link: { destroy(): unknown } | null = null
    const settle = (why: string | null): void => {
      if (over) return
      over = true
      clock.clearTimeout(timer)
      link?.destroy()
      heard(why)
    }
    drop = () => {
      over = true
      link?.destroy()
    }
    later(CHECK_TIMEOUT_MS, () => settle(`${local} did not answer its check within ${CHECK_TIMEOUT_MS / 1000} s`))
    const ask = (opened: OpenedLink | FrpFailure): void => {
      if ('type' in opened) return settle(`${local} can't be connected to: ${opened.text}`)
      link = opened.link
      opened.link.on('error', () => {}) // 'close' follows
      if (over) return void opened.link.destroy()
      if (check.type === 'tcp') return settle(null)
      let line = ''
      opened.link.on('data', (bytes) => {
        line += bytes.toString('latin1')
        if (line.includes('\n') || line.length > MAX_LINE_BYTES) settle(objection(check.path, line))
      })
      opened.link.on('end', () => settle(objection(check.path, line)))
      opened.link.on('close', () => settle(objection(check.path, line)))
      opened.link.write(Buffer.from(`GET ${check.path} HTTP/1.1\r\nHost: ${local}\r\nUser-Agent: moonwalk\r\nConnection: close\r\n\r\n`))
      opened.link.resume()
    }
    dialLocal(local, null).then(ask).catch(onBug)
  }
  run()
  return () => {
    stopped = true
    clock.clearTimeout(timer)
    drop()
  }
}

/** Why an answer's first line fails the check; null: it passes. */
function objection(path: string, text: string): string | null {
  const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(text) ?? []
  if (status === undefined) return `GET ${path} was not answered with HTTP`
  return status.startsWith('2') ? null : `GET ${path} was answered with ${status}`
}
