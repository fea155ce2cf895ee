// The numbers of the node's life, each with its reason and its relation to the others: milliseconds, unless the name says otherwise.
// By what they time.

export * from './timings/away.ts'
export * from './timings/connect.ts'
export * from './timings/crowded.ts'
export * from './timings/disk.ts'
export * from './timings/gossip.ts'
export * from './timings/joining.ts'
export * from './timings/pings.ts'
export * from './timings/services.ts'
export * from './timings/speed.ts'
export * from './timings/suspicion.ts'
export * from './timings/turn.ts'
export * from './timings/unproven.ts'
export * from './timings/vouches.ts'
