// A scenario lived through again with one of its nodes written down as `moonwalk up --record` writes it: the same page shows it. The
// faults and the complaints stand among the node's news.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createNewsDesk } from '../../src/feed/news-desk.ts'
import { startRecording } from '../../src/io/disk/recording-file.ts'
import { faultText } from './fault.ts'
import { type Outcome, run } from './run.ts'
import type { Scenario } from './scenario.ts'
import type { Flaw } from './watch.ts'

export interface Recorded {
  readonly outcome: Outcome
  /** For `moonwalk replay`. */
  readonly file: string
}

/** The node that the first complaint with a name in it names; without any, the first node. */
export function nodeOf({ nodes }: Pick<Scenario, 'nodes'>, flaws: readonly Flaw[]): string {
  const names = nodes.map(({ name }) => name)
  const named = flaws.flatMap(({ text }) => text.split(/[^\w-]+/).filter((word) => names.includes(word)))
  return named[0] ?? names[0] ?? ''
}

/** Writes `DIR/seed-SEED-NODE.jsonl`, in place of one that is there. All lives of the node go into it. */
export async function record(scenario: Scenario, name: string, flaws: readonly Flaw[], dir: string): Promise<Recorded> {
  const file = join(dir, `seed-${scenario.seed}-${name}.jsonl`)
  await mkdir(dir, { recursive: true })
  await Promise.all([rm(file, { force: true }), rm(`${file}.1`, { force: true })])
  let tell: ReturnType<typeof createNewsDesk>['publish'] = () => {}
  let stop = async (): Promise<void> => {}
  const outcome = await run(scenario, {
    onNews: (node, { seq: _, at: __, ...news }) => {
      if (node === name) tell(news)
    },
    onStage: ({ world: { clock }, nodes }) => {
      const desk = createNewsDesk(clock.wallMs)
      tell = desk.publish
      const warnAt = (atMs: number, text: string) =>
        clock.setTimeout(() => tell({ type: 'warned', text, fix: '' }), Math.max(0, atMs - clock.now()))
      for (const fault of scenario.faults) warnAt(fault.atMs, `FAULT ${faultText(fault)}`)
      for (const { kind, text } of flaws) warnAt(Number.parseFloat(text) * 1_000, `COMPLAINT ${kind}: ${text}`)
      const begin = (): void => {
        const live = nodes.get(name)
        if (!live) return void clock.setTimeout(begin, 100)
        const started = startRecording({
          node: {
            status: () => live.current.status(),
            peers: (which, page) => live.current.peers(which, page),
            activeStates: () => live.current.activeStates(),
            recentNews: desk.recent,
            onNews: desk.onEntry,
          },
          // The times of its lines are whole.
          clock: { ...clock, wallMs: () => Math.round(clock.wallMs()) },
          file,
          onTrouble: (text) => process.stderr.write(`${text}\n`),
        })
        if (typeof started === 'function') stop = started
        else process.stderr.write(`${started.text}\n`)
      }
      begin()
    },
  })
  await stop()
  return { outcome, file }
}
