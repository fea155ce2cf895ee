// The network that a node will be in, settled before it lives: by its data directory, by what a person asked for, and where both
// say nothing by the nodes that were named.
import type { Refusal } from './answers.ts'
import type { Config } from './config/config.ts'
import { isAllowed } from './domain/address.ts'
import { chooseNetwork, type NetworkChoice } from './domain/network-choice.ts'
import { isOwnSeed } from './domain/own-seed.ts'
import type { InvitationAddress } from './invitation.ts'
import { type FoundNetwork, type KeptNetwork, readNetwork, writeNetwork } from './io/disk/network-file.ts'
import { ownHosts } from './io/network/own-hosts.ts'
import { createNetworkKeyring, type NetworkKeyring, newNetwork, newSecret } from './io/network-keyring.ts'
import { askKinds, type KindHeard } from './io/network-question.ts'

export interface SettledNetwork {
  readonly type: 'settled'
  readonly keyring: NetworkKeyring
  /** Addresses of the invitations that were given now and before. */
  readonly seeds: readonly string[]
  /** This start made the network: nobody else can know of it. */
  readonly isNew: boolean
  /** Sentences for the person who starts the node. */
  readonly notes: readonly string[]
}

/** `isUsage`: another command line would do. */
export type NetworkRefusal = Refusal & { readonly isUsage: boolean }

/** Kept of all invitations together: the newest. */
const MAX_SEEDS = 16

/**
 * `mayWrite`: whether the caller holds the lock of the data directory. `onWait`: what it waits for, in words. To be called before
 * the node's key is made: a directory with a key alone is an older one.
 */
export async function settleNetwork(
  { dataDir, network, node: { seeds, addresses, listen, advertise } }: Config,
  {
    onBug,
    onWait = () => {},
    mayWrite = true,
  }: { readonly onBug: (error: unknown) => void; readonly onWait?: (text: string) => void; readonly mayWrite?: boolean },
): Promise<SettledNetwork | NetworkRefusal> {
  const found = readNetwork(dataDir)
  if (found.type === 'refused') return { ...found, isUsage: false }
  const others = seeds.filter((seed) => !isOwnSeed(seed, { listen, advertise, hosts: ownHosts() }))
  const choice = chooseNetwork({
    kept: found.type === 'private' ? { type: 'private', secrets: found.keyring.secrets } : found,
    asked: network.asked,
    invited: network.invitations.map(({ secret }) => secret),
    hasPlainSeeds: others.length > 0,
    dir: dataDir,
  })
  if (choice.type === 'refused') return refusal(choice.text, true)
  if (choice.type === 'askSeeds') {
    const allowed = others.filter((seed) => isAllowed(seed, addresses, 'named'))
    if (allowed.length === 0) return refusal(`${others.join(', ')}: outside the addresses this node may contact; see --addresses`, true)
    return kindRefusal(await askKinds(allowed, { onBug, onWait }))
  }
  const next = withSeeds(
    chosen(choice, found),
    network.invitations.flatMap((invitation) => invitation.addresses),
  )
  const failure = !mayWrite || JSON.stringify(next) === JSON.stringify(found) ? null : await writeNetwork(dataDir, next)
  if (failure && found.type === 'none') return { ...failure, isUsage: false }
  const older = `${dataDir} is from before there were private networks, and stays in an open one: anybody may join it and see its servers`
  return {
    type: 'settled',
    keyring: createNetworkKeyring(dataDir, next),
    seeds: next.type === 'private' ? next.seeds.map(({ address }) => address) : [],
    isNew: choice.type === 'private' && choice.secret === null,
    notes: [...(found.type === 'older' ? [older] : []), ...(failure ? [failure.text] : [])],
  }
}

const refusal = (text: string, isUsage: boolean): NetworkRefusal => ({ type: 'refused', text, isUsage })

function chosen(choice: Exclude<NetworkChoice, { readonly type: 'askSeeds' | 'refused' }>, found: FoundNetwork): KeptNetwork {
  if (choice.type === 'private') return newNetwork(choice.secret ?? newSecret())
  return found.type === 'private' ? found : { type: 'open' }
}

/** The newest last; of two with one address the newer stands. */
function withSeeds(network: KeptNetwork, seeds: readonly InvitationAddress[]): KeptNetwork {
  if (network.type === 'open' || seeds.length === 0) return network
  const byAddress = new Map([...network.seeds, ...seeds].map((seed) => [seed.address, seed]))
  return { ...network, seeds: [...byAddress.values()].slice(-MAX_SEEDS) }
}

/** Whatever the nodes say, the person says what is wanted. */
function kindRefusal(kinds: readonly KindHeard[]): NetworkRefusal {
  const known = kinds.find(({ type }) => type !== 'unknown')
  if (known?.type === 'open') return refusal(`${known.address}: that network is open: anybody may join and see it; add --open`, true)
  if (known) return refusal(`${known.address}: that network is private: ask its owner for \`moonwalk invite\``, true)
  const whys = kinds.map((kind) => `${kind.address}${kind.type === 'unknown' ? ` (${kind.why})` : ''}`)
  return refusal(
    `it can't be told which kind of network ${whys.join(', ')} is in; join a private one with its invitation, an open one with --open`,
    false,
  )
}
