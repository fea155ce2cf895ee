import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createNewcomers } from '../../../src/io/front/newcomers.ts'

const gone = (sockets: readonly Socket[]): readonly boolean[] => sockets.map(({ destroyed }) => destroyed)

test('one too many makes the one that has been silent longest go, and nobody who has spoken or left', async () => {
  const newcomers = createNewcomers(2)
  const sockets = Array.from({ length: 6 }, () => new Socket())
  const [spoken, left, third, fourth, fifth, sixth] = sockets as [Socket, Socket, Socket, Socket, Socket, Socket]
  newcomers.add(spoken)
  newcomers.settled(spoken)
  newcomers.add(left)
  left.destroy()
  await new Promise((resolve) => left.once('close', resolve))
  newcomers.add(third)
  newcomers.add(fourth)
  expect(gone(sockets)).toEqual([false, true, false, false, false, false])
  newcomers.add(fifth)
  expect(gone(sockets)).toEqual([false, true, true, false, false, false])
  newcomers.settled(fourth)
  newcomers.add(sixth)
  expect(gone(sockets)).toEqual([false, true, true, false, false, false])
})
