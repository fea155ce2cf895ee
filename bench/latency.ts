// The latency a node shows for a peer, against one byte there and back over a bare TCP connection on the same path.
import { join } from 'node:path'
import type { PingAnswer } from '../src/answers.ts'
import { call } from '../src/cli/control-client.ts'
import { complete } from '../src/cli/demo/expectations.ts'
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { median, numbersOf, type Part, progress, quantile, shown, start } from './measure.ts'
import { onStage, until } from './nodes.ts'
import { loadBinary } from './tunnel/load.ts'

export const latencyPart: Part = ({ short }) =>
  onStage(async ({ node, folder }) => {
    const load = loadBinary()
    const [port = 0] = await freePorts(1)
    const echo = await start(load, ['serve', `127.0.0.1:${port}`], { waits: false })
    try {
      const peer = await node('peer', [], '--listen', '127.0.0.1:0')
      const here = await node('here', [peer.listen ?? ''], '--listen', '127.0.0.1:0')
      await until('two complete tables', [peer, here], async (child) => complete(await child.peers(), 2))
      const shownMs: number[] = []
      const rawMs: number[] = []
      const pacedMs: number[] = []
      for (let round = 0; round < (short ? 10 : 60); round++) {
        const answer = await call<PingAnswer>({ data: join(folder, 'here') }, {}, '/api/ping', { peer: peer.id })
        if (answer.type === 'failed') throw new Error(answer.text)
        shownMs.push(answer.body.rttMs)
        const [p50 = Number.NaN] = await numbersOf(load, ['echo', `127.0.0.1:${port}`, '50'])
        rawMs.push(p50)
        // As few as a ping sends: a path that has just been woken up.
        const [few = Number.NaN] = await numbersOf(load, ['echo', `127.0.0.1:${port}`, '3'])
        pacedMs.push(few)
      }
      const inTable = (await here.peers())?.peers.find(({ id }) => id === peer.id)?.rttMs ?? Number.NaN
      progress(`latency: shown ${shown(median(shownMs))} ms, in the table ${shown(inTable)} ms, bare TCP echo ${shown(median(rawMs))} ms`)
      const rival = { name: 'bare TCP echo', value: median(rawMs) }
      return {
        figures: [
          {
            name: 'latency shown, p50',
            unit: 'ms',
            ours: median(shownMs),
            rival,
            goal: { of: 'difference', at: 'most', limit: 0.3 },
          },
          { name: 'latency in the table at the end', unit: 'ms', ours: inTable, rival, goal: null },
        ],
        details: `- latency shown p50 ${shown(median(shownMs))}, p95 ${shown(quantile(shownMs, 0.95))} ms over ${shownMs.length} pings (each the best of three); bare TCP echo in bursts of 50: p50 ${shown(median(rawMs))}, of 3: ${shown(median(pacedMs))} ms`,
      }
    } finally {
      await echo.end()
    }
  })
