// In which order the addresses of a node are tried.

/** What answered last, and which address was the first of its node then. */
export interface Answered {
  readonly address: string
  readonly first: string
}

/**
 * Best first, as the owner has them. What answered last goes before the others for as long as the owner names the same address as
 * its first: where it names another one it knows more.
 */
export function dialOrder(addresses: readonly string[], last: Answered | null): readonly string[] {
  if (last === null || last.first !== addresses[0] || !addresses.includes(last.address)) return addresses
  return [last.address, ...addresses.filter((address) => address !== last.address)]
}
