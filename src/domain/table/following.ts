// Who comes next after a key, in the order of ids, the first again after the last: everybody has somebody before it that way, whatever chance draws.
import { PARTS, placeOf, type Words } from './key-ranges.ts'

/** A range that is walked holds at least so many words on the average, and less than `PARTS` times as many; fewer in a table of fewer than that. */
const IN_RANGE = 8

/** The next keys after that one that are fit, so many at the most. Ids are hashes, so who follows is as good as drawn by chance. */
export function following(words: Words, key: string, count: number, isFit: (key: string) => boolean): readonly string[] {
  const digits = Math.max(1, Math.floor(Math.log(Math.max(1, words.digest.count) / IN_RANGE) / Math.log(PARTS)))
  const ranges = PARTS ** digits
  const place = placeOf(key)
  const own = Number.parseInt(place.slice(0, digits), PARTS)
  const found: string[] = []
  // Its own range is come to twice: what is after it, and at the end what is before it.
  for (let step = 0; step <= ranges && found.length < count; step++) {
    const range = ((own + step) % ranges).toString(PARTS).padStart(digits, '0')
    const isAfter = (one: string): boolean => step !== 0 || placeOf(one) > place
    const isBefore = (one: string): boolean => step !== ranges || placeOf(one) < place
    const keys = [...words.in(range)].map((word) => word.key).filter((one) => one !== key && isAfter(one) && isBefore(one) && isFit(one))
    found.push(...keys.sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1)))
  }
  return found.slice(0, count)
}
