// `moonwalk network`: which network the node of a data directory is in, and how that is changed. A running node takes a new secret
// without a restart; its kind is changed while it is stopped.
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { NetworkAnswer, NetworkDesk, Refusal } from '../answers.ts'
import { dataDirOf } from '../config/data-dir.ts'
import { readInvitation } from '../invitation.ts'
import { lockDataDir } from '../io/disk/data-lock.ts'
import { errorText } from '../io/disk/durable-file.ts'
import { type KeptNetwork, readNetwork, writeNetwork } from '../io/disk/network-file.ts'
import { asideOf } from '../io/disk/private-file.ts'
import { createNetworkKeyring, networkAnswer, newNetwork, newSecret } from '../io/network-keyring.ts'
import { createNetworkDesk } from '../network-desk.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, call } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

type Step = Parameters<NetworkDesk['rotate']>[0]
type Answer = NetworkAnswer & { readonly invitation?: string }

/** `words`: the action and what stands behind it. */
export async function network(words: readonly string[], flags: ClientFlags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const [action, ...rest] = words
  const dir = dataDirOf(flags.data, env)
  if (action === 'show' && rest.length === 0) return show(dir, flags)
  if (action === 'open' && rest.length === 0) return change(dir, flags, { type: 'open' })
  if (action === 'private' && rest.length === 0) return change(dir, flags, newNetwork(newSecret()))
  if (action === 'join' && rest.length <= 1) return joinBy(dir, flags, rest[0] ?? '')
  if (action === 'rotate' && rest.length === 1 && rest[0] === 'add') return complain(ADD_NEEDS, EXIT.usage, flags.json)
  const [step = 'add', given] = rest
  const isStep = step === 'add' || ((step === 'first' || step === 'drop') && given === undefined)
  if (action === 'rotate' && rest.length <= 2 && isStep) return rotate(dir, flags, env, step, given)
  return complain(`network knows no "${words.join(' ')}"; see \`moonwalk network --help\``, EXIT.usage, flags.json)
}

/** Without the invitation it would be a second new secret, which no other member has. */
const ADD_NEEDS = 'network rotate add takes the invitation (mw1.…) that `moonwalk network rotate` printed on another member'

function show(dir: string, flags: ClientFlags): ExitCode {
  const found = readNetwork(dir)
  if (found.type === 'refused') return complain(found.text, EXIT.failed, flags.json)
  if (found.type === 'none')
    return complain(`${dir} is in no network yet: the first \`moonwalk up\` decides; name another with --data`, EXIT.failed, flags.json)
  const answer = networkAnswer(found.type === 'older' ? { type: 'open' } : found)
  return print(flags, answer, networkText(answer))
}

const networkText = ({ text, secrets }: NetworkAnswer): string =>
  [text, ...secrets.map(({ fingerprint, use }) => `secret ${fingerprint}: ${USES[use]}`)].join('\n')

const USES: Readonly<Record<NetworkAnswer['secrets'][number]['use'], string>> = {
  proven: 'proven to others',
  added: 'accepted from others; `moonwalk network rotate first` makes it the one that is proven',
  taken: 'accepted from others until `moonwalk network rotate drop`',
}

async function joinBy(dir: string, flags: ClientFlags, text: string): Promise<ExitCode> {
  const read = readInvitation(text)
  if (read.type !== 'invitation')
    return complain(read.type === 'refused' ? read.text : 'network join takes an invitation (mw1.…)', EXIT.usage, flags.json)
  return change(dir, flags, newNetwork(read.invitation.secret, read.invitation.addresses))
}

/** What stood in the file is kept beside it. */
async function change(dir: string, flags: ClientFlags, next: KeptNetwork): Promise<ExitCode> {
  return locked(dir, flags, async () => {
    const file = join(dir, 'network.json')
    const aside = existsSync(file) ? asideOf(file) : null
    try {
      if (aside !== null) copyFileSync(file, aside)
    } catch (error) {
      return complain(`${file} can't be kept as ${aside} (${errorText(error)})`, EXIT.failed, flags.json)
    }
    const failure = await writeNetwork(dir, next)
    if (failure) return complain(failure.text, EXIT.failed, flags.json)
    const answer = networkAnswer(next)
    const kept = aside === null ? '' : `; what was before is kept in ${aside}`
    return print(flags, { ...answer, aside }, `the node of ${dir} is in ${answer.text}, from its next start on${kept}`)
  })
}

async function rotate(dir: string, flags: ClientFlags, env: NodeJS.ProcessEnv, step: Step, invitation?: string): Promise<ExitCode> {
  const body = { step, ...(invitation === undefined ? {} : { invitation }) }
  const answer = await call<Answer>(flags, env, '/api/network/rotate', body)
  if (answer.type === 'answer') return printRotated(flags, answer.body)
  if (answer.code !== EXIT.notRunning) return complain(answer.text, answer.code, flags.json, answer.left)
  return locked(dir, flags, async () => {
    const found = readNetwork(dir)
    if (found.type === 'refused') return complain(found.text, EXIT.failed, flags.json)
    if (found.type !== 'private') return complain(`${dir} is in no private network: there is no secret to replace`, EXIT.failed, flags.json)
    const desk = createNetworkDesk(createNetworkKeyring(dir, found), { meetingPoints: () => found.seeds })
    const rotated = await desk.rotate(step, invitation)
    return isRefusal(rotated) ? complain(rotated.text, EXIT.failed, flags.json) : printRotated(flags, rotated)
  })
}

const printRotated = (flags: ClientFlags, answer: Answer): ExitCode =>
  print(
    flags,
    answer,
    answer.invitation === undefined
      ? networkText(answer)
      : `${networkText(answer)}\nthe other members add it with\nmoonwalk network rotate add ${answer.invitation}`,
  )

const isRefusal = (answer: Answer | Refusal): answer is Refusal => 'type' in answer

/** Does the work while no node uses the directory. */
async function locked(dir: string, flags: ClientFlags, work: () => Promise<ExitCode>): Promise<ExitCode> {
  const lock = await lockDataDir(dir, { onWait: (text) => void process.stderr.write(`${text}\n`) })
  if (lock.type === 'refused')
    return complain(lock.pid === 0 ? lock.text : `the node of ${dir} runs (pid ${lock.pid}); stop it first`, EXIT.failed, flags.json)
  try {
    return await work()
  } finally {
    lock.release()
  }
}

function print(flags: ClientFlags, answer: object, text: string): ExitCode {
  process.stdout.write(`${flags.json ? JSON.stringify(answer) : text}\n`)
  return EXIT.fine
}
