import type { FrpClientOptions, ProxySpec } from '../../src/frp/contract.ts'
import type { Outgoing } from '../../src/frp/wire/messages.ts'
import { settle } from './frp-clock.ts'
import { PROXY, World } from './frp-world.ts'
import { openedOf } from './link-pair.ts'
import { RawEnd, type RawStream } from './raw-end.ts'

/** Our client at a TURN written by hand, where it has said its login; `admit` lets it in. */
export async function atRawTurn(options: Partial<FrpClientOptions> = {}, specs: readonly Partial<ProxySpec>[] = []) {
  const world = new World()
  const ends: RawEnd[] = []
  const { client, told } = world.client({
    dialServer: async (reader) => {
      const [near, far] = world.pair()
      ends.push(new RawEnd(far, world.clock, false))
      return openedOf(near, reader)
    },
    ...options,
  })
  client.start()
  for (const spec of specs) client.openProxy({ ...PROXY, ...spec })
  await settle()
  const [end] = ends
  const control = end?.streams[0]
  if (end === undefined || control === undefined) throw new Error('no login came')
  const admit = async (answer: Partial<Outgoing> = {}): Promise<void> => {
    control.say({ type: 'loginResp', version: '0.70.1', runId: 'r', ...answer })
    control.secure(world.clock)
    await settle()
  }
  /** A work connection, asked for and begun with that. */
  const work = async (started: Partial<Outgoing> = {}): Promise<RawStream> => {
    control.say({ type: 'reqWorkConn' })
    await world.clock.advance(1)
    const stream = end.streams.at(-1)
    if (stream === undefined || stream === control) throw new Error('no work connection came')
    stream.say({ type: 'startWorkConn', proxyName: 'web', ...started })
    await settle()
    return stream
  }
  return { world, client, told, end, control, admit, work }
}
