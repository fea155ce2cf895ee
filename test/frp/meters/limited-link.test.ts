import { expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
import { TokenBucket } from '../../../src/frp/meters/bandwidth-limit.ts'
import { LimitedLink } from '../../../src/frp/meters/limited-link.ts'
import { frpClock, settle } from '../frp-clock.ts'
import { linkPair } from '../link-pair.ts'

/** A limited end, with an empty bucket of 1,000 bytes a second, and the other end. What happened at each, in order. */
function limited() {
  const clock = frpClock()
  const [inner, far] = linkPair()
  const bucket = new TokenBucket(clock, 1000)
  bucket.tryTake(1000)
  const near = new LimitedLink(inner, bucket)
  return { clock, inner, near, far, nearSaw: watch(near), farSaw: watch(far) }
}

function watch(link: Link): string[] {
  const saw: string[] = []
  link.on('data', (bytes) => saw.push(bytes.toString()))
  link.on('end', () => saw.push('end'))
  link.on('error', () => {})
  link.on('close', (failed) => saw.push(failed ? 'reset' : 'closed'))
  return saw
}

const text = (letter: string, bytes: number): Buffer => Buffer.alloc(bytes, letter)

test.each([
  ['as it comes', false],
  ['after the other end has ended', true],
])('what is read %s is told as tokens come, its end behind it, and then that the link closed', async (_, late) => {
  const { clock, near, far, nearSaw } = limited()
  near.end()
  if (late) near.pause()
  far.write(text('a', 1500))
  far.end()
  await settle()
  near.resume()
  await clock.advance(999)
  expect(nearSaw).toEqual([])
  await clock.advance(1)
  expect(nearSaw).toEqual(['a'.repeat(1000)])
  await clock.advance(500)
  expect(nearSaw).toEqual(['a'.repeat(1000), 'a'.repeat(500), 'end', 'closed'])
  expect(clock.timerCount).toEqual(0)
})

test('what is written goes out as tokens come, and is confirmed only then', async () => {
  const { clock, near, farSaw } = limited()
  const done: string[] = []
  near.write(text('a', 300), () => done.push('a'))
  near.write(text('b', 200), () => done.push('b'))
  expect(near.writableLength).toEqual(500)
  await clock.advance(300)
  expect([farSaw, done, near.writableLength]).toEqual([['a'.repeat(300)], ['a'], 200])
  await clock.advance(200)
  expect([farSaw, done, near.writableLength]).toEqual([['a'.repeat(300), 'b'.repeat(200)], ['a', 'b'], 0])
})

test.each([
  ['end', (link: Link) => void link.end(), ['a'.repeat(300), 'end']],
  ['destroySoon', (link: Link) => link.destroySoon(), ['a'.repeat(300), 'end']],
])('%s waits for what was written', async (_, end, saw) => {
  const { clock, near, farSaw } = limited()
  near.write(text('a', 300))
  end(near)
  await clock.advance(299)
  expect([farSaw, near.destroyed]).toEqual([[], false])
  await clock.advance(1)
  expect(farSaw).toEqual(saw)
})

test.each([
  ['this end', ({ near }: ReturnType<typeof limited>) => void near.destroy()],
  ['the other end', ({ far }: ReturnType<typeof limited>) => void far.destroy(new Error('gone'))],
])('a link that %s destroys confirms with an error what it had to write, tells nothing more, and leaves no timer', async (_, destroy) => {
  const ends = limited()
  const { clock, near, far, nearSaw } = ends
  const done: (string | undefined)[] = []
  far.write(text('x', 2000))
  near.write(text('a', 300), (error) => done.push(error?.message))
  near.write(text('b', 300), (error) => done.push(error?.message))
  await settle()
  destroy(ends)
  await settle()
  expect(done).toEqual(['the link is closed', 'the link is closed'])
  await clock.advance(10_000)
  expect(nearSaw).toEqual([expect.stringMatching(/closed|reset/)])
  expect([near.writableLength, clock.timerCount]).toEqual([0, 0])
})

test('a link that its reader has paused stays so when tokens come', async () => {
  const { clock, inner, near, far, nearSaw } = limited()
  let resumed = 0
  const resume = inner.resume.bind(inner)
  inner.resume = () => {
    resumed++
    return resume()
  }
  far.write(text('a', 10))
  await settle()
  near.pause()
  near.resume()
  expect(resumed).toEqual(0) // not while a piece is held
  near.pause()
  await clock.advance(10)
  expect([nearSaw, resumed]).toEqual([['a'.repeat(10)], 0])
  near.resume()
  expect(resumed).toEqual(1)
})
