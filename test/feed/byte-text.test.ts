import { expect, test } from 'vitest'
import { bytesText, rateText } from '../../src/feed/byte-text.ts'
import { proxyTitle } from '../../src/feed/proxy-title.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 KiB'],
  [1_024, '1.0 KiB'],
  [10_188, '9.9 KiB'],
  [10_189, '10 KiB'],
  [1_023_487, '999 KiB'],
  [1_023_488, '1.0 MiB'],
  [47_000_000, '45 MiB'],
  [91.3e9, '85 GiB'],
  [5e12, '4.5 TiB'],
  [3e18, '2665 PiB'],
])('%d bytes are %s', (bytes, text) => expect([bytesText(bytes), rateText(bytes)]).toEqual([text, `${text}/s`]))

test.each([
  ['a1b2c3d4e5f60718.web', 'web'],
  ['web', 'web'],
  ['a1b2c3d4e5f60718.', 'a1b2c3d4e5f60718.'],
  ['A1b2c3d4e5f60718.web', 'A1b2c3d4e5f60718.web'],
])('the proxy %s is shown as %s', (name, title) => expect(proxyTitle(name)).toEqual(title))
