// Stock frpc at our TURN as the owner's own client, and as a stranger.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DEFAULT_RATIONS } from '../../src/domain/offer.ts'
import { becomesFree, type Echo, roundTrip, startEcho } from './far-ends.ts'
import { type OurServer, startServer } from './our-ends.ts'
import { BUILD_TIMEOUT_MS, buildStock, freePort, type Running, startFrpc, VERSIONS } from './stock.ts'

beforeAll(buildStock, BUILD_TIMEOUT_MS)

let echo: Echo
let ends: (() => unknown)[] = []
beforeEach(async () => {
  echo = await startEcho()
  ends = [() => echo.close()]
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
})

const STARTED = /start proxy success/

describe.each(VERSIONS)('frpc %s', (version) => {
  /** Settles when its log says that line. */
  async function frpc(ours: OurServer, token: string, proxy: { name: string; remotePort: number }, line: RegExp): Promise<Running> {
    const settings = { mux: true, tls: null, token }
    const running = await startFrpc(version, ours.port, settings, { ...proxy, localPort: echo.port }, line)
    ends.push(running.end)
    return running
  }
  async function turn(servesStrangers: boolean, range: number): Promise<OurServer> {
    const ours = await startServer('only mine', {
      ...{ servesStrangers, rations: { ...DEFAULT_RATIONS, sessions: 2, ports: 2 } },
      strangerPorts: [{ first: range, last: range }],
    })
    ends.push(ours.close)
    return ours
  }

  test('is served with the token of the TURN, at a port of its choice', async () => {
    const ours = await turn(false, 1)
    const remotePort = await freePort()
    await frpc(ours, 'only mine', { name: 'web', remotePort }, STARTED)
    const { sent, back } = await roundTrip(remotePort, 100_000)
    expect(back).toEqual(sent)
  })

  test.each(['', 'a guess'])('is refused in its own words with the token "%s"', async (token) => {
    const ours = await turn(false, 1)
    const refused = /token in login doesn't match token from configuration/
    const running = await frpc(ours, token, { name: 'web', remotePort: 0 }, refused)
    expect(await running.line(refused)).toMatch(refused)
    expect(ours.server.sessionCount).toEqual(0)
  })

  test('is rationed as a stranger', async () => {
    const [inside, outside] = [await freePort(), await freePort()]
    const ours = await turn(true, inside)
    await frpc(ours, '', { name: 'named', remotePort: inside }, STARTED)
    await frpc(ours, '', { name: 'elsewhere', remotePort: outside }, /port not allowed/)
    await frpc(ours, '', { name: 'third', remotePort: 0 }, /too many sessions from this address: strangers have 2/)
    const { sent, back } = await roundTrip(inside, 100_000)
    expect(back).toEqual(sent)
    expect(ours.facts.all.flatMap((fact) => (fact.type === 'ration.met' ? [fact.ration] : []))).toEqual(['port', 'sessions'])
  })

  test('has its port and name again after a while, and nobody else has them', async () => {
    const remotePort = await freePort()
    const ours = await turn(true, remotePort)
    const own = await frpc(ours, 'only mine', { name: 'web', remotePort }, STARTED)
    await own.end()
    await becomesFree(remotePort)
    await frpc(ours, '', { name: 'x', remotePort }, /port already used/)
    await frpc(ours, '', { name: 'web', remotePort: 0 }, /proxy name \[web\] is already in use/)
    await frpc(ours, 'only mine', { name: 'web', remotePort }, STARTED)
    const { sent, back } = await roundTrip(remotePort, 100_000)
    expect(back).toEqual(sent)
  })
})
