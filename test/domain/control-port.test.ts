import { expect, test } from 'vitest'
import { isControlPort } from '../../src/domain/control-port.ts'

const HERE = '127.0.0.1:8089'
const ALL = '0.0.0.0:8089'
test.each<[string, string | null, boolean]>([
  ['127.0.0.1:8089', HERE, true],
  ['localhost:8089', HERE, true],
  ['[::1]:8089', HERE, true],
  ['127.9.9.9:8089', HERE, true],
  ['[::ffff:127.0.0.1]:8089', HERE, true],
  ['0.0.0.0:8089', HERE, true],
  ['127.0.0.1:8088', HERE, false],
  ['192.168.1.5:8089', HERE, false],
  ['192.168.1.7:8089', HERE, false],
  ['127.0.0.1:8089', ALL, true],
  ['192.168.1.5:8089', ALL, true],
  ['192.168.1.7:8089', ALL, false],
  ['192.168.1.5:8089', '192.168.1.5:8089', true],
  ['127.0.0.1:8089', '192.168.1.5:8089', false],
  ['127.0.0.1:8089', '127.0.0.1:0', false],
  ['127.0.0.1:8089', null, false],
])('%s leads to the control port at %s: %s', (local, control, expected) =>
  expect(isControlPort(local, control, ['192.168.1.5'])).toEqual(expected),
)
