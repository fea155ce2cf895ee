import type { InboundRequest } from '../../src/ports.ts'

interface Asked {
  readonly method?: 'GET' | 'POST'
  /** With query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly from?: string
  /** The id that the members' channel proves. */
  readonly by?: string | null
  readonly body?: string
  /** File parts by field. */
  readonly files?: Readonly<Record<string, { readonly name: string; readonly content: string }>>
  /** What `drain` tells of, piece by piece. */
  readonly drain?: InboundRequest['drain']
}

/** A request as the public port hands it on, without a port. */
export function inbound({
  method = 'GET',
  path,
  headers = {},
  from = '192.0.2.50',
  by = null,
  body = '',
  files = {},
  drain,
}: Asked): InboundRequest {
  const url = new URL(path, 'http://host')
  return {
    by,
    method,
    path: url.pathname,
    query: url.searchParams,
    headers,
    remote: { host: from, port: 40_000 },
    body: async (maxBytes) => (body.length > maxBytes ? null : Buffer.from(body)),
    filePart: async (field, maxBytes) => {
      const file = files[field]
      return !file || file.content.length > maxBytes ? null : { name: file.name, content: Buffer.from(file.content) }
    },
    fileSize: async (field, maxBytes) => {
      const file = files[field]
      return !file || file.content.length > maxBytes ? null : { name: file.name, bytes: file.content.length }
    },
    drain: drain ?? (async () => 0),
  }
}
