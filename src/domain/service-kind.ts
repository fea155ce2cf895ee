// What a service may be. Whoever adds a kind begins here; what it needs elsewhere stands in docs/architecture.md.

export const SERVICE_KINDS = ['tcp', 'udp', 'http', 'https'] as const
export type ServiceKind = (typeof SERVICE_KINDS)[number]

/** These are found by a domain, on a port that all of them share. The others have a public port of their own. */
export type Scheme = Extract<ServiceKind, 'http' | 'https'>
export const isByDomain = (kind: ServiceKind): kind is Scheme => kind === 'http' || kind === 'https'

export const isServiceKind = (value: unknown): value is ServiceKind => SERVICE_KINDS.some((kind) => kind === value)
