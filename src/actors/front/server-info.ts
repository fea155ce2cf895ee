import type { PeerId } from '../../domain/record.ts'

export interface MachineFacts {
  readonly hostname: string
  readonly platform: string
  readonly cpu: string
  readonly ramMiB: number
  readonly diskMiB: number
}

/** What `GET /server_info` answers: P2PRC's keys, and ours beside them. Made once, so that the answer times the path and not the handler. */
export const serverInfo = (
  facts: MachineFacts,
  own: { readonly id: PeerId; readonly name: string; readonly version: string; readonly run: string },
): string =>
  JSON.stringify({
    Hostname: facts.hostname,
    Platform: facts.platform,
    CPU: facts.cpu,
    RAM: facts.ramMiB,
    Disk: facts.diskMiB,
    GPU: null,
    Moonwalk: { id: own.id, name: own.name, version: own.version, run: own.run },
  })
