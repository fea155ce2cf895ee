import { expect, test } from 'vitest'
import { afterLogin, doubted, type ExternalStanding, inUse, type LoginOutcome, mayAsk, NOT_ASKED } from '../../src/domain/external-frps.ts'

const refused: LoginOutcome = { type: 'refused', why: 'wrong token' }
const failed: LoginOutcome = { type: 'failed', why: 'connection refused' }
const answered: LoginOutcome = { type: 'answered', rttMs: 12 }

/** One login after another, a minute apart, from the first at 1,000 ms on. */
const after = (outcomes: readonly LoginOutcome[], fraction = 0.5): ExternalStanding =>
  outcomes.reduce((standing, outcome, count) => afterLogin(standing, outcome, 1_000 + count * 60_000, fraction), NOT_ASKED)

const never = Number.NEGATIVE_INFINITY

test.each<[string, ExternalStanding, ExternalStanding]>([
  ['an answer is its round trip', after([answered]), { rttMs: 12, why: null, askedAtMs: 1_000, refusals: 0, notBeforeMs: never }],
  [
    'a failure says why, and may be followed by the next login',
    after([answered, failed]),
    { rttMs: null, why: 'connection refused', askedAtMs: 61_000, refusals: 0, notBeforeMs: never },
  ],
  [
    'a refusal keeps from asking for 15 s',
    after([refused]),
    { rttMs: null, why: 'wrong token', askedAtMs: 1_000, refusals: 1, notBeforeMs: 16_000 },
  ],
  [
    'a third one for a minute',
    after([refused, refused, refused]),
    { ...after([refused]), askedAtMs: 121_000, refusals: 3, notBeforeMs: 181_000 },
  ],
  ['a quarter less', after([refused], 0), { ...after([refused]), notBeforeMs: 12_250 }],
  ['or more', after([refused], 1), { ...after([refused]), notBeforeMs: 19_750 }],
  [
    'many for ten minutes',
    after(Array.from({ length: 100 }, () => refused)),
    { ...after([refused]), askedAtMs: 5_941_000, refusals: 100, notBeforeMs: 6_541_000 },
  ],
  [
    'an answer after refusals makes it fit, but is no reason to ask often once it refuses again',
    after([refused, refused, answered]),
    { rttMs: 12, why: null, askedAtMs: 121_000, refusals: 2, notBeforeMs: 91_000 },
  ],
  ['who carries this node is forgiven all', inUse(3, 7), { rttMs: 3, why: null, askedAtMs: 7, refusals: 0, notBeforeMs: never }],
  ['whose tunnel ended is not known any more', doubted(inUse(3, 7)), { ...NOT_ASKED, askedAtMs: never }],
  ['what is said against it stays', doubted(after([refused])), after([refused])],
])('%s', (_, standing, expected) => expect(standing).toEqual(expected))

test.each<[string, ExternalStanding, number, number, boolean]>([
  ['who was never asked is asked', NOT_ASKED, 0, Number.POSITIVE_INFINITY, true],
  ['who is doubted is asked', doubted(inUse(3, 7)), 8, Number.POSITIVE_INFINITY, true],
  ['a fresh answer stands', after([answered]), 60_999, 60_000, false],
  ['an old one does not', after([answered]), 61_000, 60_000, true],
  ['a refusal stands', after([refused]), 15_999, 0, false],
  ['for its time', after([refused]), 16_000, 0, true],
])('%s', (_, standing, nowMs, maxAgeMs, expected) => expect(mayAsk(standing, nowMs, maxAgeMs)).toEqual(expected))
