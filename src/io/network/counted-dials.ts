import type { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Descriptors } from './descriptors.ts'

/** Has every connection that the agent makes count. Where no descriptor is left for one, the request fails with EMFILE. */
export function countDials(agent: Agent, descriptors: Descriptors): void {
  const dial = agent.createConnection.bind(agent)
  agent.createConnection = (options, created) => {
    if (!descriptors.take('own')) {
      const error = Object.assign(new Error('no descriptors are left'), { code: 'EMFILE' })
      process.nextTick(() => created?.(error, NO_STREAM))
      return null
    }
    let isWatched = false
    const watch = (stream: Duplex | null | undefined): void => {
      if (isWatched || !stream) return
      isWatched = true
      stream.once('close', () => descriptors.give())
    }
    const stream = dial(options, (error, later) => {
      if (error && !isWatched) {
        isWatched = true
        descriptors.give()
      }
      watch(later)
      created?.(error, later)
    })
    watch(stream)
    return stream
  }
}

/** Where there is an error the agent looks at nothing else. */
const NO_STREAM = undefined as never
