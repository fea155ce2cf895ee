/** Hosts of a scenario that are no nodes of ours. */
export const FRPS_HOST = 'frps'
export const P2PRC_HOST = 'gopher'
/** Who connects to services, from outside. Befallen by nothing. */
export const USER_HOST = 'user'
