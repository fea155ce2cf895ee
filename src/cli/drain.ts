// `moonwalk drain`: leave without a failed connection. The node ends after it.
import type { DrainAnswer } from '../answers.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, call, findControl } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** As the control port takes it. */
const MOST_PATIENCE_S = 600
/** The answer is out some time after the patience has ended. */
const ANSWER_MS = 5_000

export async function drain(flags: ClientFlags & { readonly patience?: string }, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const patienceS = Number(flags.patience ?? '60')
  if (!(patienceS >= 0 && patienceS <= MOST_PATIENCE_S)) {
    return complain(`--patience: "${flags.patience}" is not a number of seconds up to ${MOST_PATIENCE_S}`, EXIT.usage, flags.json)
  }
  const control = findControl(flags, env)
  if (!flags.json && typeof control !== 'string')
    process.stderr.write(`waiting until clients are carried elsewhere and nothing is under way, ${patienceS} s at the most …\n`)
  const patienceMs = Math.round(patienceS * 1_000)
  const answer = await call<DrainAnswer>(flags, env, '/api/drain', { patienceMs }, patienceMs + ANSWER_MS)
  if (answer.type === 'failed') return complain(answer.text, answer.code, flags.json, answer.left)
  process.stdout.write(`${flags.json ? JSON.stringify(answer.body) : drainText(answer.body)}\n`)
  return EXIT.fine
}

function drainText({ moved, stayed, connections }: DrainAnswer): string {
  const left = [
    stayed === 0 ? [] : `${stayed} had nowhere else to go`,
    connections === 0 ? [] : `${connections} ${connections === 1 ? 'connection is' : 'connections are'} cut`,
  ].flat()
  const who = moved + stayed === 0 ? 'there were no clients' : moved === 1 ? '1 client has moved' : `${moved} clients have moved`
  return `${who}${left.length === 0 ? '' : `; ${left.join(', ')}`}; the node ends`
}
