import { networkInterfaces } from 'node:os'

/** Asking the system takes a tenth of a millisecond and more: for each row of a table that would be felt. */
const HOSTS_KEPT_MS = 500
let hosts: { readonly list: readonly string[]; readonly atMs: number } | null = null

/** Addresses of this machine's interfaces that others may know it by: IPv4 first, neither loopback nor link-local. */
export function ownHosts(): readonly string[] {
  const nowMs = performance.now()
  if (hosts === null || nowMs - hosts.atMs > HOSTS_KEPT_MS) hosts = { list: askHosts(), atMs: nowMs }
  return hosts.list
}

function askHosts(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const usable = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  return usable.sort((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address)
}
