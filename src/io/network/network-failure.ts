import type { Failure } from '../../ports.ts'

const REASONS: Readonly<Record<string, readonly [Failure['reason'], string]>> = {
  ECONNREFUSED: ['refused', 'connection refused'],
  ECONNRESET: ['reset', 'connection reset'],
  ECONNABORTED: ['reset', 'connection reset'],
  EPIPE: ['reset', 'connection reset'],
  ERR_STREAM_PREMATURE_CLOSE: ['reset', 'connection reset'],
  ETIMEDOUT: ['timeout', 'it did not answer in time'],
  EHOSTUNREACH: ['unreachable', 'no route to it'],
  ENETUNREACH: ['unreachable', 'no route to its network'],
  ENETDOWN: ['unreachable', 'the network is down'],
  EHOSTDOWN: ['unreachable', 'its host is down'],
  ENOTFOUND: ['unreachable', 'its name is not known'],
  EAI_AGAIN: ['unreachable', 'its name could not be looked up'],
  EADDRNOTAVAIL: ['unreachable', 'this address is not one of this machine'],
  EAFNOSUPPORT: ['unreachable', 'this machine does not speak its kind of address'],
  EINVAL: ['unreachable', 'this is no address to connect to'],
  EMFILE: ['unreachable', 'this machine has no open files left'],
  ENFILE: ['unreachable', 'this machine has no open files left'],
  EADDRINUSE: ['in-use', 'the port is in use'],
  EACCES: ['denied', 'this needs more rights'],
  EPERM: ['denied', 'this is not permitted'],
  ABORT_ERR: ['aborted', 'it was called off'],
}

export const failed = (reason: Failure['reason'], text: string): Failure => ({ type: 'failed', reason, text })

/** A failure where an error is wanted, as by a stream. */
export class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.text)
    this.failure = failure
  }
}

/** An error of a connection as a value. One without a known code is about what the other end sent. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure
  // got wraps what an agent's dial ended with.
  if (error instanceof Error && error.cause instanceof FailureError) return error.cause.failure
  const code = codeOf(error)
  const known = REASONS[code]
  if (known) return failed(...known)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return failed('protocol', `its certificate is for another name (${code})`)
  if (code === 'CERT_HAS_EXPIRED') return failed('protocol', `its certificate has expired (${code})`)
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) return failed('protocol', `its certificate is not trusted (${code})`)
  if (/^(HPE_|ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO)/.test(code)) return failed('protocol', `it speaks another protocol (${code})`)
  return failed('protocol', error instanceof Error ? error.message : String(error))
}

/** Node's name for an error, or ''. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'name' in error && error.name === 'AbortError' ? 'ABORT_ERR' : ''
}
