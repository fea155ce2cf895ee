import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { firstBytes } from '../../../src/io/front/first-bytes.ts'

test('whoever sends piece by piece leaves no listener behind for each', async () => {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket]: Socket[] = await once(server, 'connection')
  if (socket === undefined) throw new Error('nobody came')
  const counts = () => socket.eventNames().map((name) => [name, socket.listenerCount(name)])
  const before = counts()
  const pieces: (string | undefined)[] = []
  for (const piece of ['a', 'b', 'c']) {
    caller.write(piece)
    pieces.push((await firstBytes(socket, 5_000))?.toString())
  }
  expect([pieces, counts()]).toEqual([['a', 'b', 'c'], before])
  caller.destroy()
  socket.destroy()
  server.close()
})
