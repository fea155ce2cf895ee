// What a person may ask about the network of a running node: the secrets of its directory, and the addresses that the node knows.
import type { MoonwalkNode, NetworkDesk } from './answers.ts'
import { readInvitation, writeInvitation } from './invitation.ts'
import type { NetworkKeyring } from './io/network-keyring.ts'

export function createNetworkDesk(keyring: NetworkKeyring, node: Pick<MoonwalkNode, 'meetingPoints'>): NetworkDesk {
  const inviteWith = (secret: string): string => writeInvitation({ secret, addresses: node.meetingPoints() })
  return {
    show: keyring.show,
    invite: () => {
      const kind = keyring.kind()
      const secret = kind.type === 'private' ? kind.secrets[0] : undefined
      return secret === undefined
        ? { type: 'refused', text: 'this network is open: whoever knows the address of a node joins it with --open --join HOST:PORT' }
        : { schemaVersion: 1, invitation: inviteWith(secret) }
    },
    rotate: async (step, invitation) => {
      const read = invitation === undefined ? null : readInvitation(invitation)
      if (read && read.type !== 'invitation')
        return { type: 'refused', text: read.type === 'refused' ? read.text : 'that is no invitation (mw1.…)' }
      const answer = await keyring.rotate(step, read?.invitation.secret)
      const added = step === 'add' && read === null ? keyring.added() : null
      return 'kind' in answer && added !== null ? { ...answer, invitation: inviteWith(added) } : answer
    },
  }
}
