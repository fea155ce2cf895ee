import type { MuxStream } from '../../src/frp/mux/mux-contract.ts'

/** A stream that leads nowhere and keeps what is written. */
export function deadEnd(): MuxStream & { readonly written: Buffer[] } {
  const written: Buffer[] = []
  return {
    id: 1,
    onBytes: null,
    onEnd: null,
    onGone: null,
    write: (bytes) => written.push(Buffer.from(bytes)),
    end: () => {},
    reset: () => {},
    reader: () => ({ buffer: () => Buffer.alloc(1), callback: () => true }),
    relay: () => {},
    bytesIn: 0,
    bytesOut: 0,
    written,
  }
}
