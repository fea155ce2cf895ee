/** A proxy's name as people know it: a moonwalk node puts the start of its id before its services' names. */
export const proxyTitle = (name: string): string => name.replace(/^[0-9a-f]{16}\.(?=.)/, '')
