// rathole beside, where it is there: in PATH, or where MOONWALK_RATHOLE says. It has no mux, so it stands beside the tunnels without.
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePorts } from '../../src/cli/demo/free-ports.ts'
import { listens, start } from '../measure.ts'

/** Null where there is none. A path that was named must be right. */
export function ratholeBinary(): string | null {
  const named = process.env.MOONWALK_RATHOLE ?? ''
  if (named !== '') return named
  const candidates = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'rathole'))
  return candidates.find(canRun) ?? null
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Both ends, plain TCP, as its README has them. */
export async function openRathole(binary: string, targetPort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-rathole-'))
  const [port = 0, door = 0] = await freePorts(2)
  const config = (role: string, text: string): string => {
    const file = join(folder, `${role}.toml`)
    writeFileSync(file, text)
    return file
  }
  const token = 'default_token = "bench"'
  const serverConfig = `[server]\nbind_addr = "127.0.0.1:${port}"\n${token}\n[server.services.bench]\nbind_addr = "127.0.0.1:${door}"\n`
  const clientConfig = `[client]\nremote_addr = "127.0.0.1:${port}"\n${token}\n[client.services.bench]\nlocal_addr = "127.0.0.1:${targetPort}"\n`
  const server = await start(binary, ['--server', config('server', serverConfig)], { waits: false })
  await listens(port)
  const client = await start(binary, ['--client', config('client', clientConfig)], { waits: false })
  await listens(door)
  return {
    door: `127.0.0.1:${door}`,
    serverPid: server.pid,
    clientPid: client.pid,
    end: async () => {
      await client.end()
      await server.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
