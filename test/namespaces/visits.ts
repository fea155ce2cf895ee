// Somebody who comes again and again, on a new connection each time, and notes when each was answered.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Place, Town } from './town.ts'

/** Where it is asked: `http://address/`, under another Host where one is named. */
export interface Target {
  readonly name: string
  readonly address: string
  readonly host?: string
}

export interface Visit {
  readonly name: string
  /** When it began and when it ended, ms of the wall clock. */
  readonly fromMs: number
  readonly toMs: number
  readonly ok: boolean
  /** It was ended before it had waited for `VISIT_TIMEOUT`: on a machine that is busy many wait longer. */
  readonly isRefused: boolean
}

/** One visit to each target begins this often, and gives up after `VISIT_TIMEOUT`. */
export const VISIT_PERIOD = 50
const VISIT_TIMEOUT = 1_500

const VISITOR = `
const { get } = require('node:http')
const targets = JSON.parse(process.argv[1])
const visit = ({ name, address, host }) => {
  const [hostname, port] = address.split(':')
  const fromMs = Date.now()
  let isOver = false
  const over = (ok) => {
    if (isOver) return
    isOver = true
    const toMs = Date.now()
    console.log(JSON.stringify({ name, fromMs, toMs, ok, isRefused: !ok && toMs - fromMs < ${VISIT_TIMEOUT} }))
  }
  const request = get({ hostname, port, agent: false, headers: host ? { host } : {}, signal: AbortSignal.timeout(${VISIT_TIMEOUT}) }, (answer) => {
    answer.resume()
    answer.on('end', () => over(answer.statusCode === 200))
    answer.on('error', () => over(false))
  })
  request.on('error', () => over(false))
}
setInterval(() => targets.forEach(visit), ${VISIT_PERIOD})
`

export interface Visits {
  /** All that are over, in the order of their ends. */
  readonly made: readonly Visit[]
  /** Settles with the first at one of these targets that began after the moment, and was answered; rejects after `withinMs`. */
  firstAnswer(names: readonly string[], afterMs: number, withinMs: number): Promise<Visit>
  end(): void
}

export function visitFrom(town: Pick<Town, 'at'>, place: Place, targets: readonly Target[]): Visits {
  const [tool = '', ...words] = [
    ...town.at(place),
    ...['setpriv', '--pdeathsig', 'KILL', process.execPath, '-e', VISITOR, JSON.stringify(targets)],
  ]
  const child: ChildProcess = spawn(tool, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const made: Visit[] = []
  const listeners = new Set<(visit: Visit) => void>()
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const visit: Visit = JSON.parse(line)
      made.push(visit)
      for (const listener of [...listeners]) listener(visit)
    })
  return {
    made,
    firstAnswer: (names, afterMs, withinMs) =>
      new Promise((resolve, reject) => {
        const fits = ({ name, fromMs, ok }: Visit): boolean => ok && fromMs >= afterMs && names.includes(name)
        const done = (): void => {
          clearTimeout(timer)
          listeners.delete(hear)
        }
        const hear = (visit: Visit): void => {
          if (!fits(visit)) return
          done()
          resolve(visit)
        }
        const timer = setTimeout(() => {
          done()
          reject(new Error(`nobody answered at ${names.join(' or ')} within ${withinMs} ms`))
        }, withinMs)
        listeners.add(hear)
        const earlier = made.find(fits)
        if (earlier !== undefined) hear(earlier)
      }),
    end: () => void child.kill('SIGKILL'),
  }
}
