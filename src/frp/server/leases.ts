// What a TURN keeps for those who had it: ports, proxy names, domains and run ids. While its owner is connected a thing is in use;
// for a day after that it is away, and nobody else gets it. A pure rule: time is told to it.

/** TCP and UDP ports of one number have nothing to do with each other. */
export type LeaseKind = 'tcp' | 'udp' | 'name' | 'domain' | 'run id'

export interface Lease {
  readonly owner: string
  /** Its owner is a stranger: the first to lose what is away. */
  readonly isStranger: boolean
  /** Of a port, the proxy that has it or had it, so that it gets the same one again; else empty. */
  readonly proxy: string
  /** Of a port that a group shares, whoever is of that group may have it too; else empty. */
  readonly group: string
  /** Since when its owner is away; null: it is in use. */
  readonly awaySinceMs: number | null
}

/** A lease as it is kept over a restart of the TURN: in the form of a file. */
export interface KeptLease {
  readonly kind: LeaseKind
  readonly what: string
  readonly owner: string
  readonly proxy: string
  /** For how long its owner has been away; 0: it was in use. */
  readonly awayMs: number
}

/** For how long something is kept for who is away; frp's figure for a port. */
export const LEASE_MS = 24 * 3_600_000
/** Of each kind, those that are away: beyond that the oldest lapse, strangers' first. What is in use is bounded by the sessions. */
export const MAX_AWAY = 8_192
/** Of one owner and kind: nobody makes others' leases lapse by asking for much. */
export const MAX_AWAY_OF_ONE = 128

export class Leases {
  readonly #kinds = new Map<LeaseKind, KindLeases>()
  readonly #onChange: () => void

  /** `onChange`: something was taken, or its owner left. What lapses is not told. */
  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange
  }

  /** Who has it, or had it within the last day; null: nobody. */
  holder(kind: LeaseKind, what: string | number, nowMs: number): Lease | null {
    return this.#of(kind).find(String(what), nowMs)
  }

  /** Somebody else has it, or it is kept for somebody else. `group`: what the asker is of; empty: nothing. */
  isOthers(kind: LeaseKind, what: string | number, { owner, group = '' }: { owner: string; group?: string }, nowMs: number): boolean {
    const lease = this.holder(kind, what, nowMs)
    return lease !== null && lease.owner !== owner && (group === '' || lease.group !== group)
  }

  /** It is this owner's and in use; whoever had it before has lost it. */
  take(kind: LeaseKind, what: string | number, { owner, isStranger, proxy = '', group = '' }: Taker): void {
    this.#of(kind).put(String(what), { owner, isStranger, proxy, group, awaySinceMs: null })
    this.#onChange()
  }

  /** Its owner gave it back, or is away. Nothing where it is another's by now. */
  leave(kind: LeaseKind, what: string | number, owner: string, nowMs: number): void {
    this.#of(kind).leave(String(what), owner, nowMs)
    this.#onChange()
  }

  /** The ports that are kept for a proxy of this owner, the last one first. */
  portsOf(kind: 'tcp' | 'udp', owner: string, proxy: string, nowMs: number): readonly number[] {
    return this.#of(kind)
      .awayOf(owner, nowMs)
      .filter(([, lease]) => lease.proxy === proxy)
      .map(([what]) => Number(what))
      .reverse()
  }

  /**
   * What is away, in the order in which it goes to somebody else where there is nothing else: strangers' first, the oldest first.
   * `forStranger`: strangers' only, since nobody else makes room for them.
   */
  away(kind: LeaseKind, forStranger: boolean, nowMs: number): readonly string[] {
    return this.#of(kind).away(forStranger, nowMs)
  }

  /** What outlives a restart: all but strangers'. A group's key is in no file, so what a group shared is kept for who opened it. */
  kept(nowMs: number): readonly KeptLease[] {
    return [...this.#kinds].flatMap(([kind, leases]) =>
      leases
        .all(nowMs)
        .filter(([, { isStranger }]) => !isStranger)
        .map(([what, { owner, proxy, awaySinceMs }]) => ({
          kind,
          what,
          owner,
          proxy,
          awayMs: awaySinceMs === null ? 0 : nowMs - awaySinceMs,
        })),
    )
  }

  /** Before anybody has come: who had something before the restart is away. Those that are away longest first. */
  restore(kept: readonly KeptLease[], nowMs: number): void {
    for (const { kind, what, owner, proxy, awayMs } of [...kept].sort((a, b) => b.awayMs - a.awayMs)) {
      const leases = this.#of(kind)
      leases.put(what, { owner, isStranger: false, proxy, group: '', awaySinceMs: null })
      leases.leave(what, owner, nowMs - awayMs)
    }
  }

  #of(kind: LeaseKind): KindLeases {
    const known = this.#kinds.get(kind) ?? new KindLeases()
    this.#kinds.set(kind, known)
    return known
  }
}

