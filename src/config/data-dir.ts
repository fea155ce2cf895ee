// Where a node keeps everything. Loaded by every command, so it stays light.
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** The directory of a node: as the flag says, else `MOONWALK_DATA`, else the user's own. */
export const dataDirOf = (flag: string | undefined, env: NodeJS.ProcessEnv): string =>
  resolve(flag || env.MOONWALK_DATA || defaultDataDir(env))

/** The XDG base directory specification has a relative `XDG_STATE_HOME` ignored. */
function defaultDataDir(env: NodeJS.ProcessEnv): string {
  const { XDG_STATE_HOME: state = '' } = env
  return join(isAbsolute(state) ? state : join(homeDir(), '.local', 'state'), 'moonwalk')
}

/** `HOME` may be empty, and a user may have no entry in the system's list. */
function homeDir(): string {
  try {
    return isAbsolute(homedir()) ? homedir() : userInfo().homedir
  } catch {
    return '/'
  }
}
