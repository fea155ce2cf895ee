import type { MuxStream } from '../../../src/frp/index.ts'

/** A stream that says what it is told to. */
export function fakeStream(): MuxStream & { arrive(bytes: Buffer): void; readonly written: Buffer[] } {
  const written: Buffer[] = []
  const stream: ReturnType<typeof fakeStream> = {
    id: 1,
    onBytes: null,
    onEnd: null,
    onGone: null,
    bytesIn: 0,
    bytesOut: 0,
    written,
    write: (bytes) => void written.push(Buffer.from(bytes)),
    end: () => {},
    reset: () => {},
    reader: () => ({ buffer: () => Buffer.alloc(1), callback: () => true }),
    relay: () => {},
    arrive: (bytes) => stream.onBytes?.(bytes),
  }
  return stream
}
