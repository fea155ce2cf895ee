// Which names stand on the map, and on which side of their dots: none over another, nor over a dot.

/** In the drawing's units; the dot's middle. */
export interface Named {
  readonly key: string
  readonly name: string
  readonly x: number
  readonly y: number
}

/** Where a name begins, ends or has its middle, beside its dot's middle. */
export interface NamePlace {
  readonly dx: number
  readonly dy: number
  readonly anchor: 'start' | 'middle' | 'end'
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** A letter is about so wide, as a share of its height. */
const LETTER_WIDTH = 0.58
const DOT = 9

/** The first ones have theirs first. `size`: of the letters. Who is left out has no room. */
export function namePlaces(all: readonly Named[], size: number): ReadonlyMap<string, NamePlace> {
  const places = new Map<string, NamePlace>()
  const taken: (Box & { readonly key?: string })[] = all.map(({ key, x, y }) => ({ ...boxAround(x, y, DOT, DOT), key }))
  for (const { key, name, x, y } of all) {
    const width = name.length * size * LETTER_WIDTH
    const beside = DOT + 3
    const tries: readonly (NamePlace & { readonly middle: number })[] = [
      { dx: 0, dy: DOT + size * 0.85, anchor: 'middle', middle: 0 },
      { dx: beside, dy: size * 0.35, anchor: 'start', middle: beside + width / 2 },
      { dx: -beside, dy: size * 0.35, anchor: 'end', middle: -beside - width / 2 },
      { dx: 0, dy: -DOT - size * 0.25, anchor: 'middle', middle: 0 },
    ]
    for (const { middle, ...place } of tries) {
      const box = boxAround(x + middle, y + place.dy - size * 0.35, width / 2, size * 0.5)
      if (taken.some((other) => other.key !== key && overlap(box, other))) continue
      places.set(key, place)
      taken.push(box)
      break
    }
  }
  return places
}

const boxAround = (x: number, y: number, halfWidth: number, halfHeight: number): Box => ({
  ...{ left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight },
})

const overlap = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
