// When new words are pushed on a machine on which more wants to run than can, and while many pushes are under way.
import { describe, expect, test } from 'vitest'
import { createRumors } from '../../../src/actors/membership/rumors.ts'
import { putOwn } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { CROWDED_BEAT, GOSSIP_GATHER, GOSSIP_PUSH_AGAIN } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

function start({ peers = 6, share = 0.9, isHeld = false } = {}) {
  const parts = stateParts()
  const { clock, keeper, own, time, prove } = parts
  for (let i = 0; i < peers; i++) prove(signedBy(`peer${i}`, `198.51.100.${i}:8088`))
  const world = { share, timers: 0, spokenTo: new Set<string>() }
  const pushes: string[] = []
  /** Ends the push that has been under way the longest. */
  const ends: ((isHeard: boolean) => void)[] = []
  const rumors = createRumors({
    clock: {
      ...time,
      waitedShare: () => world.share,
      // As Node does: no timer is shorter.
      setTimeout: (run, ms) => {
        world.timers++
        return time.setTimeout(run, Math.max(1, ms))
      },
    },
    keeper,
    self: own.id,
    someone: (count) => [...keeper.current().rows.values()].filter(({ key }) => key.startsWith('peer')).slice(0, count),
    isSpokenTo: ({ key }) => world.spokenTo.has(key),
    push: async ({ key }, words, isFirst) => {
      const names = words.map((word) => `${word.key === own.id ? 'me' : word.key}/${word.seq}`)
      pushes.push(`${clock.now()} ${key} ${isFirst ? 'told' : 'offered'} ${names.join(' ')}`)
      return isHeld ? new Promise((resolve) => ends.push(resolve)) : true
    },
  })
  rumors.runs$.subscribe({ error: parts.onBug })
  return {
    ...parts,
    world,
    pushes,
    /** The words pushed so far, without who was told. */
    words: () => pushes.map((text) => text.replace(/^\d+ \S+ \S+ /, '')),
    endOne: (isHeard = true) => ends.shift()?.(isHeard),
    learn: (name: string, seq = 1) => prove(signedBy(name, '203.0.113.7:8088', { seq })),
    /** Of nobody's that signs: it makes no peer, so with four peers one push tells all. */
    learnUnsigned: (address: string) => prove(unsignedRecord(address)),
    say: (seq: number) => keeper.apply((table, wallMs) => putOwn(table, signedBy(own.id, '203.0.113.1:8088', { seq }), wallMs)),
  }
}

const to = (keys: readonly number[], text: (peer: string) => string): readonly string[] => keys.map((i) => text(`peer${i}`))

describe('on a crowded machine', () => {
  test('a word of another is not pushed, and its own goes to one at once', async () => {
    const { clock, learn, say, pushes } = start()
    learn('oak')
    say(1)
    await clock.advance(20 * CROWDED_BEAT)
    expect(pushes).toEqual([`${GOSSIP_GATHER} peer0 told me/1`])
  })

  test('it goes first to one that is not spoken to', async () => {
    const { clock, world, say, pushes } = start()
    world.spokenTo.add('peer0')
    say(1)
    await clock.advance(GOSSIP_GATHER)
    expect(pushes).toEqual([`${GOSSIP_GATHER} peer1 told me/1`])
  })

  test('so do its later ones, before the next beat', async () => {
    const { clock, learn, say, pushes } = start()
    learn('oak')
    await clock.advance(100)
    say(1)
    await clock.advance(600)
    say(2)
    await clock.advance(20 * CROWDED_BEAT)
    expect(pushes).toEqual([`${100 + GOSSIP_GATHER} peer0 told me/1`, `${700 + GOSSIP_GATHER} peer0 told me/2`])
  })

  test('its own waits for its time by one timer, whatever else waits', async () => {
    const { clock, world, learn, say, pushes } = start()
    learn('oak')
    await clock.advance(100)
    const before = world.timers
    say(1)
    await clock.advance(GOSSIP_GATHER)
    expect([pushes.length, world.timers - before]).toEqual([1, 2])
  })

  test('words of others are looked at once in a beat', async () => {
    const { clock, world, learn } = start()
    learn('oak')
    await clock.advance(GOSSIP_GATHER + 5)
    const before = world.timers
    await clock.advance(10 * CROWDED_BEAT)
    expect(world.timers - before).toEqual(10)
  })

  test('once there is room again the words of others go out as ever', async () => {
    const { clock, world, learn, say, pushes } = start()
    learn('oak')
    say(1)
    await clock.advance(6 * CROWDED_BEAT + 100)
    pushes.length = 0
    world.share = 0
    await clock.advance(2 * CROWDED_BEAT)
    const [atMs, againMs] = [7 * CROWDED_BEAT, 7 * CROWDED_BEAT + GOSSIP_PUSH_AGAIN]
    expect(pushes).toEqual([
      ...to([0, 1, 2, 3], (peer) => `${atMs} ${peer} told oak/1`),
      ...to([4, 5], (peer) => `${againMs} ${peer} offered oak/1`),
    ])
  })

  test('of a word that is said again meanwhile the last goes out', async () => {
    const { clock, world, learn, words } = start()
    learn('oak', 1)
    await clock.advance(CROWDED_BEAT)
    learn('oak', 2)
    await clock.advance(CROWDED_BEAT)
    world.share = 0
    await clock.advance(CROWDED_BEAT + 100)
    expect(words()).toEqual(['oak/2', 'oak/2', 'oak/2', 'oak/2'])
  })
})

test('a busy machine that is not crowded pushes all of them at once', async () => {
  const { clock, learn, say, pushes } = start({ share: 0.6 })
  learn('oak')
  say(1)
  await clock.advance(GOSSIP_GATHER)
  expect(pushes).toEqual(to([0, 1, 2, 3], (peer) => `${GOSSIP_GATHER} ${peer} told oak/1 me/1`))
})

describe('while eight pushes are under way', () => {
  test.each([
    ['was heard', true],
    ['came to nothing', false],
  ])('new words gather, and go out together when one that %s ends', async (_, isHeard) => {
    const { clock, learnUnsigned, pushes, words, endOne } = start({ peers: 4, share: 0, isHeld: true })
    for (const name of ['192.0.2.1:80', '192.0.2.2:80', '192.0.2.3:80', '192.0.2.4:80']) {
      learnUnsigned(name)
      await clock.advance(2 * GOSSIP_GATHER)
    }
    await clock.advance(2_000)
    const [first, second] = ['192.0.2.1:80/0', '192.0.2.2:80/0']
    expect(words()).toEqual([first, first, first, first, second, second, second, second])
    pushes.length = 0
    endOne(isHeard)
    await clock.advance(10)
    const atMs = clock.now() - 10 + 1
    expect(pushes).toEqual(to([0, 1, 2, 3], (peer) => `${atMs} ${peer} told 192.0.2.3:80/0 192.0.2.4:80/0`))
  })

  test('what is to be told again waits as well', async () => {
    const { clock, learn, words, pushes } = start({ share: 0, isHeld: true })
    learn('oak')
    await clock.advance(2 * GOSSIP_GATHER)
    learn('oak', 2)
    await clock.advance(2 * GOSSIP_GATHER)
    const before = words()
    await clock.advance(2_000)
    expect([before.length, pushes.length]).toEqual([8, 8])
  })

  test('those that take over three seconds hold up nobody', async () => {
    const { clock, learn, pushes } = start({ share: 0, isHeld: true })
    learn('oak')
    await clock.advance(2 * GOSSIP_GATHER)
    learn('oak', 2)
    await clock.advance(4_000)
    expect(pushes.length > 8).toEqual(true)
  })
})
