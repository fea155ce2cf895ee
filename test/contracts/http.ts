// What any `Http` promises, as a suite for the virtual one and the real one alike.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AcceptedLink } from '../../src/frp/links/link.ts'
import type { Failure, Http, Listening, Network, PeerAnswer, PeerRequest, Reply, ServeOptions } from '../../src/ports.ts'
import { pattern } from './network.ts'

export interface HttpPair {
  readonly client: Http
  readonly server: Http
  /** Beside `client`, for bytes that no HTTP client sends. */
  readonly clientNetwork: Network
  /** Beside `server`, for peers that are no HTTP servers. */
  readonly serverNetwork: Network
  /** Where `server` and `serverNetwork` listen, without port. */
  readonly serverHost: string
  /** Waits for a promise while time passes: in a virtual world, moves the clock until it settles. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Lets that much time pass, at most 100 ms. */
  elapse(ms: number): Promise<void>
  end(): Promise<void>
}

type OnRequest = ServeOptions['onRequest']
const OK: Reply = { status: 200, body: 'ok' }
const failure = (reason: Failure['reason']) => ({ type: 'failed', reason, text: expect.any(String) })

export function httpContract(name: string, make: () => HttpPair | Promise<HttpPair>): void {
  describe(`the HTTP contract, kept by ${name}`, () => {
    let pair: HttpPair
    beforeEach(async () => {
      pair = await make()
    })
    afterEach(() => pair.end())

    const serve = async (onRequest: OnRequest, onFrp?: ServeOptions['onFrp']): Promise<Listening> => {
      const options = { address: `${pair.serverHost}:0`, onRequest, ...(onFrp ? { onFrp } : {}) }
      const listening = await pair.until(pair.server.serve(options))
      if (listening.type === 'failed') throw new Error(listening.text)
      return listening
    }
    const serveRaw = async (onLink: (accepted: AcceptedLink) => void): Promise<Listening> => {
      const listening = await pair.until(pair.serverNetwork.listen(`${pair.serverHost}:0`, onLink))
      if (listening.type === 'failed') throw new Error(listening.text)
      return listening
    }
    const ask = ({ port }: Listening, request: Partial<PeerRequest> = {}): Promise<PeerAnswer | Failure> =>
      pair.until(pair.client.request(`${pair.serverHost}:${port}`, { method: 'GET', path: '/', timeoutMs: 5_000, ...request }))
    const answerOf = (answer: PeerAnswer | Failure): PeerAnswer => {
      if (answer.type === 'failed') throw new Error(`${answer.reason}: ${answer.text}`)
      return answer
    }
    /** Sends raw bytes to a served port and answers what comes back until it ends. */
    const converse = async ({ port }: Listening, bytes: readonly (string | Buffer)[]): Promise<string> => {
      const opened = await pair.until(pair.clientNetwork.dial(`${pair.serverHost}:${port}`, { timeoutMs: 5_000 }))
      if ('type' in opened) throw new Error(opened.text)
      const { link } = opened
      const pieces: Buffer[] = []
      const over = new Promise<void>((resolve) => {
        link.on('end', () => {
          link.end()
          resolve()
        })
        link.on('close', () => resolve())
      })
      link.on('error', () => {})
      link.on('data', (piece) => pieces.push(piece))
      for (const piece of bytes) {
        link.write(Buffer.from(piece))
        await pair.elapse(5)
      }
      await pair.until(over)
      link.destroy()
      return Buffer.concat(pieces).toString('latin1')
    }

    describe('asking', () => {
      test('a request reaches the server whole, and its answer comes back', async () => {
        const seen: unknown[] = []
        const listening = await serve(async (request) => {
          const { method, path, query, headers, remote } = request
          const body = (await request.body(1_000))?.toString() ?? null
          seen.push({ method, path, query: [...query], kind: headers['x-kind'], body, from: typeof remote.host, port: remote.port > 0 })
          return { status: 418, headers: { 'x-tea': 'green', 'content-type': 'text/plain' }, body: 'käse' }
        })
        const headers = { 'X-Kind': 'test' }
        const answer = answerOf(await ask(listening, { method: 'POST', path: '/a/b?c=1&d=%20', headers, body: Buffer.from('hello') }))
        expect(seen).toEqual([
          {
            method: 'POST',
            path: '/a/b',
            query: [
              ['c', '1'],
              ['d', ' '],
            ],
            kind: 'test',
            body: 'hello',
            from: 'string',
            port: true,
          },
        ])
        expect([answer.status, answer.headers['x-tea'], answer.headers['content-type'], answer.body.toString()]).toEqual([
          418,
          'green',
          'text/plain',
          'käse',
        ])
      })

      test('a second request goes over the warm connection and needs no connect', async () => {
        const listening = await serve(async () => OK)
        const first = answerOf(await ask(listening))
        const second = answerOf(await ask(listening))
        expect([typeof first.timing.connectMs, second.timing.connectMs]).toEqual(['number', null])
        expect([first.timing.answerMs > 0, second.timing.answerMs > 0]).toEqual([true, true])
      })

      test('nobody there: refused', async () => {
        const listening = await serve(async () => OK)
        await pair.until(listening.close())
        expect(await ask(listening)).toEqual(failure('refused'))
      })

      test('a server that accepts and never answers: timeout', async () => {
        const listening = await serveRaw((accepted) => {
          const { link } = accepted.open(null)
          link.on('error', () => {})
          link.resume()
        })
        expect(await ask(listening, { timeoutMs: 100 })).toEqual(failure('timeout'))
      })

      test('a handler that never answers: timeout', async () => {
        const listening = await serve(() => new Promise(() => {}))
        expect(await ask(listening, { timeoutMs: 100 })).toEqual(failure('timeout'))
      })

      test('a server that answers garbage: protocol', async () => {
        const listening = await serveRaw((accepted) => {
          const { link } = accepted.open(null)
          link.on('error', () => {})
          link.on('data', () => link.write(Buffer.from('\u00ff\u0001garbage, not HTTP\r\n\r\n', 'latin1')))
        })
        expect(await ask(listening)).toEqual(failure('protocol'))
      })

      test('a server that closes without a word: reset', async () => {
        const listening = await serveRaw((accepted) => {
          const { link } = accepted.open(null)
          link.on('error', () => {})
          link.on('data', () => link.destroySoon())
        })
        expect(await ask(listening)).toEqual(failure('reset'))
      })

      test('a server that ends in the middle of its answer: reset', async () => {
        const listening = await serveRaw((accepted) => {
          const { link } = accepted.open(null)
          link.on('error', () => {})
          link.on('data', () => {
            link.write(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'))
            link.destroySoon()
          })
        })
        expect(await ask(listening)).toEqual(failure('reset'))
      })

      test('a request given up, before or during: aborted', async () => {
        const listening = await serve(() => new Promise(() => {}))
        expect(await ask(listening, { signal: AbortSignal.abort() })).toEqual(failure('aborted'))
        const abort = new AbortController()
        const address = `${pair.serverHost}:${listening.port}`
        const asked = pair.client.request(address, { method: 'GET', path: '/', timeoutMs: 5_000, signal: abort.signal })
        await pair.elapse(50)
        abort.abort()
        expect(await pair.until(asked)).toEqual(failure('aborted'))
      })

      test('an answer over maxBytes: protocol; just that much: fine', async () => {
        const listening = await serve(async () => ({ status: 200, body: pattern(10_000, 1) }))
        expect(await ask(listening, { maxBytes: 9_999 })).toEqual(failure('protocol'))
        expect(answerOf(await ask(listening, { maxBytes: 10_000 })).body.equals(pattern(10_000, 1))).toBe(true)
      })

      test('redirects are answers, not orders', async () => {
        const listening = await serve(async () => ({ status: 302, headers: { location: '/elsewhere' }, body: '' }))
        const { status, headers } = answerOf(await ask(listening))
        expect([status, headers.location]).toEqual([302, '/elsewhere'])
      })

      test('a filler is that many bytes, told piece by piece', async () => {
        const listening = await serve(async () => ({ status: 200, body: { type: 'filler', bytes: 300_000 } }))
        let counted = 0
        const onBytes = (bytes: number) => {
          counted += bytes
          return true
        }
        const { body } = answerOf(await ask(listening, { onBytes, maxBytes: 1 }))
        expect([counted, body.length]).toEqual([300_000, 0])
      })

      test('each side is told how much it wrote, also of what was broken off', async () => {
        const sent = { asking: [] as number[], answering: [] as number[] }
        const listening = await serve(async (request) => {
          await request.drain(() => true)
          return { status: 200, body: { type: 'filler', bytes: 300_000 }, onDone: (bytes) => void sent.answering.push(bytes) }
        })
        const onSent = (bytes: number): void => void sent.asking.push(bytes)
        await ask(listening, { method: 'POST', body: { type: 'filler', bytes: 200_000 }, onSent, onBytes: () => true })
        await ask(listening, { onSent, onBytes: () => true })
        await ask(listening, { onSent, onBytes: () => true })
        const isAbout = (bytes: number | undefined, wanted: number): boolean =>
          bytes !== undefined && bytes >= wanted && bytes < wanted + 1_000
        expect([sent.asking.length, [200_000, 20, 20].map((wanted, i) => isAbout(sent.asking[i], wanted))]).toEqual([3, [true, true, true]])
        await pair.elapse(50)
        expect(sent.answering.map((bytes) => isAbout(bytes, 300_000))).toEqual([true, true, true])
        const abort = new AbortController()
        const asked = ask(listening, { method: 'POST', body: { type: 'filler', bytes: 2 ** 40 }, onSent, signal: abort.signal })
        await pair.elapse(50)
        abort.abort()
        await asked
        expect([sent.asking.length, (sent.asking[3] ?? 0) < 2 ** 40]).toEqual([4, true])
      })

      test('a listener of pieces may have enough', async () => {
        const listening = await serve(async () => ({ status: 200, body: { type: 'filler', bytes: 50_000_000 } }))
        let counted = 0
        const onBytes = (bytes: number) => {
          counted += bytes
          return counted < 100_000
        }
        const { status } = answerOf(await ask(listening, { onBytes }))
        expect([status, counted >= 100_000, counted < 5_000_000]).toEqual([200, true, true])
      })
    })

    describe('timing', () => {
      const INFO: Reply = { status: 200, body: JSON.stringify({ Hostname: 'x', Platform: 'linux', CPU: '', RAM: 0, Disk: 0 }) }
      const burst = { samples: 3, primer: 'always' } as const
      const look = { samples: 1, primer: 'cold' } as const
      /** So many requests came, and what they were told. */
      const served = async (reply: (count: number) => Reply) => {
        let count = 0
        const listening = await serve(async () => reply(++count))
        return { listening, count: () => count }
      }
      /** `untimed`: requests that were not for a time. A machine that is busy may throw some times away, and asks again a few times. */
      const told = (answer: PeerAnswer | Failure, wanted: number, count: number) => {
        const { timing, timed, status } = answerOf(answer)
        const { samplesMs = [], discarded = 0 } = timed ?? {}
        const isWhole = samplesMs.length === wanted || (samplesMs.length < wanted && discarded > 0)
        const isTime = samplesMs.every((ms) => ms > 0 && ms < 1_000)
        return { status, isCold: timing.connectMs !== null, isWhole, isTime, untimed: count - samplesMs.length - discarded }
      }
      const fine = { status: 200, isWhole: true, isTime: true }

      test('a burst is a primer and three that are timed, on one connection; a look at a warm one is one', async () => {
        const { listening, count } = await served(() => INFO)
        const first = told(await ask(listening, { timed: burst }), 3, count())
        const before = count()
        const second = told(await ask(listening, { timed: look }), 1, count() - before)
        expect([first, second]).toEqual([
          { ...fine, isCold: true, untimed: 1 },
          { ...fine, isCold: false, untimed: 0 },
        ])
      })

      test('a look where a connection had to be made has a primer too', async () => {
        const { listening, count } = await served(() => INFO)
        expect(told(await ask(listening, { timed: look }), 1, count())).toEqual({ ...fine, isCold: true, untimed: 1 })
      })

      test('what is no server of a network is asked once, and nothing of it is timed', async () => {
        const { listening, count } = await served(() => OK)
        const { status, body, timed } = answerOf(await ask(listening, { timed: burst }))
        expect([status, body.toString(), timed, count()]).toEqual([200, 'ok', { samplesMs: [], discarded: 0, roughMs: null }, 1])
      })

      test('what was timed before an error stands; nothing timed is a failure', async () => {
        const later = await served((count) => (count < 3 ? INFO : { status: 500, body: '' }))
        const { timed } = answerOf(await ask(later.listening, { timed: burst }))
        expect([(timed?.samplesMs.length ?? 0) + (timed?.discarded ?? 0), later.count()]).toEqual([1, 3])
        const soon = await served((count) => (count < 2 ? INFO : { status: 500, body: '' }))
        expect(await ask(soon.listening, { timed: burst })).toEqual(failure('protocol'))
      })

      test('a request that is given up half-way is one that was called off', async () => {
        const abort = new AbortController()
        const { listening } = await served((count) => {
          if (count === 2) abort.abort()
          return INFO
        })
        expect(await ask(listening, { timed: burst, signal: abort.signal })).toEqual(failure('aborted'))
      })
    })

    describe('kept apart', () => {
      test('requests under way at once have a connection each, which the next ones of the same name use, and no others', async () => {
        const ports: number[] = []
        const listening = await serve(async ({ remote }) => {
          ports.push(remote.port)
          return OK
        })
        const apart = {}
        const both = (): Promise<unknown> => Promise.all([ask(listening, { apart }), ask(listening, { apart })])
        await both()
        await both()
        await ask(listening)
        await ask(listening, { apart: {} })
        const [first, second] = [new Set(ports.slice(0, 2)), new Set(ports.slice(2, 4))]
        expect([first.size, second, new Set(ports).size]).toEqual([2, first, 4])
      })

      test('what has come on the connection is at least what was told', async () => {
        const listening = await serve(async () => ({ status: 200, body: { type: 'filler', bytes: 300_000 } }))
        const told: boolean[] = []
        let counted = 0
        const onBytes: PeerRequest['onBytes'] = (bytes, arrived) => {
          counted += bytes
          told.push(arrived() >= counted && arrived() <= 310_000)
          return true
        }
        await ask(listening, { apart: {}, onBytes })
        expect([counted, told.every((one) => one)]).toEqual([300_000, true])
      })
    })

    describe('serving', () => {
      test('a body over the limit is null', async () => {
        const listening = await serve(async (request) => ({ status: 200, body: String((await request.body(4))?.length ?? null) }))
        expect(answerOf(await ask(listening, { method: 'POST', body: Buffer.from('1234') })).body.toString()).toBe('4')
        expect(answerOf(await ask(listening, { method: 'POST', body: Buffer.from('12345') })).body.toString()).toBe('null')
      })

      test('a request without a body has an empty one', async () => {
        const listening = await serve(async (request) => ({ status: 200, body: String((await request.body(4))?.length ?? null) }))
        expect(answerOf(await ask(listening)).body.toString()).toBe('0')
      })

      test('an upload is counted away', async () => {
        const listening = await serve(async (request) => ({ status: 200, body: String(await request.drain(() => true)) }))
        const body = { type: 'filler', bytes: 2_000_000 } as const
        expect(answerOf(await ask(listening, { method: 'POST', body })).body.toString()).toBe('2000000')
      })

      test('an upload may be ended early, with an answer', async () => {
        const listening = await serve(async (request) => {
          let counted = 0
          const bytes = await request.drain((piece) => {
            counted += piece
            return counted < 100_000
          })
          return { status: 200, body: String(bytes) }
        })
        const body = { type: 'filler', bytes: 3_000_000 } as const
        const counted = Number(answerOf(await ask(listening, { method: 'POST', body })).body.toString())
        expect([counted >= 100_000, counted < 3_000_000]).toEqual([true, true])
      })

      const parts = (field: string, content: Buffer): readonly Buffer[] => [
        Buffer.from(`--frontier\r\nContent-Disposition: form-data; name="other"\r\n\r\nx\r\n`),
        Buffer.from(`--frontier\r\nContent-Disposition: form-data; name="${field}"; filename="table.json"\r\n`),
        Buffer.from('Content-Type: application/octet-stream\r\n\r\n'),
        content,
        Buffer.from('\r\n--frontier--\r\n'),
      ]
      const multipart = { 'content-type': 'multipart/form-data; boundary=frontier' }
      const serveParts = () =>
        serve(async (request) => {
          const part = await request.filePart('json', 100_000)
          return { status: 200, body: part === null ? 'null' : `${part.name} ${part.content.equals(pattern(part.content.length, 9))}` }
        })

      test('the one file part of a multipart body is found', async () => {
        const listening = await serveParts()
        const send = async (field: string, bytes: number) => {
          const body = Buffer.concat(parts(field, pattern(bytes, 9)))
          return answerOf(await ask(listening, { method: 'POST', headers: multipart, body })).body.toString()
        }
        expect([await send('json', 90_001), await send('json', 100_001), await send('jsonn', 5)]).toEqual([
          'table.json true',
          'null',
          'null',
        ])
      })

      test('an answer is broken off when its signal says so', async () => {
        const ending = new AbortController()
        const listening = await serve(async () => ({ status: 200, body: { type: 'filler', bytes: 50_000_000 }, signal: ending.signal }))
        const onBytes = (): boolean => {
          ending.abort()
          return true
        }
        expect(await ask(listening, { onBytes })).toEqual(failure('reset'))
      })

      test('the size of a file part is told without its content', async () => {
        const listening = await serve(async (request) => ({ status: 200, body: JSON.stringify(await request.fileSize('json', 100_000)) }))
        const send = async (bytes: number) => {
          const body = Buffer.concat(parts('json', pattern(bytes, 9)))
          return answerOf(await ask(listening, { method: 'POST', headers: multipart, body })).body.toString()
        }
        expect([await send(90_001), await send(100_001)]).toEqual(['{"name":"table.json","bytes":90001}', 'null'])
      })

      test('a body that is no multipart has no file part', async () => {
        const listening = await serveParts()
        const plain = answerOf(await ask(listening, { method: 'POST', body: Buffer.from('{}') }))
        const torn = answerOf(await ask(listening, { method: 'POST', headers: multipart, body: Buffer.from('--frontier\r\nConte') }))
        expect([plain.body.toString(), torn.body.toString()]).toEqual(['null', 'null'])
      })

      test('a chunked multipart body, a few bytes at a time, is understood', async () => {
        const listening = await serveParts()
        const head =
          'POST /IpTable HTTP/1.1\r\nHost: peer\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n' +
          `Content-Type: ${multipart['content-type']}\r\n\r\n`
        const chunks = parts('json', pattern(5_000, 9)).map((part) =>
          Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
        )
        const answer = await converse(listening, [head, ...chunks, '0\r\n\r\n'])
        expect([answer.slice(0, 12), answer.includes('table.json true')]).toEqual(['HTTP/1.1 200', true])
      })

      test('a peer that breaks off in its body gives null', async () => {
        let onBody = (_: Buffer | null) => {}
        const got = new Promise<Buffer | null>((resolve) => {
          onBody = resolve
        })
        const listening = await serve(async (request) => {
          onBody(await request.body(1_000))
          return OK
        })
        const opened = await pair.until(pair.clientNetwork.dial(`${pair.serverHost}:${listening.port}`, { timeoutMs: 5_000 }))
        if ('type' in opened) throw new Error(opened.text)
        opened.link.on('error', () => {})
        opened.link.resume()
        opened.link.write(Buffer.from('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc'))
        await pair.elapse(50)
        opened.link.destroy()
        expect(await pair.until(got)).toBe(null)
      })

      test.each([
        ['0x00, the mux', Buffer.from([0x00, 0x01, 0x02, 0x03])],
        ['o, plain frp', Buffer.from('o\x00\x00')],
        ['w, a work connection', Buffer.from('w\x00\x00')],
        ['F, wire v2', Buffer.from('FRP\x00\x02')],
      ])('a connection that begins with %s is frp, and nothing of it is lost', async (_, hello) => {
        const got: Buffer[] = []
        const listening = await serve(
          async () => OK,
          (accepted) => {
            const { link } = accepted.open(null)
            // Both pieces may come as the first one.
            const hear = (bytes: Buffer): void => {
              got.push(bytes)
              if (Buffer.concat(got).length === hello.length + 4) link.end()
            }
            link.on('error', () => {})
            link.on('data', hear)
            link.on('end', () => link.end())
            link.write(Buffer.from('welcome'))
            if (accepted.first) hear(accepted.first)
          },
        )
        expect([await converse(listening, [hello, 'more']), Buffer.concat(got).toString('latin1')]).toEqual([
          'welcome',
          `${hello.toString('latin1')}more`,
        ])
      })

      test('frp is turned away where nobody wants it', async () => {
        const listening = await serve(async () => OK)
        expect(await converse(listening, [Buffer.from([0x00, 0x01])])).toBe('')
      })

      test('bytes that are neither are turned away, and the port lives on', async () => {
        const listening = await serve(async () => OK)
        const answer = await converse(listening, [Buffer.from('nonsense\r\n\r\n')])
        expect(answer === '' || answer.startsWith('HTTP/1.1 400')).toBe(true)
        expect(answerOf(await ask(listening)).status).toBe(200)
      })

      test('a port in use cannot be served, and is free again once closed', async () => {
        const first = await serve(async () => OK)
        const options: ServeOptions = { address: `${pair.serverHost}:${first.port}`, onRequest: async () => OK }
        expect(await pair.until(pair.server.serve(options))).toEqual(failure('in-use'))
        expect(answerOf(await ask(first)).status).toBe(200) // and a warm connection stands
        await pair.until(first.close())
        const second = await pair.until(pair.server.serve(options))
        expect(second.type).toBe('listening')
        if (second.type === 'listening') await pair.until(second.close())
      })
    })
  })
}
