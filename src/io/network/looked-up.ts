import { lookup } from 'node:dns/promises'
import { addressOf, isLiteral, parseAddress } from '../../domain/address.ts'

/** A resolver that nobody answers for takes longer than a person waits. */
const LOOKUP_MS = 2_000

/** The addresses that a name stands for now, each with the port of `HOST:PORT`; none where that is a literal, or nobody knows it in time. */
export async function lookedUp(address: string): Promise<readonly string[]> {
  const at = parseAddress(address)
  if (at === null || isLiteral(at.host)) return []
  const tooLong = new Promise<readonly []>((resolve) => setTimeout(() => resolve([]), LOOKUP_MS).unref())
  const found = await Promise.race([lookup(at.host, { all: true }).catch(() => []), tooLong])
  return found.flatMap((one) => addressOf(one.address, at.port) ?? [])
}
