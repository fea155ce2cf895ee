// How the other commands talk to the running node: `DIR/control.json` says where it is.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataDirOf } from '../config/data-dir.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

export interface ClientFlags {
  readonly data?: string
  readonly json?: boolean
}

export interface Control {
  readonly url: string
  readonly token: string
}

/** An answer, or what to say and with which code to end. */
export type ControlAnswer<T> = { readonly type: 'answer'; readonly body: T } | Failed

/** `left`: what is now, where something may have happened all the same. */
interface Failed {
  readonly type: 'failed'
  readonly text: string
  readonly code: ExitCode
  readonly left?: string
}

export function findControl(flags: ClientFlags, env: NodeJS.ProcessEnv): Control | string {
  const dir = dataDirOf(flags.data, env)
  try {
    const found: unknown = JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))
    if (isControl(found)) return { url: found.url, token: found.token }
  } catch {
    // Told below.
  }
  return `no node runs with the data directory ${dir}; start one with \`moonwalk up\`, or name its directory with --data`
}

/** A damaged file is none. */
function isControl(found: unknown): found is Control {
  if (typeof found !== 'object' || found === null || !('url' in found) || !('token' in found)) return false
  const { url, token } = found
  return (
    typeof url === 'string' && /^https?:\/\//.test(url) && URL.canParse(url) && typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)
  )
}

/** `withinMs`: how long the node itself may take. */
export async function call<T>(
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  path: string,
  body?: object,
  withinMs = 10_000,
): Promise<ControlAnswer<T>> {
  const control = findControl(flags, env)
  if (typeof control === 'string') return { type: 'failed', text: control, code: EXIT.notRunning }
  const { default: got, RequestError } = await import('got')
  try {
    const response = await got(control.url + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${control.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      retry: { limit: 0 },
      throwHttpErrors: false,
      timeout: { connect: 3_000, request: withinMs + 3_000 },
    })
    if (response.statusCode === 401) return unreachable(control, 'what answers there is not this node')
    const value = jsonIn(response.body)
    if (value === undefined) return unreachable(control, 'what answers there is not this node')
    if (response.statusCode === 200) return { type: 'answer', body: value as T }
    const said = typeof value === 'object' && value !== null ? value : {}
    const text = 'error' in said ? String(said.error) : `the node answered ${response.statusCode}`
    return { type: 'failed', text, code: EXIT.failed, ...('left' in said ? { left: String(said.left) } : {}) }
  } catch (error) {
    const failed = unreachable(control, error instanceof Error ? error.message : String(error))
    const isAsked = body !== undefined && !(error instanceof RequestError && error.code === 'ECONNREFUSED')
    return isAsked ? { ...failed, left: 'whether the node has done it is not known' } : failed
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const unreachable = (control: Control, why: string): Failed => ({
  type: 'failed',
  text: unreachableText(control, why),
  code: EXIT.notRunning,
})

export const unreachableText = ({ url }: Control, why: string): string =>
  `the node at ${url} can't be reached (${why}); it may have ended without cleaning up; start it again with \`moonwalk up\``
