// Whether an address may be connected to: asked of the caller before a connection is made, with what its name stands for now.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Admit, Failure } from '../../ports.ts'
import { failed } from './network-failure.ts'

/** Where to connect to: the host itself where nobody asks to be asked, else the first IP of it that is admitted. */
export async function admittedHost(host: string, admit: Admit | undefined): Promise<string | Failure> {
  if (admit === undefined) return host
  let failure: Failure = failed('unreachable', `nobody knows the name ${host}`)
  for (const ip of await ipsOf(host)) {
    const refusal = await admit(ip)
    if (refusal === null) return ip
    failure = refusal
  }
  return failure
}

async function ipsOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    return []
  }
}
