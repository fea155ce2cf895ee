// A small internet of network namespaces: machines with public addresses on one wire, and a home behind a router that
// translates its addresses. Real NAT, by the kernel.
//
//   alder 203.0.113.12 ─┐
//   birch 203.0.113.10 ─┤
//   cedar 203.0.113.11 ─┤                 wan                lan
//   visitor ....... 30 ─┼─ street ─── 203.0.113.20  router  192.168.77.1 ─── home 192.168.77.2
import { execFileSync } from 'node:child_process'

/** Where people and servers of this town live; all but `home` can be reached from everywhere on the street. */
export const ADDRESSES = {
  alder: '203.0.113.12',
  birch: '203.0.113.10',
  cedar: '203.0.113.11',
  visitor: '203.0.113.30',
  home: '192.168.77.2',
} as const
export type Place = keyof typeof ADDRESSES

const ROUTER = { wan: '203.0.113.20', lan: '192.168.77.1' }

/** Out goes everything, under the router's own address; in comes only what answers it. */
const TRANSLATION = `
table ip home {
  chain outward {
    type nat hook postrouting priority 100
    oifname "wan" masquerade
  }
  chain across {
    type filter hook forward priority 0; policy drop
    ct state established,related accept
    iifname "lan" accept
  }
  chain here {
    type filter hook input priority 0; policy drop
    iifname "lan" accept
  }
}
`

export interface Town {
  /** What comes before a command to have it run there: `ip netns exec …`. It becomes the command, so the pid is the command's. */
  at(place: Place): readonly string[]
  /** Unplugs a machine: nothing it sends arrives, nothing arrives there, and nobody is told. */
  unplug(place: Place): void
  /** Plugs it in again. */
  plugIn(place: Place): void
  /**
   * What a machine's kernel lets through from now on: rules of nftables for a
   * chain each way, `in` and `out`. Empty ones: everything.
   */
  filter(place: Place, rules: { readonly in?: string; readonly out?: string }): void
  /** The router gets another address from its provider, and with the old one all it remembered of connections is gone. */
  renumberRouter(address: string): void
  remove(): void
}

let built = 0

/** Why a town can't be built here, in one sentence; null: it can. */
export function whatIsMissing(): string | null {
  if (process.getuid?.() !== 0) return 'The namespace tests need root, to make network namespaces: run them as root.'
  for (const [tool, from] of [
    ['ip', 'iproute2'],
    ['nft', 'nftables'],
    ['setpriv', 'util-linux'],
  ] as const) {
    try {
      execFileSync(tool, ['-V'], { stdio: 'ignore' })
    } catch {
      return `The namespace tests need "${tool}": apt-get install ${from}.`
    }
  }
  return null
}

export function buildTown(): Town {
  built += 1
  const prefix = `moonwalk-${process.pid}-${built}`
  const nameOf = (place: string): string => `${prefix}-${place}`
  const made: string[] = []
  const ip = (...words: readonly string[]): void => void run('ip', words)
  const inside = (place: string, ...words: readonly string[]): void => ip('-n', nameOf(place), ...words)

  const settle = (place: string): void => {
    ip('netns', 'add', nameOf(place))
    made.push(place)
    inside(place, 'link', 'set', 'lo', 'up')
  }
  /** A cable from a place to the street. */
  const connect = (place: string, plug: string, address: string): void => {
    inside(place, 'link', 'add', plug, 'type', 'veth', 'peer', 'name', place, 'netns', nameOf('street'))
    inside('street', 'link', 'set', place, 'master', 'wire', 'up')
    inside(place, 'addr', 'add', `${address}/24`, 'dev', plug)
    inside(place, 'link', 'set', plug, 'up')
  }
  const remove = (): void => {
    process.removeListener('exit', remove)
    for (const place of made.splice(0).reverse()) {
      try {
        ip('netns', 'del', nameOf(place))
      } catch {
        // the others must go all the same
      }
    }
  }
  process.once('exit', remove)

  try {
    settle('street')
    inside('street', 'link', 'add', 'wire', 'type', 'bridge')
    inside('street', 'link', 'set', 'wire', 'up')
    for (const place of ['alder', 'birch', 'cedar', 'visitor'] as const) {
      settle(place)
      connect(place, 'plug', ADDRESSES[place])
    }
    settle('router')
    connect('router', 'wan', ROUTER.wan)
    settle('home')
    inside('home', 'link', 'add', 'plug', 'type', 'veth', 'peer', 'name', 'lan', 'netns', nameOf('router'))
    inside('home', 'addr', 'add', `${ADDRESSES.home}/24`, 'dev', 'plug')
    inside('home', 'link', 'set', 'plug', 'up')
    inside('router', 'addr', 'add', `${ROUTER.lan}/24`, 'dev', 'lan')
    inside('router', 'link', 'set', 'lan', 'up')
    inside('home', 'route', 'add', 'default', 'via', ROUTER.lan)
    run('ip', ['netns', 'exec', nameOf('router'), 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
    run('ip', ['netns', 'exec', nameOf('router'), 'nft', '-f', '-'], TRANSLATION)
  } catch (error) {
    remove()
    throw new Error(`The namespace tests can't have their network here: ${error instanceof Error ? error.message : error}`)
  }

  return {
    at: (place) => ['ip', 'netns', 'exec', nameOf(place)],
    unplug: (place) => inside('street', 'link', 'set', place, 'down'),
    plugIn: (place) => inside('street', 'link', 'set', place, 'up'),
    filter: (place, { in: inward = '', out: outward = '' }) =>
      run(
        'ip',
        ['netns', 'exec', nameOf(place), 'nft', '-f', '-'],
        `table ip fault {}
delete table ip fault
table ip fault {
  chain inward {
    type filter hook input priority 0; policy accept
    ${inward}
  }
  chain outward {
    type filter hook output priority 0; policy accept
    ${outward}
  }
}
`,
      ),
    renumberRouter: (address) => {
      inside('router', 'addr', 'flush', 'dev', 'wan')
      inside('router', 'addr', 'add', `${address}/24`, 'dev', 'wan')
    },
    remove,
  }
}

function run(tool: string, words: readonly string[], input = ''): void {
  execFileSync(tool, words, { input, stdio: ['pipe', 'ignore', 'pipe'], timeout: 10_000 })
}
