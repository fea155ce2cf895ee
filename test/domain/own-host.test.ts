import { expect, test } from 'vitest'
import { isOwnHost } from '../../src/domain/own-host.ts'

test.each([
  ['203.0.113.7', true],
  ['[2001:db8::1]', true],
  ['::ffff:203.0.113.7', true],
  ['0x7f.1', true],
  ['017.0.0.1', true],
  ['2130706433', true],
  ['localhost', true],
  ['LOCALHOST.', true],
  ['node.example.org', true],
  ['Node.Example.org', true],
  ['', true],
  ['a b', true],
  ['app.localhost', false],
  ['www.node.example.org', false],
  ['example.org', false],
  ['web', false],
])('%j is this machine and nothing served on it: %j', (host, isOwn) => expect(isOwnHost(host, ['node.example.org'])).toEqual(isOwn))
