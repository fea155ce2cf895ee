import { expect, test } from 'vitest'
import { createOutput } from '../../src/cli/output.ts'

/** A reader that takes so many bytes, and then no more until it is given more. */
function reader() {
  const pipe = { room: 0, text: '', isGone: false }
  const output = createOutput(
    (bytes) => {
      if (pipe.isGone) return null
      const taken = bytes.subarray(0, Math.min(bytes.length, pipe.room))
      pipe.room -= taken.length
      pipe.text += taken.toString('utf8')
      return taken.length
    },
    (lines) => `(${lines} missing)`,
  )
  return { pipe, output }
}

const LONG = 'x'.repeat(9_999)

test('lines go out as they come', () => {
  const { pipe, output } = reader()
  pipe.room = 100
  output.say('one')
  output.say('two')
  expect(pipe.text).toEqual('one\ntwo\n')
})

test('a reader that stops gets the same lines when it goes on, whole', async () => {
  const { pipe, output } = reader()
  pipe.room = 6
  for (const line of ['one', 'two', 'three']) output.say(line)
  expect(pipe.text).toEqual('one\ntw')
  pipe.room = 100
  await output.flush(10_000)
  expect(pipe.text).toEqual('one\ntwo\nthree\n')
})

test('what is beyond the bound is left out, and counted where it is missing', async () => {
  const { pipe, output } = reader()
  for (let i = 0; i < 200; i++) output.say(LONG)
  pipe.room = 15_000
  output.say('still waiting')
  pipe.room = Number.POSITIVE_INFINITY
  await output.flush(10_000)
  output.say('later')
  const lines = pipe.text.trimEnd().split('\n')
  expect([lines.length, lines.filter((line) => line === LONG).length, lines.slice(-2)]).toEqual([106, 104, ['(97 missing)', 'later']])
})

test('for a reader that is gone nothing waits', async () => {
  const { pipe, output } = reader()
  output.say('one')
  pipe.isGone = true
  await output.flush(10_000)
  output.say('two')
  pipe.isGone = false
  pipe.room = 100
  await output.flush(10_000)
  expect(pipe.text).toEqual('')
})

test('a flush waits no longer than it is told', async () => {
  const { pipe, output } = reader()
  output.say('one')
  await output.flush(1)
  expect(pipe.text).toEqual('')
})
