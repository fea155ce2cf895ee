import type { Outgoing } from '../../src/frp/wire/messages.ts'
import { settle } from './frp-clock.ts'
import type { From, World } from './frp-world.ts'
import { login, RawEnd, type RawStream } from './raw-end.ts'

/** A client written by hand that has logged in at our TURN. */
export async function rawClient(world: World, fields: Parameters<typeof login>[0] = {}, token = 'secret', from: From = {}) {
  const end = new RawEnd(world.toTurn(from), world.clock, true)
  const control = end.open()
  control.say(login(fields))
  await settle()
  control.secure(world.clock, token)
  await settle()
  const answer = control.heard[0]
  const runId = answer?.type === 'loginResp' ? answer.runId : ''
  /** Brings a work connection, asked for or not. */
  const bring = async (): Promise<RawStream> => {
    const work = end.open()
    work.say({ type: 'newWorkConn', runId })
    await settle()
    return work
  }
  const open = async (proxy: Partial<Extract<Outgoing, { readonly type: 'newProxy' }>>): Promise<void> => {
    control.say({ type: 'newProxy', remotePort: 6000, ...proxy })
    await settle()
  }
  return { end, control, runId, bring, open }
}

/** One with a udp proxy at port 6000, and the work connection for it. */
export async function rawUdpClient(world: World, fields: Parameters<typeof login>[0] = {}) {
  const client = await rawClient(world, { poolCount: 1, ...fields })
  await client.open({ proxyName: 'dns', proxyType: 'udp' })
  const work = await client.bring()
  await world.clock.advance(500)
  return { ...client, work }
}
