// What the control port's actions take. Loaded with the first action, since zod takes longer to load than a node to start.
import { z } from 'zod'

const peer = z.string().min(1).max(300)
const serviceName = z.string().min(1).max(100)

export const controlBodies = {
  address: z.strictObject({ address: z.string().min(1).max(300) }),
  peer: z.strictObject({ peer }),
  service: z.strictObject({
    spec: z.strictObject({
      name: serviceName,
      kind: z.enum(['tcp', 'udp', 'http', 'https']),
      local: z.string().min(1).max(300),
      domain: z.string().min(1).max(253).nullable(),
    }),
    /** How long to wait for the proof, in milliseconds. */
    timeoutMs: z.number().int().min(1).max(600_000).default(30_000),
  }),
  serviceName: z.strictObject({ name: serviceName }),
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
