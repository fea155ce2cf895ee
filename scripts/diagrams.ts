// `npm run diagrams`: draws every machine and the packages of src into diagrams/, as Mermaid text and as SVG.
// test/diagrams.test.ts holds them to the source.
import { readFile, writeFile } from 'node:fs/promises'
import { machines } from '../src/machines/index.ts'
import { drawMachine, drawModules } from './draw-diagrams.ts'

const css = await readFile(new URL('../dashboard/chart.css', import.meta.url), 'utf8')
const drawn = await Promise.all([...machines.map((machine) => drawMachine(machine, css)), drawModules(css)])
for (const [file, content] of drawn.flat()) {
  await writeFile(new URL(`../diagrams/${file}`, import.meta.url), content)
  process.stdout.write(`diagrams/${file}\n`)
}
