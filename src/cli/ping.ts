// `moonwalk ping`: one measurement or several, each with the path that it took.
import type { PingAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, type ControlAnswer, call } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { pingText } from './ping-text.ts'
import { withProgress } from './progress.ts'

export interface PingFlags extends ClientFlags {
  readonly count?: string
  readonly untilDirect?: boolean
}

/** Longer than the node itself takes for a measurement, or to meet a stranger. */
const MEASURE_MS = 60_000
const BETWEEN_MS = 1_000
/** Of `--until-direct` without a count. */
const USUAL_TRIES = 10
const MOST_TRIES = 100_000

/** With `--until-direct` it ends with 0 at the first answer that came directly, and with 1 where none did. */
export async function ping(peer: string, flags: PingFlags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const tries = Number(flags.count ?? (flags.untilDirect ? USUAL_TRIES : 1))
  if (!(Number.isInteger(tries) && tries >= 1 && tries <= MOST_TRIES))
    return complain(`--count: "${flags.count}" is not a whole number from 1 to ${MOST_TRIES}`, EXIT.usage, flags.json)
  const answers: PingAnswer[] = []
  for (let count = 0; count < tries; count++) {
    if (count > 0) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
    const asking = call<PingAnswer>(flags, env, '/api/ping', { peer }, MEASURE_MS)
    const answer: ControlAnswer<PingAnswer> = await withProgress(`asking ${tame(peer)}`, flags.json, asking)
    if (answer.type === 'failed') {
      complain(answer.text, answer.code, flags.json)
      // Of several the next may come; a node that is not there will not.
      if (tries === 1 || answer.code === EXIT.notRunning) return answer.code
      continue
    }
    answers.push(answer.body)
    process.stdout.write(`${flags.json ? JSON.stringify(answer.body) : `${peer}: ${pingText(answer.body)}`}\n`)
    if (flags.untilDirect && answer.body.via === null) return EXIT.fine
  }
  if (tries > 1 && !flags.json) process.stdout.write(`${summary(answers, tries)}\n`)
  if (!flags.untilDirect) return answers.length > 0 ? EXIT.fine : EXIT.failed
  return complain(`${peer} was not reached directly in ${tries} ${tries === 1 ? 'try' : 'tries'}`, EXIT.failed, flags.json)
}

function summary(answers: readonly PingAnswer[], tries: number): string {
  const all = answers.map(({ rttMs }) => rttMs)
  const [least, most] = [Math.min(...all), Math.max(...all)]
  const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length
  const figures = all.length === 0 ? '' : `: least ${least.toFixed(2)}, mean ${mean.toFixed(2)}, most ${most.toFixed(2)} ms`
  return `${all.length} of ${tries} answered${figures}`
}
