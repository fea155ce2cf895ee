// A process that lives through scenarios, one after another, as it is told.
import { nodeOf, record } from './recorded.ts'
import { run } from './run.ts'
import type { Scenario } from './scenario.ts'
import { shrink } from './shrink.ts'
import type { Flaw } from './watch.ts'

export type Order =
  | { readonly type: 'live'; readonly scenario: Scenario }
  /** Lives through it again, and writes down what the node that its flaws name shows. */
  | { readonly type: 'record'; readonly scenario: Scenario; readonly flaws: readonly Flaw[]; readonly dir: string }
  /** Cuts down what failed with that kind of flaw, within so much real time. */
  | { readonly type: 'shrink'; readonly scenario: Scenario; readonly kind: string; readonly withinMs: number }

export type Report =
  | { readonly type: 'lived'; readonly flaws: readonly Flaw[]; readonly healedMs: number | null; readonly hash: string }
  | { readonly type: 'recorded'; readonly file: string }
  | { readonly type: 'shrunk'; readonly scenario: Scenario; readonly flaws: readonly Flaw[]; readonly tries: number }

async function obey(order: Order): Promise<Report> {
  if (order.type === 'live') {
    const { flaws, healedMs, hash } = await run(order.scenario)
    return { type: 'lived', flaws, healedMs, hash }
  }
  if (order.type === 'record') {
    const { scenario, flaws, dir } = order
    const { file } = await record(scenario, nodeOf(scenario, flaws), flaws, dir)
    return { type: 'recorded', file }
  }
  const { scenario, kind, withinMs } = order
  const endMs = performance.now() + withinMs
  let tries = 0
  let flaws: readonly Flaw[] = []
  const fails = async (candidate: Scenario): Promise<boolean> => {
    tries++
    const outcome = await run(candidate)
    const isSame = outcome.flaws.some((flaw) => flaw.kind === kind)
    if (isSame) flaws = outcome.flaws
    return isSame
  }
  const shrunk = await shrink(scenario, fails, () => performance.now() < endMs)
  return { type: 'shrunk', scenario: shrunk, flaws, tries }
}

process.on('message', (order: Order) => {
  void obey(order).then((report) => process.send?.(report))
})
