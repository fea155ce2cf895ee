import { expect, test } from 'vitest'
import { nearest } from '../../src/domain/nearest.ts'

const KNOWN = ['listen', 'advertise', 'seeds', 'turns', 'services', 'allowPorts']

test.each([
  ['listen', 'listen'],
  ['lisen', 'listen'],
  ['LISTEN', 'listen'],
  ['seed', 'seeds'],
  ['sedes', 'seeds'],
  ['allowports', 'allowPorts'],
  ['allow-ports', 'allowPorts'],
  ['service', 'services'],
  ['', null],
  ['zzzzzzzzzzzz', null],
  ['qqq', null],
])('%j is nearest to %j', (word, expected) => expect(nearest(word, KNOWN)).toEqual(expected))

test('nothing is near where nothing is known', () => expect(nearest('listen', [])).toEqual(null))
