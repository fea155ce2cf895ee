// `moonwalk connect`: a local port for a service of another node. The node holds the port for as long as this command's request
// lasts, so nothing is left open however the command ends.
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { ConnectableAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'
import { complain, warning } from './complaint.ts'
import { type ClientFlags, type Control, call, findControl, unreachableText } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { columns } from './tables.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Every peer is asked within less. */
const LIST_MS = 60_000

export function connect(
  target: string | undefined,
  flags: ClientFlags & { readonly port?: string },
  env: NodeJS.ProcessEnv,
): Promise<ExitCode> {
  const port = flags.port ?? '0'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return said(`--port: "${port}" is not a port from 1 to 65535`, EXIT.usage, flags)
  if (target === undefined) return list(flags, env)
  if (!/^.+\/[^/]+$/.test(target)) return said(`"${target}" is not NODE/SERVICE, such as home/web`, EXIT.usage, flags)
  const control = findControl(flags, env)
  return typeof control === 'string' ? said(control, EXIT.notRunning, flags) : hold(control, target, Number(port), flags)
}

const said = async (text: string, code: ExitCode, { json }: ClientFlags): Promise<ExitCode> => complain(text, code, json)

async function list(flags: ClientFlags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const answer = await call<ConnectableAnswer>(flags, env, '/api/connectable', undefined, LIST_MS)
  if (answer.type === 'failed') return said(answer.text, answer.code, flags)
  const { services, silent } = answer.body
  if (flags.json) process.stdout.write(`${JSON.stringify(answer.body)}\n`)
  else if (services.length === 0) process.stdout.write('no peer has a service that this node may reach\n')
  else {
    const rows = services.map((one) => [`${one.node.name}/${one.name}`, one.kind, one.private ? 'private' : 'public', one.node.id])
    process.stdout.write(`${columns([['SERVICE', 'KIND', 'FOR', 'NODE'], ...rows])}\n`)
  }
  if (!flags.json) for (const { name, error } of silent) process.stderr.write(`${tame(`${name} did not say what it has: ${error}`)}\n`)
  return EXIT.fine
}

/** Until Ctrl-C, or the node ends. */
function hold(control: Control, target: string, port: number, flags: ClientFlags): Promise<ExitCode> {
  const url = new URL(`${control.url}/api/connect`)
  const ask = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve) => {
    const asking = ask(url, { method: 'POST', headers: { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' } })
    let isHeld = false
    let hasLeft = false
    const over = (text: string, code: ExitCode): void => {
      if (!hasLeft) resolve(complain(text, code, flags.json))
    }
    const tell = (line: string): void => {
      if (isHeld) return void process.stderr.write(`${warning(newsIn(line), flags.json === true)}\n`)
      isHeld = true
      process.stdout.write(`${flags.json ? line : textOf(line)}\n`)
    }
    const take = (response: IncomingMessage): void => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
        for (let end = text.indexOf('\n'); response.statusCode === 200 && end >= 0; end = text.indexOf('\n')) {
          tell(text.slice(0, end))
          text = text.slice(end + 1)
        }
      })
      response.on('close', () => {
        if (isHeld) over('the node has ended, and the port with it', EXIT.failed)
        else
          over(
            errorIn(text) ?? unreachableText(control, 'what answers there is not this node'),
            response.statusCode === 409 ? EXIT.failed : EXIT.notRunning,
          )
      })
    }
    asking.on('response', take)
    asking.on('error', (error) => {
      if (!isHeld) over(unreachableText(control, error.message), EXIT.notRunning)
    })
    asking.end(JSON.stringify({ target, port }))
    const leave = (): void => {
      hasLeft = true
      asking.destroy()
      resolve(EXIT.fine)
    }
    for (const signal of SIGNALS) process.once(signal, leave)
  })
}

/** The line that scripts wait for. */
function textOf(line: string): string {
  const { node, service, address } = JSON.parse(line) as { node: { name: string }; service: string; address: string }
  return tame(`connected ${node.name}/${service} on ${address}`)
}

const newsIn = (line: string): string => (JSON.parse(line) as { text: string }).text

function errorIn(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && 'error' in value ? String(value.error) : null
  } catch {
    return null
  }
}
