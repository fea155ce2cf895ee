// A node without a network asks the nodes that a person named which kind theirs is. In clear, as a stranger.
import { isServerInfo } from '../p2prc/server-info.ts'
import { isFailure } from '../ports.ts'
import { createNodeHttp } from './network/peer-http.ts'

export type KindHeard =
  | { readonly type: 'open' | 'private'; readonly address: string }
  /** A clause. */
  | { readonly type: 'unknown'; readonly address: string; readonly why: string }

const TIMEOUT_MS = 5_000
/** Who has not answered by then is named. */
const PATIENCE_MS = 1_500
const MAX_BYTES = 64 * 1024

/** Asks all at once; the answers in the order of the addresses. `onWait` is told of those that are slow, once. */
export async function askKinds(
  addresses: readonly string[],
  { onBug, onWait }: { readonly onBug: (error: unknown) => void; readonly onWait: (text: string) => void },
): Promise<readonly KindHeard[]> {
  const http = createNodeHttp(onBug)
  const waiting = new Set(addresses)
  const patience = setTimeout(() => {
    onWait(`no answer yet from ${[...waiting].join(', ')}, to tell which kind of network it is in; waiting ${TIMEOUT_MS / 1_000} s in all`)
  }, PATIENCE_MS)
  const kinds = addresses.map(async (address): Promise<KindHeard> => {
    const answer = await http.request(address, { method: 'GET', path: '/server_info', timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES })
    waiting.delete(address)
    if (isFailure(answer)) return { type: 'unknown', address, why: answer.text }
    if (answer.status === 403 && answer.body.toString('utf8').startsWith('this network is private')) return { type: 'private', address }
    if (answer.status === 200 && isServerInfo(answer.body)) return { type: 'open', address }
    return { type: 'unknown', address, why: 'what answers there is no node of moonwalk or P2PRC' }
  })
  try {
    return await Promise.all(kinds)
  } finally {
    clearTimeout(patience)
    http.close()
  }
}
