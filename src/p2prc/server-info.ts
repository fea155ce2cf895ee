// `GET /server_info`: what P2PRC tells of a machine. Its pings look at the status alone; a web server answers 200 to anything.

/** Whether it is what a P2PRC node, or one of ours, answers: a JSON object with P2PRC's keys. */
export function isServerInfo(body: Buffer): boolean {
  try {
    const info: unknown = JSON.parse(body.toString('utf8'))
    return typeof info === 'object' && info !== null && KEYS.every((key) => Object.hasOwn(info, key))
  } catch {
    return false
  }
}

const KEYS = ['Hostname', 'Platform', 'CPU', 'RAM', 'Disk'] as const
