import { type Coordinate, writeCoordinate } from '../../domain/coordinates.ts'
import type { PeerId } from '../../domain/record.ts'
import { lookText } from '../../v2/look.ts'

export interface MachineFacts {
  readonly hostname: string
  readonly platform: string
  readonly cpu: string
  readonly ramMiB: number
  readonly diskMiB: number
}

/**
 * What `GET /server_info` answers: P2PRC's keys, and ours beside them, `place` being the coordinate of now (`writeCoordinate`). Made
 * anew only where that has changed, so that the answer times the path and not the handler.
 */
export const serverInfo = (
  facts: MachineFacts,
  own: { readonly id: PeerId; readonly name: string; readonly version: string; readonly run: string },
  placeNow: () => Coordinate,
): (() => string) => madeAt(placeNow, (place) => infoText(facts, own, place))

/** What a node that looks often is answered. */
export const lookAnswer = (run: string, placeNow: () => Coordinate): (() => string) => madeAt(placeNow, (place) => lookText(run, place))

function madeAt(placeNow: () => Coordinate, textAt: (place: Coordinate) => string): () => string {
  let place: Coordinate | null = null
  let text = ''
  return () => {
    const now = placeNow()
    if (now !== place) text = textAt(now)
    place = now
    return text
  }
}

const infoText = (facts: MachineFacts, own: Parameters<typeof serverInfo>[1], place: Coordinate): string =>
  JSON.stringify({
    Hostname: facts.hostname,
    Platform: facts.platform,
    CPU: facts.cpu,
    RAM: facts.ramMiB,
    Disk: facts.diskMiB,
    GPU: null,
    Moonwalk: { id: own.id, name: own.name, version: own.version, run: own.run, place: writeCoordinate(place) },
  })
