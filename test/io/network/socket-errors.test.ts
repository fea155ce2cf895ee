import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { bugsOnly, isBug } from '../../../src/io/network/socket-errors.ts'

const coded = (code: string, error: Error = new Error('x')): Error => Object.assign(error, { code })

describe('an error of a socket', () => {
  test.each<[string, unknown, boolean]>([
    ['a reset', coded('ECONNRESET'), false],
    ['another protocol', coded('HPE_INVALID_CONSTANT'), false],
    ['what a peer’s header does to Node’s writer', coded('ERR_INVALID_CHAR', new TypeError('x')), false],
    ['a status that is none', coded('ERR_HTTP_INVALID_STATUS_CODE', new RangeError('x')), false],
    ['a link that was destroyed with a reason', new Error('the other end was reset'), false],
    ['a write behind the end', coded('ERR_STREAM_WRITE_AFTER_END'), true],
    ['an argument of the wrong type', coded('ERR_INVALID_ARG_TYPE', new TypeError('x')), true],
    ['a read of what is not there', new TypeError("Cannot read properties of undefined (reading 'x')"), true],
    ['the same within got', coded('ERR_GOT_REQUEST_ERROR', new Error('x', { cause: new TypeError('x') })), true],
    ['the network within got', coded('ERR_GOT_REQUEST_ERROR', new Error('x', { cause: coded('ECONNRESET') })), false],
    ['no error at all', 'x', false],
  ])('%s', (_, error, expected) => expect(isBug(error)).toEqual(expected))

  test('is heard where it is a bug, and only there', async () => {
    const heard: unknown[] = []
    const stream = new PassThrough()
    stream.on(
      'error',
      bugsOnly((error) => heard.push(error)),
    )
    stream.end()
    stream.write('x')
    await new Promise((resolve) => setImmediate(resolve))
    const socket = new Socket()
    socket.on(
      'error',
      bugsOnly((error) => heard.push(error)),
    )
    socket.destroy(coded('ECONNRESET'))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(heard).toEqual([expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' })])
  })
})
