// A stock frps's CA is named by its file: where that lies, and what is in it.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { TurnSource } from './answers.ts'
import { type Read, readTurn } from './config-specs.ts'

/** A TURN as it is written, with the certificates of its `ca` read. A relative path is seen from the working directory. */
export function readTurnSource(text: string): Read<TurnSource | null> {
  const read = readTurn(text)
  if ('wrong' in read || read.ok === null || read.ok.type !== 'frp') return read
  const { caFile, ...source } = read.ok
  if (caFile === undefined) return { ok: source }
  try {
    const ca = readFileSync(caFile, 'utf8')
    new X509Certificate(ca)
    return { ok: { ...source, ca } }
  } catch (error) {
    const unread = error instanceof Error && 'syscall' in error
    return {
      wrong: unread
        ? `the CA ${caFile} can't be read: ${error.message.split(',')[0]}; name a file of certificates with ca=FILE`
        : `the CA ${caFile} holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----`,
    }
  }
}

/** The same TURN with its `ca` seen from that directory, for what stands in a file there. */
export function turnSeenFrom(directory: string, text: string): string {
  const [, address, query] = /^(frp:.*)\?([^?]*)$/.exec(text) ?? []
  const options = new URLSearchParams(query)
  const ca = options.get('ca') ?? ''
  if (ca === '') return text
  options.set('ca', resolve(directory, ca))
  return `${address}?${options}`
}
