import { expect, test } from 'vitest'
import { type ConnectTrouble, troubleText, workingText } from '../../src/domain/connect-trouble.ts'

const TARGET = { id: 'a0'.repeat(16), name: 'home', service: 'web' }

test.each<[ConnectTrouble, string]>([
  [
    { type: 'another-key', now: 'b1'.repeat(16) },
    'home with the key a0a0a0a0 does not answer, and a home with another key, b1b1b1b1, does: if that is yours, set up anew, end this and connect again',
  ],
  [
    { type: 'another-key', now: null },
    'what answers where home was has another key than a0a0a0a0: if that is yours, set up anew, end this and connect again',
  ],
  [
    { type: 'gone' },
    'home (a0a0a0a0) does not answer any more and is in no table here; leave this open, and it goes on once that node is back, or end it',
  ],
  [
    { type: 'silent', why: 'connection refused' },
    'home (a0a0a0a0) does not answer: connection refused; each further connection tries anew',
  ],
  [
    { type: 'no-service' },
    'home has no service web for this node any more: it was withdrawn, or this node may not reach it now; `moonwalk connect` lists what there is',
  ],
  [
    { type: 'refused', why: 'web does not answer: connection refused' },
    'home is reached, but not its service: web does not answer: connection refused',
  ],
])('%j is one sentence with what to do', (trouble, text) => {
  expect(troubleText(TARGET, trouble)).toEqual(text)
})

test('so is its end', () => {
  expect(workingText(TARGET)).toEqual('home/web is reached again')
})
