import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createPendingConnections } from '../../../src/io/front/pending-connections.ts'

const gone = (sockets: readonly Socket[]): readonly boolean[] => sockets.map(({ destroyed }) => destroyed)

test('one too many makes the one that has been silent longest go, and nobody who has spoken or left', async () => {
  const pending = createPendingConnections(2)
  const sockets = Array.from({ length: 6 }, () => new Socket())
  const [spoken, left, third, fourth, fifth, sixth] = sockets as [Socket, Socket, Socket, Socket, Socket, Socket]
  pending.add(spoken)
  pending.settled(spoken)
  pending.add(left)
  left.destroy()
  await new Promise((resolve) => left.once('close', resolve))
  pending.add(third)
  pending.add(fourth)
  expect(gone(sockets)).toEqual([false, true, false, false, false, false])
  pending.add(fifth)
  expect(gone(sockets)).toEqual([false, true, true, false, false, false])
  pending.settled(fourth)
  pending.add(sixth)
  expect(gone(sockets)).toEqual([false, true, true, false, false, false])
})
