// Worker processes, one a core, each with one order at a time.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, Report } from './worker.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
/** A world that stands still for so long is never heard of again. */
const HANG_MS = 240_000

export type Answer = Report | { readonly type: 'hung' }

export interface Crew {
  /** Settles when a worker has done it. Waits for a free one. */
  give(order: Order): Promise<Answer>
  end(): void
}

export function createCrew(size: number): Crew {
  const free: ChildProcess[] = Array.from({ length: size }, hire)
  const waiting: ((worker: ChildProcess) => void)[] = []
  const all = new Set(free)
  const release = (worker: ChildProcess): void => {
    const next = waiting.shift()
    if (next) next(worker)
    else free.push(worker)
  }
  const take = (): Promise<ChildProcess> => {
    const worker = free.pop()
    return worker ? Promise.resolve(worker) : new Promise((resolve) => waiting.push(resolve))
  }
  return {
    give: async (order) => {
      const worker = await take()
      const answer = await ask(worker, order)
      if (answer.type !== 'hung') release(worker)
      else {
        all.delete(worker)
        worker.kill('SIGKILL')
        const another = hire()
        all.add(another)
        release(another)
      }
      return answer
    },
    end: () => {
      for (const worker of all) worker.kill()
    },
  }
}

/** Worlds leave much for the collector, which may take half a gigabyte of it before it must act. */
const hire = (): ChildProcess => fork(WORKER, [], { execArgv: ['--import', 'tsx', '--max-semi-space-size=32'] })

function ask(worker: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish({ type: 'hung' }), HANG_MS)
    const gone = (): void => finish({ type: 'hung' })
    const finish = (answer: Answer): void => {
      clearTimeout(timer)
      worker.off('message', finish)
      worker.off('exit', gone)
      resolve(answer)
    }
    worker.on('message', finish)
    worker.on('exit', gone)
    worker.send(order)
  })
}
