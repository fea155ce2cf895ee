import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nearest } from '../domain/nearest.ts'
import { PACKAGE_DIR } from '../version.ts'
import { complain } from './complaint.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** Prints the generated Mermaid text of one machine. */
export async function printDiagram(machine: string): Promise<ExitCode> {
  const dir = join(PACKAGE_DIR, 'diagrams')
  const names = readdirSync(dir).flatMap((file) => (file.endsWith('.mmd') ? [file.slice(0, -4)] : []))
  if (!names.includes(machine)) {
    const near = nearest(machine, names)
    return complain(`no machine is called ${machine}; ${near ? `did you mean ${near}?` : `there are ${names.join(', ')}`}`, EXIT.usage)
  }
  process.stdout.write(readFileSync(join(dir, `${machine}.mmd`), 'utf8'))
  return EXIT.fine
}
