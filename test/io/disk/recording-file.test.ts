import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { applyFeed, type FeedView } from '../../../src/feed/delta.ts'
import { framesOf, messageOf, RECORDING_HEAD } from '../../../src/feed/recording.ts'
import { startRecording } from '../../../src/io/disk/recording-file.ts'
import { aRow, aStatus, createFakeNode, type FakeNode } from '../../browser/fake-node.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

let folder: string
let file: string
let node: FakeNode
let clock: VirtualClock
let troubles: string[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moonwalk-recording-'))
  file = join(folder, 'a-day.jsonl')
  node = createFakeNode()
  clock = new VirtualClock()
  troubles = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function record(mostBytes?: number) {
  const stop = startRecording({
    node,
    clock,
    file,
    onTrouble: (text) => troubles.push(text),
    ...(mostBytes === undefined ? {} : { mostBytes }),
  })
  if (typeof stop !== 'function') throw new Error(stop.text)
  return stop
}

/** What the page holds at the end of a recording. */
const viewOf = (name: string): FeedView | null =>
  framesOf(readFileSync(name, 'utf8')).reduce<FeedView | null>((view, frame) => applyFeed(view, messageOf(frame)), null)

test('what changed is written down, whole once a minute, and read again as it was', async () => {
  const stop = record()
  await clock.advance(1_000)
  node.show({ status: aStatus('serving'), peers: [aRow('elm')] })
  const told = node.tell({ type: 'node.listening', address: 'x.test:1' })
  await clock.advance(60_000)
  node.show({ peers: [aRow('elm', { rttMs: 99 })] })
  await stop()
  const frames = framesOf(readFileSync(file, 'utf8'))
  expect(frames.map(({ isWhole }) => isWhole)).toEqual([true, false, true, false])
  const view = viewOf(file)
  expect([view?.status.node.state, [...(view?.peers.values() ?? [])], view?.news]).toEqual([
    'serving',
    [aRow('elm', { rttMs: 99 })],
    [told],
  ])
  expect([statSync(file).mode & 0o777, node.listeners(), troubles]).toEqual([0o600, 0, []])
})

test('two files are kept at most, and each can be read by itself', async () => {
  const stop = record(4_000)
  for (let i = 0; i < 40; i++) {
    node.show({ peers: [aRow('elm', { rttMs: i })] })
    await clock.advance(1_000)
  }
  await stop()
  for (const name of [file, `${file}.1`]) {
    expect(statSync(name).size).toBeLessThan(4_000)
    expect(viewOf(name)?.peers.size).toEqual(1)
  }
})

test('a recording that is there already is set aside, anything else is left alone', async () => {
  await record()()
  const first = readFileSync(file, 'utf8')
  await record()()
  expect([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8').startsWith(RECORDING_HEAD)]).toEqual([first, true])

  writeFileSync(file, 'my letters')
  expect(startRecording({ node, clock, file, onTrouble: () => undefined })).toEqual({
    type: 'refused',
    text: `${file} is there already, and is no recording; name another file with --record`,
  })
  expect(readFileSync(file, 'utf8')).toEqual('my letters')
  expect(startRecording({ node, clock, file: join(folder, 'no', 'where'), onTrouble: () => undefined })).toEqual({
    type: 'refused',
    text: expect.stringContaining("can't record to"),
  })
})
