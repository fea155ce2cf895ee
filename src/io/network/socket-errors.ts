// What sockets and streams tell by 'error'. Nearly always it is about the network or the other end, and 'close' follows, which is
// all that needs to be known. The rest are bugs of ours, and must not be lost among them.
import type { OnBug } from '../../frp/index.ts'
import { codeOf } from './network-failure.ts'

/** Node's names for what only the caller of a stream can have done wrong. */
const BUG_CODES = new Set([
  'ERR_INTERNAL_ASSERTION',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_METHOD_NOT_IMPLEMENTED',
  'ERR_MULTIPLE_CALLBACK',
  'ERR_OUT_OF_RANGE',
  'ERR_STREAM_PUSH_AFTER_EOF',
  'ERR_STREAM_UNSHIFT_AFTER_END_EVENT',
  'ERR_STREAM_WRITE_AFTER_END',
])

/**
 * Whether it is a bug of ours: one of Node's names above, or what JavaScript
 * throws by itself. got puts the error itself into `cause`.
 */
export function isBug(error: unknown): boolean {
  const code = codeOf(error)
  if (BUG_CODES.has(code)) return true
  if (error instanceof Error && code === 'ERR_GOT_REQUEST_ERROR') return isBug(error.cause)
  const isJavaScripts = [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind)
  return isJavaScripts && code === ''
}

/** A listener for 'error' that passes on bugs alone. */
export const bugsOnly =
  (onBug: OnBug) =>
  (error: unknown): void => {
    if (isBug(error)) onBug(error)
  }