/** Who takes something; see `Lease`. */
interface Taker extends Pick<Lease, 'owner' | 'isStranger'> {
  readonly proxy?: string
  readonly group?: string
}

class KindLeases {
  /** Those that went away last stand at the end. */
  readonly #leases = new Map<string, Lease>()
  readonly #awayOf = new Map<string, Set<string>>()
  #awayCount = 0

  find(what: string, nowMs: number): Lease | null {
    const lease = this.#leases.get(what)
    if (lease === undefined) return null
    if (!isOver(lease, nowMs)) return lease
    this.#remove(what)
    return null
  }

  all(nowMs: number): readonly (readonly [what: string, lease: Lease])[] {
    return [...this.#leases].filter(([, lease]) => !isOver(lease, nowMs))
  }

  put(what: string, lease: Lease): void {
    this.#remove(what)
    this.#leases.set(what, lease)
    if (lease.awaySinceMs === null) return
    this.#awayCount++
    const mine = this.#awayOf.get(lease.owner) ?? new Set()
    this.#awayOf.set(lease.owner, mine.add(what))
  }

  leave(what: string, owner: string, nowMs: number): void {
    const lease = this.#leases.get(what)
    if (lease?.owner !== owner) return
    this.put(what, { ...lease, awaySinceMs: nowMs })
    const mine = this.#awayOf.get(owner) ?? new Set()
    const [oldest] = mine
    if (mine.size > MAX_AWAY_OF_ONE && oldest !== undefined) this.#remove(oldest)
    const [first] = this.#awayCount > MAX_AWAY ? this.away(false, nowMs) : []
    if (first !== undefined) this.#remove(first)
  }

  awayOf(owner: string, nowMs: number): readonly (readonly [what: string, lease: Lease])[] {
    return [...(this.#awayOf.get(owner) ?? [])].flatMap((what) => {
      const lease = this.find(what, nowMs)
      return lease === null ? [] : [[what, lease] as const]
    })
  }

  away(forStranger: boolean, nowMs: number): readonly string[] {
    const all = [...this.#leases].filter(([, lease]) => lease.awaySinceMs !== null && !isOver(lease, nowMs))
    const of = (strangers: boolean): readonly string[] => all.flatMap(([what, { isStranger }]) => (isStranger === strangers ? [what] : []))
    return forStranger ? of(true) : [...of(true), ...of(false)]
  }

  #remove(what: string): void {
    const lease = this.#leases.get(what)
    if (lease === undefined) return
    this.#leases.delete(what)
    if (lease.awaySinceMs === null) return
    this.#awayCount--
    const mine = this.#awayOf.get(lease.owner)
    mine?.delete(what)
    if (mine?.size === 0) this.#awayOf.delete(lease.owner)
  }
}

const isOver = ({ awaySinceMs }: Lease, nowMs: number): boolean => awaySinceMs !== null && nowMs - awaySinceMs > LEASE_MS
