import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type CallersNeeds, createCallers } from '../../../src/io/front/callers.ts'
import { createDescriptors } from '../../../src/io/network/descriptors.ts'

const descriptors = createDescriptors(10_000)

function from(ip: string): Socket {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: ip })
  return socket
}

function start(needs: CallersNeeds = {}) {
  const callers = createCallers({ descriptors, ...needs })
  const come = (ip: string): Socket => {
    const socket = from(ip)
    callers.arrived(socket)
    return socket
  }
  return { callers, come }
}

const gone = (sockets: readonly Socket[]): readonly boolean[] => sockets.map(({ destroyed }) => destroyed)
const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve))
const ash = '192.0.2.1'
const elm = '192.0.2.2'

describe('one too many makes the one go that has waited longest', () => {
  test('of all addresses, but nobody who has asked or left', async () => {
    const { callers, come } = start({ limits: { maxWaiting: 2 } })
    const asked = come(ash)
    callers.asks(asked, 'node')
    const left = come(elm)
    left.destroy()
    await closed(left)
    const [third, fourth, fifth] = [come('192.0.2.3'), come('192.0.2.4'), come('192.0.2.5')]
    expect(gone([asked, third, fourth, fifth])).toEqual([false, true, false, false])
    callers.asks(fourth, 'node')
    const [sixth, seventh] = [come('192.0.2.6'), come('192.0.2.7')]
    expect(gone([asked, fourth, fifth, sixth, seventh])).toEqual([false, false, true, false, false])
  })

  test('of those of its address that never asked', () => {
    const { callers, come } = start({ limits: { maxNewHere: 2, graceMs: 0 } })
    const other = come(elm)
    const idle = come(ash)
    callers.asks(idle, 'node')
    callers.waits(idle)
    const [one, two, three] = [come(ash), come(ash), come(ash)]
    expect(gone([other, idle, one, two, three])).toEqual([false, false, true, false, false])
  })

  test('but not at once, since many may come together', () => {
    const { come } = start({ limits: { maxNewHere: 1, graceMs: 60_000 } })
    expect(gone([come(ash), come(ash)])).toEqual([false, false])
  })

  test('of its address, when that has as many as it may', () => {
    const { callers, come } = start({ limits: { maxHere: 3 } })
    const other = come(elm)
    const [busy, idle, one] = [come(ash), come(ash), come(ash)]
    callers.asks(busy, 'node')
    callers.asks(idle, 'node')
    callers.waits(idle)
    const two = come(ash)
    expect(gone([other, busy, idle, one, two])).toEqual([false, false, false, true, false])
    const three = come(ash)
    expect(gone([other, busy, idle, two, three])).toEqual([false, false, true, false, false])
  })
})

test('where all of an address are busy one more is turned away', () => {
  const { callers, come } = start({ limits: { maxHere: 2 } })
  const busy = [come(ash), come(ash)]
  for (const one of busy) callers.asks(one, 'node')
  const socket = from(ash)
  expect([callers.arrived(socket), socket.destroyed, gone(busy), gone([come(elm)])]).toEqual([false, true, [false, false], [false]])
})

test('who has left is not counted', async () => {
  const { callers, come } = start({ limits: { maxHere: 1 } })
  const one = come(ash)
  callers.asks(one, 'node')
  one.destroy()
  await closed(one)
  expect(gone([come(ash)])).toEqual([false])
})

test('an IPv6 address counts with all of its /64', () => {
  const { callers, come } = start({ limits: { maxHere: 1 } })
  callers.asks(come('2001:db8::1'), 'node')
  expect(gone([come('2001:db8::2'), come('2001:db8:0:1::1')])).toEqual([true, false])
})

test('users of services count apart, and members not at all', () => {
  const { callers, come } = start({ limits: { maxHere: 2, maxServedHere: 2 } })
  const users = [come(ash), come(ash)]
  expect(users.map((user) => callers.asks(user, 'service'))).toEqual([true, true])
  const member = come(ash)
  expect(callers.asks(member, 'member')).toEqual(true)
  expect([callers.isMember(member), callers.asks(member, 'node'), callers.isMember(member)]).toEqual([true, true, true])
  const strangers = [come(ash), come(ash)]
  for (const one of strangers) callers.asks(one, 'node')
  expect(gone([...users, member, ...strangers])).toEqual([false, false, false, false, false])
  expect(callers.asks(come(elm), 'service')).toEqual(true)
})

test('a user of a service too many is refused while all others are busy, and has an idle one’s place', () => {
  const { callers, come } = start({ limits: { maxServedHere: 1 } })
  const user = come(ash)
  callers.asks(user, 'service')
  expect(callers.asks(come(ash), 'service')).toEqual(false)
  callers.waits(user)
  expect([callers.asks(come(ash), 'service'), user.destroyed]).toEqual([true, true])
})

test('through a tunnel nobody is counted by address', () => {
  const { callers, come } = start({ limits: { maxHere: 1, maxNewHere: 1, maxServedHere: 1 }, isOneAddress: true })
  const all = [come('127.0.0.1'), come('127.0.0.1'), come('127.0.0.1')]
  expect([all.map((one) => callers.asks(one, 'service')), gone(all)]).toEqual([
    [true, true, true],
    [false, false, false],
  ])
})

test('whoever has asked for nothing in time is closed, and told so where that was said', async () => {
  const { callers, come } = start({ limits: { firstMs: 20 } })
  const [silent, asked, told] = [come(ash), come(ash), come(ash)]
  callers.asks(asked, 'node')
  const said: unknown[] = []
  told.write = (text: unknown) => said.push(text) > 0
  callers.isToldLate(told, 'too late')
  await Promise.all([closed(silent), closed(told)])
  expect([said, asked.destroyed]).toEqual([['too late'], false])
})

test('a socket that goes on for another, and TLS over one, mean the same', async () => {
  const { callers, come } = start({ limits: { maxHere: 1 } })
  const [before, by, secure] = [come(ash), from(ash), from(ash)]
  callers.asks(before, 'node')
  callers.replaced(by, before)
  callers.wrapped(secure, by)
  before.destroy()
  await closed(before)
  expect(gone([come(ash)])).toEqual([true])
  callers.waits(secure)
  expect([gone([come(ash)]), by.destroyed]).toEqual([[false], true])
})

test('of strangers none is served while there are no descriptors but for members', () => {
  const few = createDescriptors(132)
  const { callers, come } = start({ descriptors: few })
  const [stranger, member] = [come(ash), come(ash)]
  for (let i = 0; i < 81; i++) few.count()
  expect([callers.asks(stranger, 'node'), callers.asks(member, 'member')]).toEqual([false, true])
})

test('room is made by whoever has waited longest, as long as anybody waits', () => {
  const { callers, come } = start()
  const [one, two] = [come(ash), come(elm)]
  callers.asks(two, 'node')
  expect([callers.makeRoom(), callers.makeRoom(), gone([one, two])]).toEqual([true, false, [true, false]])
})
