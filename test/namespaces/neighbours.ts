// Who lives in a town: nodes, a service at home, a visitor on the street. Every process ends with the one that runs the tests.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { PeersAnswer, StatusAnswer } from '../../src/answers.ts'
import type { Entry, News } from '../../src/feed/news.ts'
import type { Place, Town } from './town.ts'

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PATIENCE_MS = 60_000

export interface Neighbours {
  /** A node, once it is ready. */
  node(place: Place, flags: readonly string[]): Promise<RunningNode>
  /** A web server on that machine's loopback, which answers `text` to everybody. */
  service(place: Place, port: number, text: string): Promise<void>
  /** What a GET of `http://ADDRESS/` (or another path) gets there, on a new connection; null when nobody answers within 3 s. */
  get(place: Place, address: string, path?: string): Promise<string | null>
  /** A command of the node there, which runs until everybody is killed: its first line. */
  command(place: Place, args: readonly string[]): Promise<string>
  /** Kills everybody. */
  leave(): Promise<void>
}

export interface RunningNode {
  /** The first news of that type at or after number `after` that fits. Rejects with what it did say, after a minute. */
  hears<T extends News['type']>(
    type: T,
    fits?: (entry: Extract<Entry, { readonly type: T }>) => boolean,
    after?: number,
  ): Promise<Extract<Entry, { readonly type: T }>>
  /** How many news it has told so far. */
  told(): number
  /** `moonwalk status --json` there. */
  status(): Promise<StatusAnswer>
  /** `moonwalk peers --json` there. */
  peers(): Promise<PeersAnswer>
  end(signal: NodeJS.Signals): Promise<number | null>
}

export function moveIn(town: Pick<Town, 'at'>, folder: string): Neighbours {
  const processes = new Set<ChildProcess>()

  const start = (place: Place, args: readonly string[]): ChildProcess => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('MOONWALK_')))
    const [tool = '', ...words] = [...town.at(place), 'setpriv', '--pdeathsig', 'KILL', process.execPath, ...args]
    const child = spawn(tool, words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    processes.add(child)
    child.once('close', () => processes.delete(child))
    return child
  }

  const ask = async (place: Place, args: readonly string[]): Promise<string> => {
    const [tool = '', ...words] = [...town.at(place), process.execPath, ...args]
    return (await promisify(execFile)(tool, words, { timeout: 10_000 })).stdout
  }

  return {
    node: (place, flags) => {
      const data = `${folder}/${place}`
      const always = ['--json', '--open', '--data', data, '--name', place, '--control', '127.0.0.1:0', '--speedtest-pace-ms', '500']
      const child = start(place, [main, 'up', ...always, ...flags])
      return listenTo(place, child, async (command) => JSON.parse(await ask(place, [main, command, '--json', '--data', data])))
    },
    service: async (place, port, text) => {
      const server = `require('http').createServer((_, to) => to.end(${JSON.stringify(text)})).listen(${port}, '127.0.0.1', () => console.log('open'))`
      const child = start(place, ['-e', server])
      if (child.stdout) await once(child.stdout, 'data')
    },
    get: async (place, address, path = '/') => {
      // Not with fetch, which refuses some eighty ports that a stock frps may well hand out ("bad port").
      const visit = `const give = () => process.exit(9)
require('http').get('http://${address}${path}', { agent: false, signal: AbortSignal.timeout(3000) }, (answer) => answer.on('error', give).pipe(process.stdout)).on('error', give)`
      return ask(place, ['-e', visit]).catch(() => null)
    },
    command: async (place, args) => {
      const child = start(place, [main, ...args, '--data', `${folder}/${place}`])
      if (!child.stdout) throw new Error('it has no output')
      let complaints = ''
      child.stderr?.on('data', (piece: Buffer) => {
        complaints += piece
      })
      const [line] = await Promise.race([
        once(createInterface({ input: child.stdout }), 'line'),
        once(child, 'close').then(() => Promise.reject(new Error(`${args.join(' ')} ended without a line: ${complaints}`))),
      ])
      return String(line)
    },
    leave: async () => {
      const gone = [...processes].map((child) => once(child, 'close'))
      for (const child of processes) child.kill('SIGKILL')
      await Promise.all(gone)
    },
  }
}

async function listenTo(name: string, child: ChildProcess, ask: (command: 'status' | 'peers') => Promise<unknown>): Promise<RunningNode> {
  const told: Entry[] = []
  const waiting = new Set<() => void>()
  let complaints = ''
  let ready = false
  let gone = false
  const wake = (): void => {
    for (const look of [...waiting]) look()
  }
  child.stderr?.on('data', (piece: Buffer) => {
    complaints = `${complaints}${piece}`.slice(-4_000)
  })
  child.once('close', () => {
    gone = true
    wake()
  })
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said: Entry | { readonly event: string } = JSON.parse(line)
      if ('event' in said && !('type' in said)) ready = true
      else if ('type' in said) told.push(said)
      wake()
    })

  const wait = <T>(what: string, find: () => T | undefined): Promise<T> =>
    new Promise((settle, fail) => {
      const done = (): void => {
        clearTimeout(timer)
        waiting.delete(look)
      }
      const complain = (why: string): void => {
        done()
        const story = told
          .filter(({ type }) => type !== 'peer.measured')
          .slice(-30)
          .map((entry) => JSON.stringify(entry))
        fail(new Error(`${name} ${why} without ${what}; ${complaints}it told:\n${story.join('\n')}`))
      }
      const look = (): void => {
        const found = find()
        if (found !== undefined) {
          done()
          settle(found)
        } else if (gone) complain('ended')
      }
      const timer = setTimeout(() => complain(`ran for ${PATIENCE_MS} ms`), PATIENCE_MS)
      waiting.add(look)
      look()
    })

  await wait('being ready', () => (ready ? true : undefined))
  return {
    hears: (type, fits = () => true, after = 0) =>
      wait(`news of ${type}`, () =>
        told
          .slice(after)
          .find((entry): entry is Extract<Entry, { readonly type: typeof type }> => entry.type === type && fits(entry as never)),
      ),
    told: () => told.length,
    status: async () => (await ask('status')) as StatusAnswer,
    peers: async () => (await ask('peers')) as PeersAnswer,
    end: async (signal) => {
      if (gone) return child.exitCode
      const closed = once(child, 'close')
      child.kill(signal)
      await closed
      return child.exitCode
    },
  }
}
