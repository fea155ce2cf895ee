// What the control port's actions take. Loaded with the first action, since zod takes longer to load than a node to start.
import { z } from 'zod'
import { canonicalHost, parseAddress } from '../../domain/address.ts'
import { isOwnHost } from '../../domain/own-host.ts'
import { isByDomain, SERVICE_KINDS } from '../../domain/service-kind.ts'
import { readBandwidth } from '../../frp/index.ts'

const peer = z.string().min(1).max(300)
const serviceName = z.string().min(1).max(100)

const serviceOptions = z.strictObject({
  encrypt: z.literal(true).exactOptional(),
  compress: z.literal(true).exactOptional(),
  limit: z
    .string()
    .max(30)
    .refine((text) => (readBandwidth(text) ?? 0) > 0, { error: 'must be a number of KB or MB, such as 1MB' })
    .exactOptional(),
  limitMode: z.enum(['client', 'server']).exactOptional(),
  proxyProtocol: z.enum(['v1', 'v2']).exactOptional(),
  group: z.string().min(1).max(100).exactOptional(),
  groupKey: z.string().min(1).max(100).exactOptional(),
  check: z.union([z.literal('tcp'), z.templateLiteral(['http:/', z.string().regex(/^[\x21-\x7e]{0,500}$/)])]).exactOptional(),
  port: z.number().int().min(1).max(65_535).exactOptional(),
  private: z.literal(true).exactOptional(),
  allow: z.array(z.string().min(1).max(100)).max(64).exactOptional(),
})

/** A name that is no machine's address, or `*.` before one. */
function isDomain(text: string): boolean {
  const name = canonicalHost(text.replace(/^\*\./, ''))
  return name !== null && !isOwnHost(name, [])
}

/** What may be exposed: no more than the command and the configuration take. */
export const serviceSpec = z
  .strictObject({
    name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/, { error: 'must be letters, digits, dots and dashes, at most 63' }),
    kind: z.enum(SERVICE_KINDS),
    local: z
      .string()
      .max(300)
      .refine((text) => parseAddress(text) !== null, { error: 'must be HOST:PORT' }),
    domain: z.string().max(253).refine(isDomain, { error: 'must be a name such as www.example.org' }).nullable(),
    options: serviceOptions.exactOptional(),
  })
  .refine(({ kind, domain }) => domain === null || isByDomain(kind), { path: ['domain'], error: 'is for http and https services' })
  .refine(({ domain, options }) => domain === null || options?.private !== true, {
    path: ['options', 'private'],
    error: 'is for tcp and udp services; a domain is public',
  })
  .refine(({ options }) => options?.allow === undefined || options.private === true, {
    path: ['options', 'allow'],
    error: 'is for private services',
  })

export const controlBodies = {
  address: z.strictObject({ address: z.string().min(1).max(300) }),
  peer: z.strictObject({ peer }),
  pins: z.strictObject({ peers: z.array(peer).max(16) }),
  service: z.strictObject({
    spec: serviceSpec,
    /** How long to wait for the proof, in milliseconds. */
    timeoutMs: z.number().int().min(1).max(600_000).default(30_000),
  }),
  connect: z.strictObject({ target: z.string().min(3).max(400), port: z.number().int().min(0).max(65_535).default(0) }),
  serviceName: z.strictObject({ name: serviceName }),
  drain: z.strictObject({
    /** How long clients and what is under way are waited for, in milliseconds. */
    patienceMs: z.number().int().min(0).max(600_000).default(60_000),
  }),
  rotation: z.strictObject({ step: z.enum(['add', 'first', 'drop']), invitation: z.string().min(1).max(2_000).optional() }),
}

/** The body, or one sentence about what is wrong with it. */
export function readBody<T>(
  schema: z.ZodType<T>,
  text: string,
): { readonly type: 'body'; readonly body: T } | { readonly type: 'refused'; readonly text: string } {
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return { type: 'body', body: parsed.data }
  const [issue] = parsed.error.issues
  const where = issue?.path.join('.')
  return { type: 'refused', text: `The body does not fit: ${where ? `${where}: ` : ''}${issue?.message ?? 'not understood'}.` }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
