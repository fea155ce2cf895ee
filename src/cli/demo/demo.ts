// `moonwalk demo`: a whole small network on this machine, in processes of its own over real sockets.
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complain } from '../complaint.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { freePorts } from './free-ports.ts'
import { playDemo } from './phases.ts'
import { startService } from './probe-service.ts'
import { factsText } from './report.ts'

/** Well under a minute as a rule; a machine that is busy with other things is given time. */
const WHOLE_DEMO_MS = 120_000

export async function runDemo({ once, json }: { readonly once: boolean; readonly json: boolean }): Promise<ExitCode> {
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-demo-'))
  const running = new Set<ChildProcess>()
  const service = await startService()
  const endAll = (): void => {
    for (const child of running) child.kill('SIGKILL')
  }
  process.once('exit', endAll)
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'))
  })
  const tooLong = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`the demo did not come to its end within ${WHOLE_DEMO_MS / 1_000} s`)), WHOLE_DEMO_MS).unref()
  })
  const progress = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`)
  try {
    const facts = await Promise.race([
      playDemo({ folder, running, servicePort: service.port, ports: await freePorts(5), progress }),
      interrupted,
      tooLong,
    ])
    if (facts === 'interrupted') return EXIT.failed
    process.stdout.write(json ? `${JSON.stringify(facts)}\n` : factsText(facts))
    if (!once) {
      progress('\nThe network goes on; Ctrl-C ends it.')
      await interrupted
    }
    return EXIT.fine
  } catch (error) {
    return complain(`the demo failed: ${error instanceof Error ? error.message : String(error)}`, EXIT.failed, json)
  } finally {
    const ending = [...running].map((child) => new Promise((ended) => child.once('close', ended)))
    endAll()
    await Promise.all(ending)
    service.server.closeAllConnections()
    service.server.close()
    rmSync(folder, { recursive: true, force: true })
    process.removeListener('exit', endAll)
  }
}
