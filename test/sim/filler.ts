import type { Link } from '../../src/frp/links/link.ts'
import { SeededRandom } from './chance.ts'

const PIECE = Buffer.from(new SeededRandom(7).bytes(64 * 1024))

/** Writes that many bytes of anything, as fast as the link takes them; `done` runs when the last went out. `onPiece`: so many were written. */
export function writeFiller(link: Link, bytes: number, done: () => void, onPiece: (bytes: number) => void): void {
  if (bytes === 0) return done()
  const piece = bytes >= PIECE.length ? PIECE : PIECE.subarray(0, bytes)
  onPiece(piece.length)
  link.write(piece, (error) => {
    if (!error && !link.destroyed) writeFiller(link, bytes - piece.length, done, onPiece)
  })
}
