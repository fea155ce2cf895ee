import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { pathOf } from '../../src/feed/inspection.ts'
import { type ReachContext, type ReachEvent, reachMachine } from '../../src/machines/reach-machine.ts'

const MINE = '192.0.2.1:8088'
const OTHER = '192.0.2.2:8088'

const asked: ReachEvent = { type: 'reach.asked' }
const untried: ReachEvent = { type: 'reach.untried' }
const declined: ReachEvent = { type: 'reach.declined' }
const arrived: ReachEvent = { type: 'reach.arrived' }
const moved: ReachEvent = { type: 'reach.moved' }
const reached = (by = 'ash', atMs = 1, address = MINE): ReachEvent => ({ type: 'reach.reached', address, by, atMs })
/** `sure`: its host said that nobody listens there. */
const missed = (by: string, sure: 'sure' | 'silent' = 'silent'): ReachEvent => ({
  type: 'reach.missed',
  by,
  enough: sure === 'sure' ? 1 : 2,
})

const proof = (by = 'ash', atMs = 1, address = MINE): ReachContext['proof'] => ({ type: 'proven', address, by, atMs })

function play(steps: readonly ReachEvent[], listens = true) {
  const actor = createActor(reachMachine, { input: { listens } }).start()
  for (const step of steps) actor.send(step)
  const { value, context, status } = actor.getSnapshot()
  return { state: pathOf(value), proof: context.proof, missedBy: context.missedBy, status }
}

test.each<[string, readonly ReachEvent[], string, ReachContext['proof'], readonly string[]]>([
  ['nobody has been asked', [], 'unknown.waiting', null, []],
  ['a peer is asked', [asked], 'unknown.asked', null, []],
  ['who did not try has told nothing', [asked, untried], 'unknown.waiting', null, []],
  ['who reached it proves it', [asked, reached()], 'proven', proof(), []],
  ['so does who tried before it was asked', [reached()], 'proven', proof(), []],
  ['the latest proof counts', [reached(), reached('elm', 2)], 'proven', proof('elm', 2), []],
  ['at whatever address', [reached(), reached('elm', 2, OTHER)], 'proven', proof('elm', 2, OTHER), []],
  ['a host that says nobody listens is enough while nothing is known', [missed('ash', 'sure')], 'refused', null, []],
  ['one silence is not', [asked, missed('ash')], 'unknown.waiting', null, ['ash']],
  ['two are, of one peer too, since there may be no other', [missed('ash'), missed('ash')], 'refused', null, []],
  ['who did not try does not count among them', [missed('ash'), asked, untried], 'unknown.waiting', null, ['ash']],
  ['one that fails takes no proof away, however sure', [reached(), missed('ash', 'sure')], 'proven', proof(), ['ash']],
  ['nor does one that fails again and again', [reached(), missed('elm', 'sure'), missed('elm', 'sure')], 'proven', proof(), ['elm', 'elm']],
  ['two that fail do', [reached(), missed('ash'), missed('elm')], 'refused', null, []],
  ['two with a proof between do not', [reached(), missed('ash'), reached('oak', 2), missed('elm')], 'proven', proof('oak', 2), ['elm']],
  ['nor two with an arrival between', [reached(), missed('ash'), arrived, missed('elm')], 'proven', proof(), ['elm']],
  ['16 misses are remembered', [reached(), ...Array.from({ length: 17 }, () => missed('ash'))], 'proven', proof(), Array(16).fill('ash')],
  ['a lost address is known no more, and has not been refused', [reached(), missed('ash'), moved], 'unknown.waiting', null, []],
  ['who was refused starts anew at a new address', [missed('ash', 'sure'), moved], 'unknown.waiting', null, []],
  ['and so does who waits for an answer', [missed('ash'), asked, moved], 'unknown.waiting', null, []],
  ['who was refused may be reached later', [missed('ash', 'sure'), reached('elm', 2)], 'proven', proof('elm', 2), []],
  ['who was refused is not refused again', [missed('ash', 'sure'), missed('elm', 'sure')], 'refused', null, []],
  ['four that would not try have told nothing', Array(4).fill(declined), 'unknown.waiting', null, []],
  ['with five of them nobody proves it for now', Array(5).fill(declined), 'refused', null, []],
  ['a busy one between changes nothing', [...Array(4).fill(declined), asked, untried, declined], 'refused', null, []],
  ['one that tried begins the count anew', [...Array(4).fill(declined), missed('ash'), declined], 'unknown.waiting', null, ['ash']],
  ['who would not try takes no proof away', [reached(), ...Array(9).fill(declined)], 'proven', proof(), []],
  ['and whoever reaches it later proves it', [...Array(5).fill(declined), reached()], 'proven', proof(), []],
  ['an arrival proves nothing', [arrived], 'unknown.waiting', null, []],
])('%s', (_, steps, state, proven, missedBy) => expect(play(steps)).toEqual({ state, proof: proven, missedBy, status: 'active' }))

test('who listens nowhere has an answer from the start, whatever peers find', () =>
  expect(play([reached(), missed('ash', 'sure'), moved], false)).toEqual({
    state: 'listeningNowhere',
    proof: null,
    missedBy: [],
    status: 'done',
  }))
