// What stands below the flags in the help of some commands.
import { CONFIG_KEYS, SETTINGS, type Setting, variableOf } from '../config/settings.ts'
import { columns } from './tables.ts'

export const SERVICE_OPTIONS_TEXT = `
A service may have options behind a ?, separated by &, as in 'web=3000?limit=1MB&check=http:/health' (quoted, for the shell):

  encrypt, compress        what goes between TURN and this node
  limit=1MB                bytes a second, all connections and both ways together: KB or MB
  limit-mode=server        the TURN keeps the limit, not this node
  proxy-protocol=v2        the local service is told who its users are: v1 or v2; for udp v2
  group=G, group-key=K     tcp: shares its public port with the services of that group on the same TURN
  check=tcp, http:/PATH    public only while the service accepts connections, or answers that path with 2xx
  port=20080               the public port to ask for
  private                  tcp and udp: nothing public is opened; members reach it with "moonwalk connect"
  allow=NODE               private: only that node, by id or name; in an open network by id; may stand several times
`

/** Where else each setting may stand. */
export function settingsText(): string {
  const rows = CONFIG_KEYS.map((key) => {
    const { flag }: Setting = SETTINGS[key]
    return [flag.split(' ')[0] ?? '', key, variableOf(key)]
  })
  return `${SERVICE_OPTIONS_TEXT}
Flags win over the environment, the environment over the configuration file. Lists are JSON lists in the file, and separated by
commas in the environment. The same settings are called:

${columns([['flag', 'key in the file', 'variable'], ...rows]).replaceAll(/^/gm, '  ')}
`
}

export const IDENTITY_TEXT = `
A node is its key, DIR/identity.json, whatever its name and address. A cloned machine has its origin's key: two nodes are then one
to all others, and push each other out. \`moonwalk identity renew --data DIR\` makes the stopped clone a node of its own: with a new
key, and a new control token from its next start on. The old key is kept beside the new one.
`

export const NETWORK_TEXT = `
  show                     the kind, and the secrets by their fingerprints
  open                     a stopped node: be in an open network, which anybody may join and see
  private                  a stopped node: begin a private network
  join INVITATION          a stopped node: be in the private network of the invitation
  rotate ...               replace the secret, on running and on stopped nodes, in three steps. Each is taken on every member
                           before the next:
    rotate                 on one member: adds a new secret, and prints the line that adds it on the others,
                           moonwalk network rotate add INVITATION
    rotate first           proves the new secret to others from now on; the old one is still taken
    rotate drop            ends the old one: who has not got the new one is out

What was in DIR/network.json before open, private and join is kept beside it. The table stays: servers of another network are
asked in vain, and go.
`
