import { expect, test } from 'vitest'
import { type Asked, timedSeries } from '../../../src/io/network/timed-series.ts'
import type { Failure, PeerRequest } from '../../../src/ports.ts'

const INFO = Buffer.from(JSON.stringify({ Hostname: 'x', Platform: 'linux', CPU: '', RAM: 0, Disk: 0 }))
const RESET: Failure = { type: 'failed', reason: 'reset', text: 'connection reset' }
const BURST = { samples: 3, primer: 'always' } as const
const LOOK = { samples: 1, primer: 'cold' } as const

/** One answer: how long it took, and what was odd about it. */
interface One {
  readonly ms: number
  readonly cold?: true
  readonly late?: true
  readonly status?: number
}

const asked = ({ ms, cold, late, status = 200 }: One): Asked => ({
  type: 'asked',
  answer: { type: 'answer', by: null, status, headers: {}, body: INFO, timing: { connectMs: cold ? 5 : null, answerMs: ms } },
  isLate: late === true,
})

/** Plays a series against these answers; answers what it came to, and what time each request was given. */
async function play(answers: readonly (One | Failure)[], timed: NonNullable<PeerRequest['timed']> = BURST) {
  let nowMs = 0
  const given: number[] = []
  const answer = await timedSeries(
    { timed, timeoutMs: 2_000 },
    {
      now: () => nowMs,
      ask: async (timeoutMs) => {
        const one = answers[given.length] ?? RESET
        given.push(timeoutMs)
        if ('type' in one) return one
        nowMs += one.ms
        return asked(one)
      },
    },
  )
  return answer.type === 'failed' ? answer : { ...answer.timed, given }
}

const cold: One = { ms: 9, cold: true }

test.each<[string, readonly (One | Failure)[], object, (typeof BURST | typeof LOOK)?]>([
  [
    'a burst leaves the first out',
    [cold, { ms: 3 }, { ms: 2 }, { ms: 4 }],
    { samplesMs: [3, 2, 4], discarded: 0, roughMs: null, given: [2_000, 1_991, 1_988, 1_986] },
  ],
  [
    'a warm one too',
    [{ ms: 9 }, { ms: 3 }, { ms: 2 }, { ms: 4 }],
    { samplesMs: [3, 2, 4], discarded: 0, roughMs: null, given: [2_000, 1_991, 1_988, 1_986] },
  ],
  ['a look at a warm connection is the first', [{ ms: 9 }], { samplesMs: [9], discarded: 0, roughMs: null, given: [2_000] }, LOOK],
  ['a look at a cold one leaves it out', [cold, { ms: 3 }], { samplesMs: [3], discarded: 0, roughMs: null, given: [2_000, 1_991] }, LOOK],
  [
    'so slow that more would not fit, the first counts',
    [{ ms: 1_100, cold: true }, { ms: 600 }, { ms: 500 }],
    { samplesMs: [1_100, 600, 500], discarded: 0, roughMs: null, given: [2_000, 900, 300] },
  ],
  [
    'late ones are thrown away, said, and asked again',
    [cold, { ms: 30, late: true }, { ms: 2 }, { ms: 31, late: true }, { ms: 4 }, { ms: 3 }],
    { samplesMs: [2, 4, 3], discarded: 2, roughMs: null, given: [2_000, 1_991, 1_961, 1_959, 1_928, 1_924] },
  ],
  [
    'where all are late nothing is told, and an end is made',
    [cold, ...Array.from({ length: 6 }, (): One => ({ ms: 1, late: true }))],
    { samplesMs: [], discarded: 6, roughMs: 1, given: [2_000, 1_991, 1_990, 1_989, 1_988, 1_987, 1_986] },
  ],
  [
    'a late look at a warm connection is asked again',
    [{ ms: 40, late: true }, { ms: 3 }],
    { samplesMs: [3], discarded: 1, roughMs: null, given: [2_000, 1_960] },
    LOOK,
  ],
  [
    'but once, where that is late too',
    [{ ms: 40, late: true }, { ms: 30, late: true }, { ms: 3 }],
    { samplesMs: [], discarded: 2, roughMs: 30, given: [2_000, 1_960] },
    LOOK,
  ],
  [
    'one that had to connect anew is not timed',
    [cold, { ms: 3 }, cold, { ms: 2 }, { ms: 4 }],
    { samplesMs: [3, 2, 4], discarded: 0, roughMs: null, given: [2_000, 1_991, 1_988, 1_979, 1_977] },
  ],
  [
    'what was timed before a failure stands',
    [cold, { ms: 3 }, RESET],
    { samplesMs: [3], discarded: 0, roughMs: null, given: [2_000, 1_991, 1_988] },
  ],
  ['nothing timed before a failure is that failure', [cold, RESET], RESET],
  [
    'nor is an error timed',
    [cold, { ms: 1, status: 500 }],
    { type: 'failed', reason: 'protocol', text: 'it answered 500 to the same question' },
  ],
])('%s', async (_, answers, outcome, timed) => expect(await play(answers, timed)).toEqual(outcome))
