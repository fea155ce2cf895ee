// Without mux every stream is a connection of its own, and anybody may open one.
import { expect, test } from 'vitest'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import type { Outgoing } from '../../../src/frp/wire/messages.ts'
import { settle } from '../frp-clock.ts'
import { Caller, World } from '../frp-world.ts'
import { login } from '../raw-end.ts'

function say(world: World, bytes: Buffer): Caller {
  const caller = new Caller(world.toTurn())
  caller.link.write(bytes)
  return caller
}

const work = (fields: Partial<Outgoing> = {}): Buffer => encodeMessage({ type: 'newWorkConn', runId: 'mine', ...fields })

test.each([
  ['a login that breaks off', encodeMessage(login()).subarray(0, 30), ['session.opened', 'session.closed']],
  ['a work connection that breaks off', work().subarray(0, 12), []],
])('%s is ended after 5 s', async (_, bytes, told) => {
  const world = new World()
  const caller = say(world, bytes)
  await world.clock.advance(4_999)
  expect(caller.ended).toEqual(false)
  await world.clock.advance(1)
  expect([caller.ended, world.told.map((fact) => fact.type), world.openLinks, world.clock.timerCount]).toEqual([true, told, 0, 0])
})

test.each([
  ['an oversized message', Buffer.from('6f0000000000002801', 'hex')],
  ['a malformed one', Buffer.from('77000000000000000131', 'hex')],
  ['a message that opens nothing', Buffer.from('6800000000000000027b7d', 'hex')],
])('%s is ended at once', async (_, bytes) => {
  const world = new World()
  const caller = say(world, bytes)
  await settle()
  expect([caller.ended, world.openLinks, world.clock.timerCount]).toEqual([true, 0, 0])
})

test('work for nobody is told so and ended', async () => {
  const world = new World()
  const caller = say(world, work())
  await settle()
  await world.clock.advance(1_000)
  const answer = encodeMessage({ type: 'startWorkConn', error: 'no client control found for run id [mine]' })
  expect([caller.received, caller.ended, world.openLinks, world.clock.timerCount]).toEqual([answer, true, 0, 0])
})

test('work for one of our own clients must prove the token; for a stock one the run id is enough', async () => {
  const world = new World()
  const ours = await world.serving({}, { mux: false, runId: 'mine', poolCount: 0 })
  say(world, work())
  await settle()
  expect([ours.told[0]?.type, world.server.figures().sessions[0]?.idleWork]).toEqual(['client.loggedIn', 0])
  say(world, encodeMessage(login({ runId: 'stock' })))
  await settle()
  say(world, work({ runId: 'stock' }))
  await settle()
  expect(world.server.figures().sessions.map(({ runId, idleWork }) => [runId, idleWork])).toEqual([
    ['mine', 0],
    ['stock', 1],
  ])
  await world.server.close('')
  await settle()
  expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
})

test('a client that sends no heartbeat has 90 s', async () => {
  const world = new World()
  const caller = say(world, encodeMessage(login({ runId: 'stock' })))
  await world.clock.advance(89_999)
  expect(world.server.sessionCount).toEqual(1)
  await world.clock.advance(1)
  expect([world.server.sessionCount, caller.ended, world.told.at(-1)]).toEqual([
    0,
    true,
    { type: 'session.closed', session: 1, why: 'no heartbeat for 90 s' },
  ])
})

test('our own client lives on heartbeats for as long as they are answered, and leaves a TURN that answers none', async () => {
  const world = new World()
  const { told } = await world.serving({}, { mux: false })
  await world.clock.advance(300_000)
  expect([world.server.sessionCount, told.length]).toEqual([1, 2])
  for (const link of world.turnLinks) link.pause()
  await world.clock.advance(15_001)
  expect(told.at(-1)).toEqual({ type: 'client.closed', why: 'the TURN fell silent', refused: false })
})
