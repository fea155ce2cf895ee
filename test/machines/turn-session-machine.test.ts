import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { type TurnSessionFact, turnSessionMachine } from '../../src/machines/turn-session-machine.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const loggedIn: TurnSessionFact = { type: 'session.loggedIn' }
const closed: TurnSessionFact = { type: 'session.closed', why: 'reset' }
const opened: TurnSessionFact = { type: 'proxy.opened' }
const gone: TurnSessionFact = { type: 'proxy.closed' }

async function play(steps: readonly (TurnSessionFact | number)[]) {
  const clock = new VirtualClock()
  const ended: string[] = []
  const machine = turnSessionMachine.provide({ actions: { endSession: (_, { session, why }) => ended.push(`${session}: ${why}`) } })
  const actor = createActor(machine, { clock, input: { session: 7 } })
  const path: unknown[] = []
  actor.subscribe(({ value }) => {
    if (value !== path.at(-1)) path.push(value)
  })
  actor.start()
  for (const step of steps) {
    if (typeof step === 'number') await clock.advance(step)
    else actor.send(step)
  }
  return { path, ended, context: actor.getSnapshot().context, timers: clock.timerCount }
}

test.each<[string, readonly (TurnSessionFact | number)[], readonly string[], number]>([
  ['a client has 10 s to log in', [9_999], ['awaitingLogin'], 0],
  ['a client that logs in may be idle for ever', [loggedIn, 600_000], ['awaitingLogin', 'idle'], 0],
  ['its first proxy makes it carry', [loggedIn, opened], ['awaitingLogin', 'idle', 'carrying'], 1],
  ['it carries as many as are open', [loggedIn, opened, opened, opened, gone], ['awaitingLogin', 'idle', 'carrying'], 2],
  ['its last proxy gone makes it idle', [loggedIn, opened, opened, gone, gone], ['awaitingLogin', 'idle', 'carrying', 'idle'], 0],
  ['it may carry again', [loggedIn, opened, gone, opened], ['awaitingLogin', 'idle', 'carrying', 'idle', 'carrying'], 1],
  ['a proxy before the login counts for nothing', [opened], ['awaitingLogin'], 0],
  ['a proxy that nobody opened does not close', [loggedIn, gone], ['awaitingLogin', 'idle'], 0],
  ['it may end before the login', [closed], ['awaitingLogin', 'closed'], 0],
  ['it may end while idle', [loggedIn, closed], ['awaitingLogin', 'idle', 'closed'], 0],
  ['it may end while carrying', [loggedIn, opened, closed], ['awaitingLogin', 'idle', 'carrying', 'closed'], 1],
  ['it may end once expelled', [10_000, closed], ['awaitingLogin', 'expelled', 'closed'], 0],
])('%s', async (_, steps, path, proxies) => {
  const run = await play(steps)
  expect(run.path).toEqual(path)
  expect(run.context).toEqual({ session: 7, proxies, why: path.at(-1) === 'closed' ? 'reset' : '' })
})

test('who does not log in for 10 s is expelled, once', async () => {
  expect(await play([60_000])).toEqual({
    path: ['awaitingLogin', 'expelled'],
    ended: ['7: no login in time'],
    context: { session: 7, proxies: 0, why: '' },
    timers: 0,
  })
})
