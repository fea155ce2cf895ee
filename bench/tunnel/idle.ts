// What an idle client costs the TURN in memory: a thousand of our clients, each with one proxy, on our server and on stock frps.
import { markdown, median, type Part, progress, shown } from '../measure.ts'
import { pause } from '../nodes.ts'
import { type End, MUX_PLAIN, residentKb, startOurClients, startOurServer } from './tunnels.ts'

const STOCK = '0.70.1'
const SETTLE_MS = 3_000

export const idlePart: Part = async ({ short }) => {
  const count = short ? 100 : 1_000
  const perClient = new Map<End, number[]>()
  for (let round = 0; round < (short ? 1 : 3); round++) {
    for (const server of ['ours', STOCK] as const) {
      const kb = await perIdleClient(server, count)
      perClient.set(server, [...(perClient.get(server) ?? []), kb])
      progress(`idle clients, server ${server}: ${shown(kb)} kB each`)
    }
  }
  const [ours, stock] = [perClient.get('ours') ?? [], perClient.get(STOCK) ?? []]
  return {
    figures: [
      {
        name: `memory per idle client on the server, ${count} clients`,
        unit: 'kB',
        ours: median(ours),
        rival: { name: `frps ${STOCK}`, value: median(stock) },
        goal: { of: 'value', at: 'most', limit: 63 },
      },
    ],
    details: markdown(
      ['server', 'kB per idle client, each round'],
      [
        ['ours', ours.map(shown).join(', ')],
        [`frps ${STOCK}`, stock.map(shown).join(', ')],
      ],
    ),
  }
}

async function perIdleClient(end: End, count: number): Promise<number> {
  const server = await startOurServer({ setting: MUX_PLAIN, server: end, client: 'ours', rttMs: 0 })
  try {
    const settings = { mux: true, tls: 'off', token: 'bench', peerIsOurs: end === 'ours' } as const
    // A few first: what is loaded and compiled once is not the clients'.
    const first = await startOurClients(settings, server.port, 9, 20)
    await pause(SETTLE_MS)
    const before = residentKb(server.pid)
    const clients = await startOurClients(settings, server.port, 9, count)
    await pause(SETTLE_MS)
    const kb = (residentKb(server.pid) - before) / count
    await clients.end()
    await first.end()
    return kb
  } finally {
    await server.end()
  }
}
