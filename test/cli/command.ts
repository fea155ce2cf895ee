// One command line, run in this process: what it said and how it ended.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { run } from '../../src/cli/program.ts'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** `onOut` is told of every write to stdout while the command runs, `onErr` of those to stderr. */
export async function command(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onOut: (text: string) => void = () => {},
  onErr: (text: string) => void = () => {},
): Promise<Said> {
  const said = { out: '', err: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((piece) => {
      const text = typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8')
      said[name === 'stdout' ? 'out' : 'err'] += text
      if (name === 'stdout') onOut(text)
      else onErr(text)
      return true
    }),
  )
  try {
    const code = await run(['node', 'moonwalk', ...args], env)
    return { code, ...said }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** A data directory as a node that runs at `url` leaves it. */
export function dataDir(control: { readonly url: string; readonly token: string } | null) {
  const dir = mkdtempSync(join(tmpdir(), 'moonwalk-cli-'))
  if (control) writeFileSync(join(dir, 'control.json'), JSON.stringify({ ...control, pid: 1 }))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}
