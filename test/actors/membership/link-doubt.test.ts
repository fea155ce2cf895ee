import { describe, expect, test } from 'vitest'
import { offlineRows, shownRows } from '../../../src/domain/ip-table.ts'
import { addressOf, peers, start } from './scripted-prober.ts'

describe('a node whose own link is dead', () => {
  const isolated = { level: 'error', text: 'nobody answers: this node may be cut off itself', fix: 'Check the network of this machine.' }

  test.each([15, 1_000])('for 20 s removes none of %i peers, says so, and is whole within 3 s of its return', async (count) => {
    const { clock, prober, prove, net, health, shown, keeper, told } = start()
    const all = peers(count)
    for (const record of all) prove(record)
    // Each has been pinged at its own time of the period.
    for (const [i, { id }] of all.entries()) clock.setTimeout(() => prober.doubt(id ?? ''), (i * Math.max(5_000, count * 250)) / count)
    await clock.advance(10_000)
    expect(health.list()).toEqual([])
    const { answer } = net
    net.answer = () => 'silent'
    await clock.advance(20_000)
    expect([shown().length, health.list()]).toEqual([count, [isolated]])
    net.answer = answer
    await clock.advance(3_000)
    const suspects = shownRows(keeper.current()).filter(({ state }) => state === 'suspect')
    expect([shown().length, suspects, health.list()]).toEqual([count, [], []])
    expect(told.filter((line) => /isolated|together|removed/.test(line)).map((line) => line.split(' ')[1])).toEqual([
      'isolated',
      'together',
    ])
  })

  test('and one whose peers all refuse is not in doubt of itself: they are gone', async () => {
    const { clock, prober, prove, net, health, shown, keeper } = start()
    const all = peers(5)
    for (const record of all) prove(record)
    net.answer = () => 'refused'
    for (const { id } of all) prober.doubt(id ?? '')
    await clock.advance(5_000)
    expect([shown(), health.list(), offlineRows(keeper.current(), clock.wallMs()).length]).toEqual([[], [], 5])
  })

  test('and one of whose peers one still answers removes the others soon, for that one is asked at once', async () => {
    const { clock, prober, prove, net, health, shown, told } = start()
    const all = peers(5)
    for (const record of all) prove(record)
    net.answer = (address) => (address === addressOf(0) ? { by: 'peer0' } : 'silent')
    for (const { id } of all) prober.doubt(id ?? '')
    await clock.advance(15_000)
    expect([shown(), health.list()]).toEqual([['peer0'], []])
    expect(told.filter((line) => /isolated|together|removed/.test(line))).toMatchInlineSnapshot(`
      [
        "2000 isolated",
        "2005 together",
        "4300 isolated",
        "4305 together",
        "6305 removed peer4",
        "6600 removed peer1",
        "9500 removed peer2",
        "9500 removed peer3",
      ]
    `)
  })

  test('and one of whose only two peers both fall silent takes them for gone: it may be the two', async () => {
    const { clock, prober, prove, net, health, shown } = start()
    const all = peers(2)
    for (const record of all) prove(record)
    net.answer = () => 'silent'
    for (const { id } of all) prober.doubt(id ?? '')
    await clock.advance(15_000)
    expect([shown(), health.list()]).toEqual([[], []])
  })
})
