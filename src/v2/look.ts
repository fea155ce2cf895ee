// A look at a node over the members' channel: `/server_info` with what changes from one look to the next,
// and nothing else. Looks are most of what an idle network says, and whoever answers is known by the
// channel. A node that does not know the wish answers in full.
import { type Coordinate, writeCoordinate } from '../domain/coordinates.ts'
import { parseObject } from './envelope.ts'

/** As RFC 7240 has it. */
export const LOOK_HEADERS = { prefer: 'return=minimal' } as const

export const wantsLook = (headers: Readonly<Record<string, string>>): boolean => headers.prefer === LOOK_HEADERS.prefer

/** The node's run, and its coordinate of now: the keys that `/server_info` has beside P2PRC's. */
export const lookText = (run: string, place: Coordinate): string => JSON.stringify({ Moonwalk: { run, place: writeCoordinate(place) } })

/** Whether a node of ours answered so. */
export function isLook(body: Buffer): boolean {
  const said = parseObject(body.toString('utf8'))?.Moonwalk
  return typeof said === 'object' && said !== null && 'run' in said && typeof said.run === 'string'
}
