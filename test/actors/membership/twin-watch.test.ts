import { describe, expect, test } from 'vitest'
import { createTwinWatch } from '../../../src/actors/membership/twin-watch.ts'
import { type OwnWord, open, seal } from '../../../src/v2/envelope.ts'
import { stateParts } from '../state-parts.ts'

const MINE = '192.0.2.1:8088'
const TWIN = '192.0.2.2:8088'
const SEEN = '192.0.2.3:8088'

function start() {
  const parts = stateParts()
  const { clock, own, identity, health } = parts
  own.announce(MINE, null)
  /** Which process with this node's key answers at which address, by its run. */
  const runs = new Map<string, string>()
  const asked: string[] = []
  const outrun: number[] = []
  const watch = createTwinWatch({
    ...parts,
    announcer: {
      outrun: (seq) => {
        outrun.push(seq)
        own.outrun(seq)
      },
    },
    reach: { ask: () => ({ port: 8_088, advertise: MINE }) },
    calls: {
      whoAnswers: async (address) => {
        asked.push(`${clock.now()} who is at ${address}`)
        const run = runs.get(address)
        if (run === undefined) return { type: 'failed', reason: 'refused', text: 'connection refused' }
        return { type: 'answerer', id: run === 'somebody else' ? 'f'.repeat(32) : own.id, run }
      },
      hello: async (address, { from, port, advertise }) => {
        asked.push(`${clock.now()} hello to ${address}, ${own.hasSaid(from) ? 'signed' : 'forged'}, from ${advertise} ${port}`)
        return { type: 'stranger' }
      },
    },
  })
  const word = (other: Partial<Omit<OwnWord, 'id'>> = {}): readonly [OwnWord, string] => {
    const envelope = seal(identity, { name: 'me', address: TWIN, seq: own.seq() + 5, via: null, offersTurn: true, left: false, ...other })
    const opened = open(envelope, identity)
    if (!opened) throw new Error('it is genuine')
    return [opened, envelope]
  }
  return {
    ...parts,
    watch,
    runs,
    asked,
    outrun,
    word,
    hear: async (seenAt: string | null, other: Partial<Omit<OwnWord, 'id'>> = {}): Promise<void> => {
      watch.heard(...word(other), seenAt)
      await clock.settle()
    },
    told: () => health.list().map(({ level, text }) => `${level}: ${text}`),
  }
}

const twinAt = (address: string): string =>
  `error: another process runs with this node's key at ${address}, so others list only one of the two`

describe('another process with this key', () => {
  test('is told in health, and is said hello to, so that it is told there too', async () => {
    const { hear, runs, asked, told, outrun } = start()
    runs.set(TWIN, 'another')
    await hear(null)
    expect([asked, told(), outrun]).toEqual([[`0 who is at ${TWIN}`, `0 hello to ${TWIN}, signed, from ${MINE} 8088`], [twinAt(TWIN)], []])
  })

  test('that says no address, or this one, is looked for where it was seen', async () => {
    for (const address of [null, MINE]) {
      const { hear, runs, told } = start()
      runs.set(SEEN, 'another')
      await hear(SEEN, { address })
      expect(told()).toEqual([twinAt(SEEN)])
    }
  })

  test('that speaks itself is looked for, though its word is an older one', async () => {
    const { hear, runs, told, own } = start()
    runs.set(TWIN, 'another')
    await hear(SEEN, { seq: own.seq() - 1 })
    expect(told()).toEqual([twinAt(TWIN)])
  })

  test('is looked for every 30 s, and taken back once it is gone', async () => {
    const { clock, hear, runs, asked, told } = start()
    runs.set(TWIN, 'another')
    await hear(null)
    asked.length = 0
    await clock.advance(60_000)
    expect([asked, told()]).toEqual([[30_000, 60_000].map((ms) => `${ms} who is at ${TWIN}`), [twinAt(TWIN)]])
    runs.delete(TWIN)
    await clock.advance(30_000)
    expect([told(), clock.timerCount]).toEqual([[], 0])
  })

  test('that tells more than one word is looked for once at a time', async () => {
    const { watch, word, runs, asked, clock } = start()
    runs.set(TWIN, 'another')
    for (let i = 0; i < 3; i++) watch.heard(...word({ seq: 2 ** 50 + i }), null)
    await clock.settle()
    expect(asked.length).toEqual(2)
  })

  test('is looked for no more once this node has stopped', async () => {
    const { clock, watch, hear, runs } = start()
    runs.set(TWIN, 'another')
    await hear(null)
    watch.stop()
    expect(clock.timerCount).toEqual(0)
  })
})

describe('a word of an earlier run, counted by a clock that was ahead,', () => {
  test.each<[string, string | null, readonly (readonly [string, string])[]]>([
    ['where nobody answers', TWIN, []],
    ['where somebody else answers', TWIN, [[TWIN, 'somebody else']]],
    ['at this address', MINE, []],
    ['without an address', null, []],
  ])('is outrun, %s', async (_, address, answering) => {
    const { hear, runs, told, outrun, own } = start()
    for (const [at, run] of answering) runs.set(at, run)
    const seq = own.seq() + 1_000
    await hear(null, { address, seq })
    expect([told(), outrun, own.seq()]).toEqual([[], [seq], seq + 1])
  })

  test('is outrun, where this very process answers', async () => {
    const { hear, runs, told, outrun, own } = start()
    runs.set(TWIN, own.run)
    await hear(null, { seq: own.seq() + 1 })
    expect([told(), outrun.length]).toEqual([[], 1])
  })
})

test.each<[string, (run: ReturnType<typeof start>) => void]>([
  [
    'a word of this run',
    ({ watch, own, identity }) => {
      const envelope = own.envelope()
      const word = open(envelope, identity)
      if (word) watch.heard(word, envelope, null)
    },
  ],
  ['a word of an earlier run that is counted lower', ({ watch, word, own }) => watch.heard(...word({ seq: own.seq() - 1 }), null)],
])('%s changes nothing, whoever tells it late', async (_, happen) => {
  const run = start()
  happen(run)
  await run.clock.settle()
  expect([run.asked, run.told(), run.outrun]).toEqual([[], [], []])
})
