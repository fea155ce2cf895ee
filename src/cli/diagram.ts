import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nearest } from '../domain/nearest.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** Prints the generated Mermaid text of one machine. */
export async function printDiagram(machine: string): Promise<ExitCode> {
  // Beside the built program, or in the source tree.
  const dir = ['../diagrams', '../../diagrams']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'node.mmd')))
  const names = dir ? readdirSync(dir).flatMap((file) => (file.endsWith('.mmd') ? [file.slice(0, -4)] : [])) : []
  if (!dir || !names.includes(machine)) {
    const near = nearest(machine, names)
    process.stderr.write(`no machine is called ${machine}; ${near ? `did you mean ${near}?` : `there are ${names.join(', ')}`}\n`)
    return EXIT.usage
  }
  process.stdout.write(readFileSync(join(dir, `${machine}.mmd`), 'utf8'))
  return EXIT.fine
}
