// Whole nodes of the built program, each a process of its own, and waiting for what they hold.
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../src/cli/demo/child.ts'
import { writeInvitation } from '../src/invitation.ts'
import { root } from './measure.ts'

export const program = join(root, 'dist/main.js')
const SECRET_BYTES = 32
const WAIT_MS = 60_000
const LOOK_MS = 10

export interface Stage {
  readonly folder: string
  /** What its nodes run. */
  readonly program: string
  /** A node of the stage's private network that knows these addresses. */
  node(name: string, seeds: readonly string[], ...flags: readonly string[]): Promise<Child>
}

/** A folder and nodes in it that end with `play`, however it ends. `program`: another build's `main.js`. */
export async function onStage<T>(play: (stage: Stage) => Promise<T>, build = program): Promise<T> {
  if (!existsSync(build)) throw new Error(`${build} is not there; run \`npm run build\` first`)
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bench-'))
  const running = new Set<ChildProcess>()
  const endAll = (): void => {
    for (const child of running) child.kill('SIGKILL')
  }
  process.once('exit', endAll)
  try {
    const invitation = writeInvitation({ secret: randomBytes(SECRET_BYTES).toString('base64url'), addresses: [] })
    return await play({
      folder,
      program: build,
      node: (name, seeds, ...flags) => {
        // `startChild` starts the program it is part of: here that is the built one, without the loader this bench runs under.
        process.argv[1] = build
        process.execArgv.length = 0
        return startChild(name, join(folder, name), flags, running, [invitation, ...seeds])
      },
    })
  } finally {
    const ending = [...running].map((child) => new Promise((ended) => child.once('close', ended)))
    endAll()
    await Promise.all(ending)
    process.removeListener('exit', endAll)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Asks each until it lacks nothing; settles when the last one does. `lack` tells what is missing, empty when nothing. */
export async function until(
  what: string,
  children: readonly Child[],
  lack: (child: Child) => Promise<string>,
  lookMs = LOOK_MS,
): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  await Promise.all(
    children.map(async (child) => {
      for (let lacking = await lack(child); lacking !== ''; lacking = await lack(child)) {
        if (performance.now() > deadline) throw new Error(`waited ${WAIT_MS / 1_000} s for ${what}: ${child.name} ${lacking}`)
        await pause(lookMs)
      }
    }),
  )
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
