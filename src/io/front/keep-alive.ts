/** For `net`: asks an idle connection's other end whether it is still there, so that one behind a NAT that forgot it ends some day. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 30_000 }
