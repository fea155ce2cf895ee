import type { IncomingMessage } from 'node:http'

/** Lower-case names; what came more than once is joined by commas. */
export const plainHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')]))
