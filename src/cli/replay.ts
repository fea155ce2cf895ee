// `moonwalk replay FILE`: the page on what `up --record FILE` wrote, until it is interrupted.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { framesOf, RECORDING_HEAD } from '../feed/recording.ts'
import { startReplayServer } from '../io/control/replay-server.ts'
import { isFailure } from '../ports.ts'
import { PACKAGE_DIR } from '../version.ts'
import { complain } from './complaint.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** `ends` settles when it is to end. `port`: on loopback; absent: any. */
export async function replay(file: string, { port }: { readonly port?: string }, ends: Promise<void>): Promise<ExitCode> {
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    return complain(`--port: "${port}" is not a port from 1 to 65535`, EXIT.usage)
  const [older, newer] = await Promise.all([`${file}.1`, file].map((name) => readFile(name, 'utf8').catch(() => null)))
  if (newer === null || newer === undefined) return complain(`${file} can't be read`, EXIT.failed)
  if (!newer.startsWith(RECORDING_HEAD)) return complain(`${file} is no recording; \`moonwalk up --record FILE\` makes one`, EXIT.failed)
  const text = (older?.startsWith(RECORDING_HEAD) ? older : '') + newer
  if (framesOf(text).length === 0) return complain(`${file} holds nothing yet`, EXIT.failed)
  const token = randomBytes(24).toString('base64url')
  const server = await startReplayServer({
    port: Number(port ?? 0),
    token,
    recording: Buffer.from(text),
    dashboardDir: join(PACKAGE_DIR, 'dist', 'dashboard'),
    diagramsDir: join(PACKAGE_DIR, 'diagrams'),
  })
  if (isFailure(server)) return complain(`can't open a port for the page: ${server.text}`, EXIT.failed)
  process.stdout.write(`${file}: http://127.0.0.1:${server.port}/#token=${token}&replay=1\n`)
  await ends
  await server.close()
  return EXIT.fine
}
