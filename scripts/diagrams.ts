// `npm run diagrams`: draws every machine into diagrams/, as Mermaid text and as SVG. test/diagrams.test.ts holds them to the machines.
import { readFile, writeFile } from 'node:fs/promises'
import { machines } from '../src/machines/index.ts'
import { drawDiagrams } from './draw-diagrams.ts'

const css = await readFile(new URL('../dashboard/chart.css', import.meta.url), 'utf8')
for (const machine of machines) {
  for (const [file, content] of await drawDiagrams(machine, css)) {
    await writeFile(new URL(`../diagrams/${file}`, import.meta.url), content)
    process.stdout.write(`diagrams/${file}\n`)
  }
}
