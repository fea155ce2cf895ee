import { describe, expect, test } from 'vitest'
import { createDescriptors, type SocketUse } from '../../../src/io/network/descriptors.ts'

/** How many it grants before it refuses. */
function granted(use: SocketUse, descriptors = createDescriptors(132), openHere?: (count: number) => number): number {
  for (let count = 0; count < 1_000; count++) if (!descriptors.take(use, openHere?.(count) ?? 0)) return count
  return 1_000
}

test.each<[SocketUse, number]>([
  ['port', 50],
  ['carried', 65],
  ['caller', 80],
  ['dial', 80],
  ['own', 90],
])('of 132 descriptors %s may have %i', (use, most) => expect(granted(use)).toEqual(most))

test('what one takes is missing to all, until it is given back', () => {
  const descriptors = createDescriptors(132)
  granted('caller', descriptors)
  expect([granted('carried', descriptors), granted('own', descriptors)]).toEqual([0, 10])
  for (let i = 0; i < 45; i++) descriptors.give()
  expect([granted('port', descriptors), granted('carried', descriptors)]).toEqual([5, 15])
})

test('once few are left, a port with many connections gets no more, and another does', () => {
  const descriptors = createDescriptors(132)
  expect(granted('carried', descriptors, (count) => count)).toEqual(50)
  expect(granted('carried', descriptors, (count) => count)).toEqual(4)
  expect(granted('carried', descriptors)).toEqual(11)
})

describe('what is told', () => {
  test('is nothing as long as none was refused', () => {
    const descriptors = createDescriptors(132)
    for (let i = 0; i < 50; i++) descriptors.take('port')
    expect(descriptors.note()).toEqual(null)
  })

  test('is what was refused, for a minute', () => {
    let nowMs = 1_000
    const descriptors = createDescriptors(132, () => nowMs)
    granted('port', descriptors)
    const note = {
      text: "this machine's limit of open files for the node (132) is nearly reached: ports for clients were refused in the last minute",
      fix: 'Raise it before the node starts: `ulimit -n 65536`, or LimitNOFILE=65536 in its systemd unit.',
    }
    nowMs += 60_000
    expect(descriptors.note()).toEqual(note)
    nowMs += 1
    expect(descriptors.note()).toEqual(null)
  })
})

test('a sum over what may be open tells who has too much', () => {
  const descriptors = createDescriptors(132)
  granted('own', descriptors)
  expect([descriptors.isOver('caller'), descriptors.isOver('own')]).toEqual([true, false])
})
