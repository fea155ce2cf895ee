// What a person reads when strangers have all that they may have of a TURN.
import type { Rations } from './offer.ts'

/** `port`: one was named that strangers may not name. `domain`: one was asked for that is granted to nobody. */
export function rationText(met: keyof Rations | 'port' | 'domain', rations: Rations): { readonly text: string; readonly fix: string } {
  const limit = (what: string, setting: string): { readonly text: string; readonly fix: string } => ({
    text: `a limit for strangers was met: ${what}`,
    fix: `${setting}; give your own stock clients a token with --turn-token-file.`,
  })
  switch (met) {
    case 'sessions':
      return limit(`${rations.sessions} logins from one address`, 'To allow more, set --rations sessions=N')
    case 'ports':
      return limit(`${rations.ports} proxies from one address`, 'To allow more, set --rations ports=N')
    case 'clients':
      return limit(`${rations.clients} clients in all`, 'To allow more, set --rations clients=N')
    case 'nodes':
      return limit(`${rations.nodes} nodes from one address`, 'To allow more, set --rations nodes=N')
    case 'bytesPerSecond':
      return limit(`${sizeText(rations.bytesPerSecond)} a second for one address`, 'To allow more, set --rations rate=SIZE')
    case 'bytesPerDay':
      return limit(`${sizeText(rations.bytesPerDay)} a day for one address`, 'To allow more, set --rations day=SIZE')
    case 'udpFactor':
      return limit(`${rations.udpFactor} times the bytes that came from a user of a udp proxy`, 'To allow more, set --rations udp=N')
    case 'port':
      return limit('a port was named that lies outside --ports', 'To allow it, name its range in --allow-ports')
    case 'domain':
      return limit('a domain was asked for that is granted to nobody', 'To grant it, add it to --allow-domains')
  }
}

const UNITS = [
  [1_000_000_000, 'GB'],
  [1_000_000, 'MB'],
  [1_000, 'KB'],
] as const

function sizeText(bytes: number): string {
  const [size, unit] = UNITS.find(([from]) => bytes >= from) ?? [1, 'bytes']
  return `${Number((bytes / size).toFixed(1))} ${unit}`
}
