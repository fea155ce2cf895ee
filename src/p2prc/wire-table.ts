// The table as P2PRC sends it: `{"ip_address":[{…16 keys…}]}`, pretty-printed by one space, latency in whole nanoseconds.
import type { P2prcFields } from '../domain/record.ts'
import { type Fields, flagIn, measured, numberIn, portTextIn, rowsIn, textIn, WIRE_LIMITS } from './lenient.ts'

export interface WireRecord extends P2prcFields {
  readonly name: string
  readonly ipv4: string
  /** Decimal text. */
  readonly serverPort: string
  readonly latencyMs: number | null
  readonly downMbps: number | null
  readonly upMbps: number | null
}

/** P2PRC's latency is Go's `time.Duration`. */
export const NS_PER_MS = 1e6

/** The records of a posted or answered table, 4096 at most; empty for anything that can't be read, as P2PRC takes it. Never throws. */
export const parseWireTable = (text: string): readonly WireRecord[] => (rowsIn(text, WIRE_LIMITS) ?? []).map(wireRecord)

function wireRecord(fields: Fields): WireRecord {
  return {
    name: textIn(fields, 'name'),
    ipv4: textIn(fields, 'ipv4'),
    serverPort: portTextIn(fields, 'serverport'),
    latencyMs: nsToMs(measured(numberIn(fields, 'latency'))),
    downMbps: measured(numberIn(fields, 'download')),
    upMbps: measured(numberIn(fields, 'upload')),
    ...p2prcFields(fields),
  }
}

/** What P2PRC knows beyond name, address and figures. */
export function p2prcFields(fields: Fields): P2prcFields {
  return {
    machineUsername: textIn(fields, 'machineusername'),
    ipv6: textIn(fields, 'ipv6'),
    udpServerPort: portTextIn(fields, 'udpserverport'),
    bareMetalSshPort: portTextIn(fields, 'baremetalsshport'),
    nat: flagIn(fields, 'nat'),
    escapeImplementation: textIn(fields, 'escapeimplementation'),
    proxyServer: flagIn(fields, 'proxyserver'),
    unsafeMode: flagIn(fields, 'unsafemode'),
    publicKey: textIn(fields, 'publickey'),
    customInformation: textIn(fields, 'custominformation'),
  }
}

const nsToMs = (ns: number | null): number | null => (ns === null ? null : ns / NS_PER_MS)

export const NO_P2PRC_FIELDS: P2prcFields = {
  machineUsername: '',
  ipv6: '',
  udpServerPort: '',
  bareMetalSshPort: '',
  nat: false,
  escapeImplementation: '',
  proxyServer: false,
  unsafeMode: false,
  publicKey: '',
  customInformation: '',
}

/** The text that P2PRC reads, with all its keys in its order. An empty table is `null`, as Go prints an absent list. */
export function formatWireTable(records: readonly WireRecord[]): string {
  const rows = records.map((record) => ({
    Name: record.name,
    MachineUsername: record.machineUsername,
    IPV4: record.ipv4,
    IPV6: record.ipv6,
    // A fraction or an exponent would be read as 0.
    Latency: Math.min(Number.MAX_SAFE_INTEGER, Math.round((record.latencyMs ?? 0) * NS_PER_MS)),
    Download: record.downMbps ?? 0,
    Upload: record.upMbps ?? 0,
    ServerPort: record.serverPort,
    UDPServerPort: record.udpServerPort,
    BareMetalSSHPort: record.bareMetalSshPort,
    NAT: record.nat,
    EscapeImplementation: record.escapeImplementation,
    ProxyServer: record.proxyServer,
    UnSafeMode: record.unsafeMode,
    PublicKey: record.publicKey,
    CustomInformation: record.customInformation,
  }))
  return JSON.stringify({ ip_address: rows.length > 0 ? rows : null }, null, 1)
}
