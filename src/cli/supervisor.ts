// Tells systemd that the node is ready (sd_notify(3)). Node has no datagram sockets of Unix, so systemd's own `systemd-notify`
// sends it: the unit needs `Type=notify` and `NotifyAccess=all`. Without a supervisor that asks, nothing is run.
import { spawn } from 'node:child_process'

type Env = NodeJS.ProcessEnv

/** `status`: what `systemctl status` shows beside it. */
export const notifyReady = (env: Env, status: string, onTrouble: (text: string) => void): void =>
  notify(env, ['--ready', `--status=${status}`], onTrouble)

export const notifyStopping = (env: Env): void => notify(env, ['--stopping'], () => {})

function notify(env: Env, args: readonly string[], onTrouble: (text: string) => void): void {
  if ((env.NOTIFY_SOCKET ?? '') === '') return
  const child = spawn('systemd-notify', [...args, `--pid=${process.pid}`], { env, stdio: 'ignore' })
  child.on('error', () =>
    onTrouble('the supervisor waits to be told that this node is ready, but there is no systemd-notify; use Type=exec'),
  )
  child.on('exit', (code) => {
    if (code !== 0 && code !== null) onTrouble(`systemd-notify ended with ${code}: the supervisor may not know that this node is ready`)
  })
  child.unref()
}
