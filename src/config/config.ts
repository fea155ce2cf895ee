// What a node is configured to: the values that were given, read.
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { NodeOptions } from '../answers.ts'
import type { TurnPreference } from '../domain/turn-choice.ts'
import type { Invitation } from '../invitation.ts'
import { cleanName } from '../v2/envelope.ts'
import { readAdvertise, readHostName, readListen } from './addresses.ts'
import { readGrantedDomain, readSubdomainHost } from './domains.ts'
import { readRations, readSpeedBudget } from './limits.ts'
import { readWebhook } from './outside.ts'
import { readPortRange, readPortRanges } from './port-ranges.ts'
import type { Read } from './read.ts'
import type { Values } from './schema.ts'
import { readSeed } from './seeds.ts'
import { readService } from './service-spec.ts'
import { readTurnSource } from './turn-files.ts'

export interface Config {
  /** `seeds`: the plain addresses. */
  readonly node: Omit<NodeOptions, 'version' | 'network' | 'turnTokens'>
  /** What else is told what happens. `types` null: what is told to those who chose nothing. */
  readonly outside: { readonly command: string | null; readonly webhook: string | null; readonly types: readonly string[] | null }
  /** What a person set for stock frp clients; null: what the network's secrets give. */
  readonly turnToken: string | null
  /** What a person said of the network. */
  readonly network: { readonly asked: 'open' | 'private' | null; readonly invitations: readonly Invitation[] }
  readonly dataDir: string
  readonly tableFile: string
  readonly control: string
  /** Whether there is to be one: a program that names none has none. */
  readonly opensControl: boolean
  /** Host names that are answered there, beside loopback's. */
  readonly controlHosts: readonly string[]
  readonly log: Values['log']
}

interface Settled {
  readonly dataDir: string
  readonly token: string | null
  /** A person said which ports clients may name, and so means strangers too. */
  readonly namesPorts: boolean
}

/** Of values that fit the schema. */
export function configOf(all: Values, { dataDir, token, namesPorts }: Settled): Omit<Config, 'opensControl'> {
  const take = <T>(read: Read<T>): T => {
    if ('wrong' in read) throw new Error(read.wrong)
    return read.ok
  }
  const seeds = all.seeds.map((seed) => take(readSeed(seed)))
  return {
    dataDir,
    network: {
      asked: all.network ?? null,
      invitations: seeds.flatMap((seed) => (seed.type === 'invitation' ? [seed.invitation] : [])),
    },
    tableFile: all.table === undefined ? join(dataDir, 'ip_table.json') : resolve(all.table),
    control: take(readListen(all.control)),
    controlHosts: all.controlHosts.map((name) => take(readHostName(name))),
    log: all.log,
    outside: {
      command: all.onEvent ?? null,
      webhook: all.webhook === undefined ? null : take(readWebhook(all.webhook)),
      types: all.tell ?? null,
    },
    turnToken: token,
    node: {
      name: cleanName(all.name ?? hostname()),
      listen: all.listen === false ? null : take(readListen(all.listen)),
      advertise: all.advertise === undefined ? null : take(readAdvertise(all.advertise)),
      addresses: all.addresses,
      seeds: seeds.flatMap((seed) => (seed.type === 'address' ? [seed.address] : [])),
      turns: all.turns.map((turn) => take(readTurnSource(turn))).filter((turn) => turn !== null),
      tunnels: all.tunnels,
      turnPreference: preferenceOf(all.turnMode ?? (all.pins.length > 0 ? 'pinned' : 'latency'), all.pins),
      patienceMs: all.patienceMs,
      ...(all.offer === undefined ? {} : { offer: all.offer }),
      ...(all.rations === undefined ? {} : { rations: take(readRations(all.rations)) }),
      ports: take(readPortRange(all.ports)),
      allowPorts: take(readPortRanges(all.allowPorts)),
      ...(namesPorts ? { strangerPorts: take(readPortRanges(all.allowPorts)) } : {}),
      maxPortsPerClient: all.maxPortsPerClient,
      subdomainHost: all.subdomainHost === undefined ? null : take(readSubdomainHost(all.subdomainHost)),
      allowDomains: all.allowDomains.map((domain) => take(readGrantedDomain(domain))),
      services: all.services.map((service) => take(readService(service))),
      speedtestBudgetBytes: take(readSpeedBudget(all.speedtestBudget)),
      speedtestPaceMs: all.speedtestPaceMs,
    },
  }
}

const preferenceOf = (mode: TurnPreference['mode'], pins: readonly string[]): TurnPreference =>
  mode === 'pinned' ? { mode, pins } : { mode }
