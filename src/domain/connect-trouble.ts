// Why a connection to a service of another node could not be joined, as one sentence with what to do.
import type { PeerId } from './record.ts'

/** What a person connected to. */
export interface ConnectTarget {
  readonly id: PeerId
  /** The node's name when it was connected to. */
  readonly name: string
  readonly service: string
}

export type ConnectTrouble =
  /** `now`: who has its name; null: somebody at its address. */
  | { readonly type: 'another-key'; readonly now: PeerId | null }
  /** No row of the table is that node's. */
  | { readonly type: 'gone' }
  | { readonly type: 'silent'; readonly why: string }
  /** The node answers, and says that there is none for this node. */
  | { readonly type: 'no-service' }
  /** The node answers, and says something else against it. */
  | { readonly type: 'refused'; readonly why: string }

export function troubleText({ id, name, service }: ConnectTarget, trouble: ConnectTrouble): string {
  switch (trouble.type) {
    case 'another-key': {
      const others =
        trouble.now === null
          ? `what answers where ${name} was has another key than ${short(id)}`
          : `${name} with the key ${short(id)} does not answer, and a ${name} with another key, ${short(trouble.now)}, does`
      return `${others}: if that is yours, set up anew, end this and connect again`
    }
    case 'gone':
      return `${name} (${short(id)}) does not answer any more and is in no table here; leave this open, and it goes on once that node is back, or end it`
    case 'silent':
      return `${name} (${short(id)}) does not answer: ${trouble.why}; each further connection tries anew`
    case 'no-service':
      return `${name} has no service ${service} for this node any more: it was withdrawn, or this node may not reach it now; \`moonwalk connect\` lists what there is`
    case 'refused':
      return `${name} is reached, but not its service: ${trouble.why}`
  }
}

export const workingText = ({ name, service }: ConnectTarget): string => `${name}/${service} is reached again`

const short = (id: PeerId): string => id.slice(0, 8)
