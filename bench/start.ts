// From the start of the process to the line that says it listens. Beside it: Node alone, which is the floor.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { median, type Part, progress } from './measure.ts'
import { onStage, program } from './nodes.ts'

export const startPart: Part = ({ rounds, short }) =>
  onStage(async ({ folder }) => {
    const ours: number[] = []
    const bare: number[] = []
    for (let round = 0; round < (short ? 3 : Math.max(11, rounds)); round++) {
      const data = join(folder, `${round}`)
      ours.push(await firstLine([program, 'up', '--json', '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--data', data], 'ready'))
      bare.push(await firstLine(['-e', 'console.log("ready"); setTimeout(() => {}, 60000)'], 'ready'))
      progress(`start ${round + 1}: ${ours.at(-1)?.toFixed(0)} ms, Node alone ${bare.at(-1)?.toFixed(0)} ms`)
    }
    const rival = { name: 'Node alone', value: median(bare) }
    return {
      figures: [{ name: 'start to listening', unit: 'ms', ours: median(ours), rival, goal: { of: 'value', at: 'most', limit: 400 } }],
      details: '',
    }
  })

async function firstLine(args: readonly string[], wanted: string): Promise<number> {
  const from = performance.now()
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000, killSignal: 'SIGKILL' })
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line.includes(wanted)) return performance.now() - from
    throw new Error(`node ${args.join(' ')} ended without a line that says ${wanted}`)
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
  }
}
