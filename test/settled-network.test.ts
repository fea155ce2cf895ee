import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Given } from '../src/config/given.ts'
import { readConfig } from '../src/config/read-config.ts'
import { throwBug } from '../src/frp/index.ts'
import { type InvitationAddress, writeInvitation } from '../src/invitation.ts'
import { readNetwork, writeNetwork } from '../src/io/disk/network-file.ts'
import { newNetwork } from '../src/io/network-keyring.ts'
import { settleNetwork } from '../src/settled-network.ts'

let dir = ''
let server: Server | null = null
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-settled-'))
})
afterEach(() => {
  server?.close()
  server = null
  rmSync(dir, { recursive: true, force: true })
})

async function settled(given: Given, mayWrite = true) {
  const read = readConfig({ data: dir, addresses: 'any', ...given }, undefined, {})
  if (read.type === 'wrong') throw new Error(read.text)
  const answer = await settleNetwork(read.config, { onBug: throwBug, mayWrite })
  if (answer.type === 'refused') return { ...answer, text: answer.text.replaceAll(dir, 'DIR') }
  const { keyring, seeds, isNew, notes } = answer
  return { kind: keyring.kind(), seeds, isNew, notes: notes.map((note) => note.replaceAll(dir, 'DIR')) }
}

const SECRET = Buffer.alloc(32, 7).toString('base64url')
const seed = (address: string): InvitationAddress => ({ id: 'ab'.repeat(16), address })
const invitation = (...addresses: readonly string[]): string => writeInvitation({ secret: SECRET, addresses: addresses.map(seed) })
const IN_ONE = { kind: { type: 'private', secrets: [SECRET] }, isNew: false, notes: [] }

test('a fresh directory gets a secret of its own, which stays', async () => {
  const made = await settled({})
  expect(made).toEqual({
    kind: { type: 'private', secrets: [expect.stringMatching(/^[\w-]{43}$/)] },
    seeds: [],
    isNew: true,
    notes: [],
  })
  expect(await settled({})).toEqual({ ...made, isNew: false })
})

test('what an invitation says stays, and further ones of the same network add their addresses', async () => {
  expect(await settled({ seeds: [invitation('192.0.2.1:1', '192.0.2.2:1')] })).toEqual({ ...IN_ONE, seeds: ['192.0.2.1:1', '192.0.2.2:1'] })
  expect(await settled({ seeds: [invitation('192.0.2.2:1', '192.0.2.3:1'), 'ash'] })).toEqual({
    ...IN_ONE,
    seeds: ['192.0.2.1:1', '192.0.2.2:1', '192.0.2.3:1'],
  })
  expect(readNetwork(dir)).toEqual(newNetwork(SECRET, ['192.0.2.1:1', '192.0.2.2:1', '192.0.2.3:1'].map(seed)))
})

test('of many invitations the newest sixteen addresses are kept', async () => {
  const all = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}:1`)
  for (let at = 0; at < all.length; at += 4) await settled({ seeds: [invitation(...all.slice(at, at + 4))] })
  expect(await settled({})).toEqual({ ...IN_ONE, seeds: all.slice(-16) })
})

test('a list of seeds that names this node alone asks nobody: its network is a new one', async () => {
  const kind = { type: 'private', secrets: [expect.stringMatching(/^[\w-]{43}$/)] }
  expect(await settled({ listen: '0.0.0.0:18501', seeds: ['127.0.0.1:18501'] })).toEqual({ kind, seeds: [], isNew: true, notes: [] })
})

test('nothing is written for a directory that another process holds', async () => {
  await writeNetwork(dir, newNetwork(SECRET))
  const before = readFileSync(join(dir, 'network.json'), 'utf8')
  expect(await settled({ seeds: [invitation('192.0.2.1:1')] }, false)).toEqual({ ...IN_ONE, seeds: ['192.0.2.1:1'] })
  expect(readFileSync(join(dir, 'network.json'), 'utf8')).toEqual(before)
})

test('an older directory stays open, which is said once', async () => {
  writeFileSync(join(dir, 'identity.json'), '{}')
  const note = 'DIR is from before there were private networks, and stays in an open one: anybody may join it and see its servers'
  const open = { kind: { type: 'open' }, seeds: [], isNew: false }
  expect(await settled({ seeds: ['ash'] })).toEqual({ ...open, notes: [note] })
  expect(await settled({ seeds: ['ash'] })).toEqual({ ...open, notes: [] })
})

describe('plain addresses in a fresh directory are asked', () => {
  const answering = async (status: number, text: string): Promise<string> => {
    const opened = createServer((_, response) => response.writeHead(status).end(text)).listen(0, '127.0.0.1')
    await new Promise((listening) => opened.once('listening', listening))
    server = opened
    return `127.0.0.1:${(opened.address() as AddressInfo).port}`
  }
  const OPEN = 'that network is open: anybody may join and see it; add --open'
  const unsure = (address: string, why: string): string =>
    `it can't be told which kind of network ${address} (${why}) is in; join a private one with its invitation, an open one with --open`
  const NO_NODE = 'what answers there is no node of moonwalk or P2PRC'

  test.each([
    ['a private network', 403, 'this network is private: ask\n', 'that network is private: ask its owner for `moonwalk invite`'],
    ['P2PRC', 200, '{"Hostname":"x","Platform":"","CPU":"","RAM":1,"Disk":1,"GPU":null}', OPEN],
  ])('%s', async (_, status, text, sentence) => {
    const address = await answering(status, text)
    expect(await settled({ seeds: [address] })).toEqual({ type: 'refused', text: `${address}: ${sentence}`, isUsage: true })
    expect(readNetwork(dir)).toEqual({ type: 'none' })
  })

  test.each([
    ['what is no node', 200, '<html>'],
    ['another refusal', 403, 'Forbidden'],
  ])('%s', async (_, status, text) => {
    const address = await answering(status, text)
    expect(await settled({ seeds: [address] })).toEqual({ type: 'refused', text: unsure(address, NO_NODE), isUsage: false })
  })

  test('nobody', async () => {
    const address = await answering(200, '')
    await new Promise((closed) => server?.close(closed))
    server = null
    expect(await settled({ seeds: [address] })).toEqual({ type: 'refused', text: unsure(address, 'connection refused'), isUsage: false })
  })

  test('none that may not be contacted', async () => {
    const address = await answering(200, '')
    expect(await settled({ seeds: [address], addresses: 'lan' })).toEqual({
      type: 'refused',
      text: `${address}: outside the addresses this node may contact; see --addresses`,
      isUsage: true,
    })
  })
})
