/** For `net`: TCP's keepalive, so that a connection ends whose other end is gone, or whose NAT has forgotten it. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000 }
