import { afterEach, expect, test } from 'vitest'
import { connected, everything, openPort } from '../loopback.ts'

// As Go's mime/multipart and net/http write them: 60 hex digits for a boundary, chunked, no Content-Length.
const BOUNDARY = '2b8b6e5f7a2d4f1c9e3a5b7d8c6f0e1a2b3c4d5e6f708192a3b4c5d6e7f8'
const part = (field: string, file: string, content: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"; filename="${file}"\r\n` +
  `Content-Type: application/octet-stream\r\n\r\n${content}\r\n`
const END = `--${BOUNDARY}--\r\n`

const chunked = (body: string, size: number): string => {
  const chunks = body.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`
}
const request = (method: string, path: string, body: string, size = 32_768, type = `multipart/form-data; boundary=${BOUNDARY}`): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:8088\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\n` +
  `Content-Type: ${type}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n${chunked(body, size)}`

let close: () => Promise<void> = async () => {}
afterEach(() => close())

/** What the port makes of the request, asked for the file `json` of at most 200 bytes. */
async function received(bytes: string): Promise<unknown> {
  const door = await openPort({
    onRequest: async ({ filePart }) => {
      const file = await filePart('json', 200)
      return { status: 200, body: JSON.stringify(file && { name: file.name, content: file.content.toString() }) }
    },
  })
  close = door.close
  const socket = await connected(door.port)
  socket.write(bytes)
  const answer = await everything(socket)
  socket.destroy()
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
}

const TABLE = '{\n "ip_address": null\n}'
const FILE = '/home/ash/.p2prc/p2p/iptable/ip_table.json'

test.each([
  ['a table as Go sends it', request('POST', '/IpTable', part('json', FILE, TABLE) + END), { name: FILE, content: TABLE }],
  ['byte by byte', request('POST', '/IpTable', part('json', FILE, TABLE) + END, 1), { name: FILE, content: TABLE }],
  ['with GET', request('GET', '/upload', part('json', FILE, TABLE) + END), { name: FILE, content: TABLE }],
  ['behind others', request('POST', '/', part('file', 'a', 'b') + part('json', 'c', 'd') + END), { name: 'c', content: 'd' }],
  ['an empty file', request('POST', '/', part('json', FILE, '') + END), { name: FILE, content: '' }],
  ['as large as allowed', request('POST', '/', part('json', 'a', 'x'.repeat(200)) + END), { name: 'a', content: 'x'.repeat(200) }],
  ['one byte too large', request('POST', '/', part('json', 'a', 'x'.repeat(201)) + END), null],
  ['much too large', request('POST', '/', part('json', 'a', 'x'.repeat(500_000)) + END), null],
  ['another field name', request('POST', '/', part('Json', 'a', 'x') + END), null],
  ['a value, no file', request('POST', '/', `--${BOUNDARY}\r\nContent-Disposition: form-data; name="json"\r\n\r\n{}\r\n${END}`), null],
  ['without its end', request('POST', '/', part('json', 'a', 'x')), null],
  ['broken off in a part', request('POST', '/', part('json', 'a', 'x').slice(0, -2)), null],
  ['an empty body', request('POST', '/', ''), null],
  ['a body of something else', request('POST', '/', 'hello there'), null],
  ['no boundary', request('POST', '/', part('json', 'a', 'x') + END, 100, 'multipart/form-data'), null],
  ['no multipart', request('POST', '/', '{}', 100, 'application/json'), null],
  [
    'in front of a part whose headers never end',
    request('POST', '/', `${part('json', 'a', 'x')}--${BOUNDARY}\r\nContent-D\r\n--${BOUNDARY}--\r\n`),
    { name: 'a', content: 'x' },
  ],
  ['too many parts before it', request('POST', '/', part('a', 'a', 'x').repeat(40) + part('json', 'a', 'x') + END), null],
])('%s', async (_, bytes, file) => expect(await received(bytes)).toEqual(file))

test('a body that breaks off with the connection is answered with nothing', async () => {
  let tell: (file: unknown) => void = () => {}
  const told = new Promise((resolve) => {
    tell = resolve
  })
  const door = await openPort({
    onRequest: async ({ filePart }) => {
      tell(await filePart('json', 200))
      return { status: 200, body: '' }
    },
  })
  close = door.close
  const socket = await connected(door.port)
  socket.write(request('POST', '/', part('json', FILE, TABLE)).slice(0, -30), () => socket.destroy())
  expect(await told).toEqual(null)
})
