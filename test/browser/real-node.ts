// The built command as a process of its own, for a browser to look at.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface RealNode {
  /** `host:port` of the public port. */
  readonly listen: string
  readonly control: string
  readonly token: string
  end(): Promise<void>
}

/** A node, once it says that it is ready. `prefix`: what the command is run by. */
export async function startNode(data: string, flags: readonly string[], prefix: readonly string[] = []): Promise<RealNode> {
  const words = [...prefix, process.execPath, 'dist/main.js', 'up', '--data', data, '--json', ...flags]
  const child: ChildProcess = spawn(words[0] ?? '', words.slice(1), { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr?.on('data', (piece: Buffer) => {
    complaints = `${complaints}${piece}`.slice(-4_000)
  })
  const ready = await new Promise<string>((settle, fail) => {
    if (child.stdout) createInterface({ input: child.stdout }).once('line', settle)
    child.once('exit', (code) => fail(new Error(`the node ended with ${code}: ${complaints}`)))
  })
  const { listen, control }: { readonly listen: string; readonly control: string } = JSON.parse(ready)
  const { token }: { readonly token: string } = JSON.parse(await readFile(`${data}/control.json`, 'utf8'))
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    await gone
  }
  return { listen, control, token, end }
}
