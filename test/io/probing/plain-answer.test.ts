import { expect, test } from 'vitest'
import { readPlainAnswer } from '../../../src/io/probing/plain-answer.ts'

const OK = 'HTTP/1.1 200 OK\r\nMoonwalk-Token: 0123\r\ncontent-length: 2\r\n\r\nok'
const read = (text: string) => readPlainAnswer(Buffer.from(text, 'latin1'))
const answer = (headers: Record<string, string>, more: object = {}) => ({
  ...{ status: 200, isKept: true, body: Buffer.from('ok') },
  headers: { 'content-length': '2', ...headers },
  ...more,
})

test.each<[string, string, ReturnType<typeof answer>]>([
  ['of a few lines', OK, answer({ 'moonwalk-token': '0123' })],
  ['without a reason', OK.replace(' OK', ''), answer({ 'moonwalk-token': '0123' })],
  ['that is no success', OK.replace('200 OK', '503 Busy'), answer({ 'moonwalk-token': '0123' }, { status: 503 })],
  ['with spaces around a value', OK.replace(': 0123', ':\t0123  '), answer({ 'moonwalk-token': '0123' })],
  ['with a name that comes twice', OK.replace('\r\n', '\r\nmoonwalk-token: 4\r\n'), answer({ 'moonwalk-token': '4, 0123' })],
  ['with a name that an object has already', OK.replace('Moonwalk-Token', '__proto__'), answer({ ['__proto__']: '0123' })],
  ['that is the last', OK.replace('Moonwalk-Token: 0123', 'Connection: Close'), answer({ connection: 'Close' }, { isKept: false })],
])('an answer %s is read', (_, text, expected) => expect(read(text)).toEqual(expected))

test('an answer is read once it is whole', () => {
  const beforeEnd = Array.from({ length: OK.length }, (_, length) => read(OK.slice(0, length)))
  expect(beforeEnd.every((one) => one === null)).toEqual(true)
})

test.each([
  ['in pieces', OK.replace('content-length: 2', 'transfer-encoding: chunked')],
  ['in pieces, with a length beside', OK.replace('Moonwalk-Token: 0123', 'Transfer-Encoding: chunked')],
  ['without a length', OK.replace('content-length: 2\r\n', '')],
  ['with two lengths', OK.replace('\r\n', '\r\nContent-Length: 2\r\n')],
  ['with a length that is none', OK.replace('length: 2', 'length: +2')],
  ['with more behind it', `${OK}H`],
  ['behind a hint', `HTTP/1.1 103 Early Hints\r\ncontent-length: 0\r\n\r\n${OK}`],
  ['of HTTP/1.0', OK.replace('1.1', '1.0')],
  ['with a line that is folded', OK.replace('\r\ncontent', '\r\n  more\r\ncontent')],
  ['with a line that names nothing', OK.replace('Moonwalk-Token', '')],
  ['with a space before the colon', OK.replace('Token:', 'Token :')],
  ['with a head that has no end', 'x'.repeat(16_385)],
  ['with a head that is too long', OK.replace('0123', '0'.repeat(16_384))],
])('an answer %s is for another reader', (_, text) => expect(read(text)).toEqual('odd'))
