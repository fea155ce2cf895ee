// What answers `GET /v2/echo`: the proof that this node is reached at an address.
import { isId, parseObject } from './envelope.ts'

export interface EchoAnswer {
  readonly id: string
  /** The answering process's own, 16 hex digits: another one with every start. */
  readonly run: string
  readonly key: string
  readonly nonce: string
  /** Signature over `moonwalk echo`, the nonce, the run, the address that was asked and the asker's id, a line each; base64url. */
  readonly sig: string
}

/**
 * What an echo signs: that this run of the node answers, to that asker, at the address that was asked. `at`: as the asker wrote it.
 * A signature made for one is of no use to anybody else, nor for another address.
 */
export const echoBytes = (echo: {
  readonly nonce: string
  readonly run: string
  readonly at: string
  readonly asker: string
}): Uint8Array => new TextEncoder().encode(`moonwalk echo\n${echo.nonce}\n${echo.run}\n${echo.at}\n${echo.asker}`)

export function readEcho(body: Buffer): EchoAnswer | null {
  const value = parseObject(body.toString('utf8'))
  if (!value) return null
  const { id, run, key, nonce, sig } = value
  const all =
    typeof id === 'string' && typeof run === 'string' && typeof key === 'string' && typeof nonce === 'string' && typeof sig === 'string'
  return all && isId(id) ? { id, run, key, nonce, sig } : null
}
