// A node of its own for what stands in ops/, as a process on loopback.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endAll, type Running, start } from '../cli/process.ts'

export interface OpsNode {
  readonly dir: string
  /** `http://127.0.0.1:PORT`. */
  readonly control: string
  readonly running: Running
  end(): Promise<void>
}

export async function startOpsNode(env: NodeJS.ProcessEnv = {}): Promise<OpsNode> {
  const dir = mkdtempSync(join(tmpdir(), 'moonwalk-ops-'))
  const flags = ['--addresses', 'any', '--control=127.0.0.1:0', '--listen', '127.0.0.1:0', '--name', 'ash']
  const running = start(['up', '--data', dir, '--json', ...flags], env)
  const line = await running.line()
  if (line === null) throw new Error((await running.ended).err)
  const { control }: { readonly control: string } = JSON.parse(line)
  return {
    dir,
    control,
    running,
    end: async () => {
      running.child.kill('SIGTERM')
      await running.ended
      endAll()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
