// How this process connects to a port of its own. Where the system has no sockets without addresses and files, by TCP as others do.
import { randomBytes } from 'node:crypto'
import { connect, Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createNodeNetwork } from '../../../src/io/network/node-network.ts'
import { remoteOf, type SocketEnd } from '../../../src/io/network/socket-ends.ts'
import { listenTcp } from '../../../src/io/network/tcp-listener.ts'
import { isFailure } from '../../../src/ports.ts'
import { everything } from '../loopback.ts'

const isLinux = process.platform === 'linux'
const network = createNodeNetwork()
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A port that says again what it hears. */
async function ownPort(isOwn: boolean) {
  const came: SocketEnd[] = []
  const port = await listenTcp({
    address: '127.0.0.1:0',
    use: 'caller',
    isOwn,
    onSocket: (socket) => {
      came.push(remoteOf(socket))
      socket.pipe(socket)
    },
    onBug: (error) => {
      throw error
    },
  })
  if (isFailure(port)) throw new Error(port.text)
  ends.push(() => port.close())
  return { address: `127.0.0.1:${port.port}`, came, close: port.close }
}

async function dialled(address: string) {
  const opened = await network.dial(address, { timeoutMs: 5_000 })
  if ('type' in opened) throw new Error(opened.text)
  if (!(opened.link instanceof Socket)) throw new Error('no socket')
  return opened.link
}

test.each([
  ['without TCP where the port is its own', true, isLinux],
  ['by TCP where it is not', false, false],
])('goes %s, and brings all over both ways', async (_, isOwn, isShort) => {
  const { address, came } = await ownPort(isOwn)
  const link = await dialled(address)
  const farEnd = link.remoteAddress
  const words = randomBytes(4 << 20)
  const heard = everything(link)
  link.write(words)
  link.end()
  expect((await heard) === words.toString('latin1')).toEqual(true)
  const told = came.map(({ host, port }) => [host, port > 0])
  expect([told, farEnd === undefined]).toEqual([[['127.0.0.1', true]], isShort])
})

test('others go by TCP, and both are counted and ended by the port', async () => {
  const { address, came, close } = await ownPort(true)
  const [host = '', port] = address.split(':')
  const other = connect(Number(port), host)
  const otherEnds = new Promise((ended) => other.once('close', ended).on('error', () => {}))
  const link = await dialled(address)
  const linkEnds = new Promise((ended) => link.on('end', ended))
  link.resume()
  other.write('a')
  await new Promise((answered) => other.once('data', answered))
  await close()
  await Promise.all([otherEnds, linkEnds])
  expect([came.length, await network.dial(address, { timeoutMs: 5_000 })]).toMatchObject([2, { type: 'failed', reason: 'refused' }])
})
