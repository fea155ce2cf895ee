// What a stranger may send that is small on the wire and large in memory, or too deep to walk through.
import { expect, test } from 'vitest'
import { parseWireTable } from '../../src/p2prc/wire-table.ts'
import { parseObject } from '../../src/v2/envelope.ts'
import { readGossip, readHelloAsk } from '../../src/v2/messages.ts'

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

test('what nests deeper than any message of ours is none', () => {
  expect([parseObject(`{"a":${nested(7)}}`) !== null, parseObject(`{"a":${nested(8)}}`)]).toEqual([true, null])
  const bomb = nested(20_000)
  expect([
    readHelloAsk(Buffer.from(`{"from":"x","port":null,"advertise":${bomb}}`)),
    readGossip(Buffer.from(`{"seq":1,"records":${bomb}}`)),
    parseWireTable(`{"ip_address":[{"Name":${bomb}}]}`),
  ]).toEqual([null, null, []])
})

test('keys that JavaScript knows change nothing of it', () => {
  const keys = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}'
  readHelloAsk(Buffer.from(`{${keys},"from":"x","port":null}`))
  readGossip(Buffer.from(`{${keys},"seq":1,"lists":[{${keys}}],"records":[{${keys}}],"unsigned":[{${keys}}],"doubts":[{${keys}}]}`))
  parseWireTable(`{${keys},"ip_address":[{${keys},"Name":"x"}]}`)
  expect([Object.getOwnPropertyNames(Object.prototype).includes('polluted'), 'polluted' in {}]).toEqual([false, false])
})
