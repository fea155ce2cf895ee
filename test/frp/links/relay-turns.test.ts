import { expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
import { createRelay } from '../../../src/frp/links/relay.ts'
import { linkPair } from '../link-pair.ts'

test('a relay whose source fills every read lets the others have their turn after a mebibyte', async () => {
  const [a] = linkPair()
  const [pair] = linkPair()
  const b: Link = Object.assign(pair, {
    write: (_: Uint8Array, done?: () => void) => {
      done?.() // the kernel takes everything at once
      return true
    },
  })
  const resumed = new Promise<void>((resolve) => {
    const begin = a.resume.bind(a)
    let begun = false
    const source: Link = Object.assign(a, {
      resume: () => {
        if (begun) resolve()
        begun = true
        return begin()
      },
    })
    const relay = createRelay()
    relay.join({ link: source, direct: true }, { link: b, direct: false }, { closeTogether: false })
    let bytes = 0
    for (let reads = 0; reads < 100; reads++) {
      const count = relay.readerA.buffer().length
      bytes += count
      if (!relay.readerA.callback(count)) break
    }
    expect([bytes >= 1 << 20, bytes < 2 << 20]).toEqual([true, true])
  })
  await resumed
})
