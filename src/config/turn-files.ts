// Of TURNs, what is named by its file: a stock frps's CA and its token, and the token of this node's own stock clients.
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { TurnSource } from '../answers.ts'
import type { Read } from './read.ts'
import { readTurn } from './turn-source.ts'

/** A TURN as it is written, with what its `ca` and its `token-file` hold. A relative path is seen from the working directory. */
export function readTurnSource(text: string): Read<TurnSource | null> {
  const read = readTurn(text)
  if ('wrong' in read || read.ok === null || read.ok.type !== 'frp') return read
  const { caFile, tokenFile, ...source } = read.ok
  const ca = caFile === undefined ? { ok: {} } : readCa(caFile)
  if ('wrong' in ca) return ca
  const token = tokenFile === undefined ? { ok: {} } : readToken(tokenFile)
  return 'wrong' in token ? token : { ok: { ...source, ...ca.ok, ...token.ok } }
}

function readCa(file: string): Read<{ readonly ca: string }> {
  try {
    const ca = readFileSync(file, 'utf8')
    new X509Certificate(ca)
    return { ok: { ca } }
  } catch (error) {
    return {
      wrong: isUnread(error)
        ? `the CA ${file} can't be read: ${error.message.split(',')[0]}; name a file of certificates with ca=FILE`
        : `the CA ${file} holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----`,
    }
  }
}

/** One line; what stands around it is no part of the token. */
function readToken(file: string): Read<{ readonly token: string }> {
  try {
    const token = readFileSync(file, 'utf8').trim()
    return token === '' || /[\r\n]/.test(token) ? { wrong: `${file} must hold the token of the frps on one line` } : { ok: { token } }
  } catch (error) {
    const why = error instanceof Error ? error.message.split(',')[0] : String(error)
    return { wrong: `the token ${file} can't be read: ${why}; name the file that holds it with token-file=FILE` }
  }
}

const isUnread = (error: unknown): error is Error => error instanceof Error && 'syscall' in error

/** The same TURN with its files seen from that directory, for what stands in a file there. */
export function turnSeenFrom(directory: string, text: string): string {
  const [, address, query] = /^(frp:.*)\?([^?]*)$/.exec(text) ?? []
  const options = new URLSearchParams(query)
  const named = ['ca', 'token-file'].filter((key) => options.get(key))
  if (named.length === 0) return text
  for (const key of named) options.set(key, resolve(directory, options.get(key) ?? ''))
  return `${address}?${options}`
}

const READ_BY_OTHERS = 0o077

/** What is in the file, without white space around it. `warnings`: others on this machine can read it too. */
export function readTurnToken(file: string): Read<{ readonly token: string; readonly warnings: readonly string[] }> {
  try {
    const token = readFileSync(file, 'utf8').trim()
    if (token === '') return { wrong: `the token file ${file} is empty; write the token that your stock frp clients give as auth.token` }
    const isShared = process.platform !== 'win32' && (statSync(file).mode & READ_BY_OTHERS) !== 0
    return { ok: { token, warnings: isShared ? [`the token file ${file} can be read by others; chmod 600 it`] : [] } }
  } catch (error) {
    const why = error instanceof Error ? error.message.split(',')[0] : String(error)
    return { wrong: `the token file ${file} can't be read: ${why}; name an existing file with --turn-token-file` }
  }
}
