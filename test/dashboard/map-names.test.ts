import { expect, test } from 'vitest'
import { namePlaces } from '../../dashboard/map-names.ts'

const at = (name: string, x: number, y: number) => ({ key: name, name, x, y })

test.each([
  ['alone stands below its dot', [at('ash', 0, 0)], ['ash middle']],
  ['whose dot has another below it goes beside', [at('cedar', 0, 0), at('hazel', 20, 4)], ['cedar end', 'hazel middle']],
  [
    'over another dot goes to the other side',
    [at('ash', 0, 0), at('elm', 0, 18), at('oak', 24, 2)],
    ['ash end', 'elm middle', 'oak middle'],
  ],
  [
    'that has no room is left out',
    [at('a', 0, 0), at('b', 0, 19), at('c', 0, -19), at('d', 19, 0), at('e', -19, 0)],
    ['b middle', 'c start', 'd middle', 'e middle'],
  ],
])('a name %s', (_, dots, expected) => expect([...namePlaces(dots, 13)].map(([key, { anchor }]) => `${key} ${anchor}`)).toEqual(expected))
