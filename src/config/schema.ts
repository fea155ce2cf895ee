// The schema of all settings, and every default. What each setting means stands in `SETTINGS`.
import { z } from 'zod'
import { readAdvertise, readHostName, readListen } from './addresses.ts'
import { readGrantedDomain, readSubdomainHost } from './domains.ts'
import { readRations, readSpeedBudget } from './limits.ts'
import { readNewsType, readWebhook } from './outside.ts'
import { readPortRange, readPortRanges } from './port-ranges.ts'
import type { Read } from './read.ts'
import { readSeed } from './seeds.ts'
import { readService } from './service-spec.ts'
import type { ConfigKey } from './settings.ts'
import { readTurnSource } from './turn-files.ts'

const words = (what: string) => z.string({ error: `must be ${what}` }).min(1, { error: 'must not be empty' })

const written = (what: string, read: (value: string) => Read<unknown>) =>
  z.string({ error: `must be ${what}` }).superRefine((value, context) => {
    const answer = read(value)
    if ('wrong' in answer) context.addIssue({ code: 'custom', message: answer.wrong })
  })

const list = (example: string, read: (value: string) => Read<unknown>) =>
  z.array(written(`a list of texts such as ["${example}"]`, read), { error: `must be a list such as ["${example}"]` })

const count = { error: 'must be a whole number, 0 or more' }
const tunnelCount = { error: 'must be a whole number from 1 to 4' }
const pace = { error: 'must be a whole number of milliseconds, 50 or more' }

/** The keys of the file, of which any may be left out. Flags and `MOONWALK_…` variables carry the same values. */
export const schema = z.strictObject({
  data: words('the path of a directory'),
  table: words('the path of a file'),
  name: words('a text'),
  listen: z.union([z.literal(false), written('HOST:PORT or false', readListen)]),
  advertise: written('HOST or HOST:PORT', readAdvertise),
  addresses: z.enum(['public', 'lan', 'any'], { error: 'must be public, lan or any' }),
  seeds: list('203.0.113.7:8088', readSeed),
  network: z.enum(['open', 'private'], { error: 'must be open or private' }),
  turns: list('moonwalk', readTurnSource),
  tunnels: z.number(tunnelCount).int(tunnelCount).min(1, tunnelCount).max(4, tunnelCount),
  turnMode: z.enum(['latency', 'throughput', 'pinned'], { error: 'must be latency, throughput or pinned' }),
  pins: z.array(words('a node'), { error: 'must be a list such as ["ash"]' }),
  patienceMs: z.number(count).int(count).min(0, count),
  offer: z.enum(['members', 'everybody', 'nobody'], { error: 'must be members, everybody or nobody' }),
  turnTokenFile: words('the path of a file'),
  rations: written('limits such as sessions=2,rate=1MB', readRations),
  ports: written('a range such as 20000-29999', readPortRange),
  allowPorts: written('ranges such as 1024-2000,3000-4000', readPortRanges),
  maxPortsPerClient: z.number(count).int(count).min(0, count),
  subdomainHost: written('a domain', readSubdomainHost),
  allowDomains: list('*.example.org', readGrantedDomain),
  services: list('web=3000', readService),
  control: written('HOST:PORT', readListen),
  controlHosts: list('moon.example.org', readHostName),
  controlInsecure: z.boolean({ error: 'must be true or false' }),
  onEvent: words('a command'),
  webhook: written('a URL', readWebhook),
  tell: list('service.up', readNewsType),
  speedtestBudget: written('a size such as 500MB, or off', readSpeedBudget),
  speedtestPaceMs: z.number(pace).int(pace).min(50, pace),
  log: z.enum(['debug', 'info', 'warn', 'silent'], { error: 'must be debug, info, warn or silent' }),
} satisfies Record<ConfigKey, z.ZodType>)

/** What has no default stays out. */
export const complete = schema.partial({
  data: true,
  table: true,
  name: true,
  network: true,
  advertise: true,
  turnMode: true,
  offer: true,
  turnTokenFile: true,
  rations: true,
  subdomainHost: true,
  onEvent: true,
  webhook: true,
  tell: true,
})

export type Values = z.infer<typeof complete>

export const DEFAULTS = {
  listen: '0.0.0.0:8088',
  addresses: 'lan',
  seeds: [],
  turns: ['moonwalk'],
  tunnels: 2,
  pins: [],
  patienceMs: 600_000,
  ports: '20000-29999',
  allowPorts: '1024-65535',
  maxPortsPerClient: 64,
  allowDomains: [],
  services: [],
  control: '127.0.0.1:8089',
  controlHosts: [],
  controlInsecure: false,
  speedtestBudget: '500MB',
  speedtestPaceMs: 120_000,
  log: 'info',
} as const satisfies Partial<z.infer<typeof schema>>
