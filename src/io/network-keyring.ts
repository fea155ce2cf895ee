// The network that a node is in, as its data directory keeps it: what it is now, and how a person changes it, whether the node
// runs or not.
import { randomBytes } from 'node:crypto'
import type { NetworkAnswer, Refusal } from '../answers.ts'
import { KIND_TEXT, type NetworkKind, OPEN } from '../domain/network-kind.ts'
import { type RotationStep, rotate } from '../domain/secret-rotation.ts'
import { type KeptNetwork, type NetworkSeed, writeNetwork } from './disk/network-file.ts'
import { fingerprintOf } from './network-keys.ts'

export interface NetworkKeyring {
  /** As it is now: the secrets change while a node runs. */
  kind(): NetworkKind
  show(): NetworkAnswer
  /** What was added and is not proven with yet. */
  added(): string | null
  /** Takes the step once it is on disk. `secret`: as another member made it; absent: what was added here already, else a new one. */
  rotate(step: RotationStep['type'], secret?: string): Promise<NetworkAnswer | Refusal>
}

const SECRET_BYTES = 32

export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url')

export const newNetwork = (secret: string, seeds: readonly NetworkSeed[] = []): KeptNetwork => ({
  type: 'private',
  keyring: { secrets: [secret], added: null },
  seeds,
})

export function createNetworkKeyring(dir: string, found: KeptNetwork): NetworkKeyring {
  let kept = found
  let last: Promise<unknown> = Promise.resolve()
  const kind = (): NetworkKind => (kept.type === 'open' ? OPEN : { type: 'private', secrets: kept.keyring.secrets })
  const added = (): string | null => (kept.type === 'open' ? null : kept.keyring.added)
  const step = async (type: RotationStep['type'], secret: string): Promise<NetworkAnswer | Refusal> => {
    if (kept.type === 'open') return { type: 'refused', text: 'this network is open: it has no secret' }
    const rotated = rotate(kept.keyring, type === 'add' ? { type, secret } : { type })
    if (rotated.type === 'refused') return rotated
    const next = { ...kept, keyring: rotated.keyring }
    const failure = await writeNetwork(dir, next)
    if (failure) return failure
    kept = next
    return networkAnswer(kept)
  }
  return {
    kind,
    show: () => networkAnswer(kept),
    added,
    rotate: (type, secret) => {
      const done = last.then(() => step(type, secret ?? added() ?? newSecret()))
      last = done
      return done
    },
  }
}

/** What may be shown of a network. */
export function networkAnswer(network: KeptNetwork): NetworkAnswer {
  const { secrets, added } = network.type === 'open' ? { secrets: [], added: null } : network.keyring
  return {
    schemaVersion: 1,
    kind: network.type,
    text: KIND_TEXT[network.type],
    secrets: secrets.map((secret, i) => ({
      fingerprint: fingerprintOf(secret),
      use: i === 0 ? 'proven' : secret === added ? 'added' : 'taken',
    })),
  }
}
