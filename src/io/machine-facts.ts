import { statfsSync } from 'node:fs'
import { cpus, hostname, platform, totalmem } from 'node:os'

const MIB = 1024 ** 2

/** What P2PRC tells of a machine. */
export const machineFacts = () => ({
  hostname: hostname(),
  platform: platform(),
  cpu: cpus()[0]?.model ?? '',
  ramMiB: Math.floor(totalmem() / MIB),
  diskMiB: diskMiB(),
})

/** The size of the root's disk; 0: the system does not say. */
function diskMiB(): number {
  try {
    const { blocks, bsize } = statfsSync('/')
    return Math.floor((blocks * bsize) / MIB)
  } catch {
    return 0
  }
}
