// Servers of the network, and measurements with them.
import { integer, list, number, object, oneOf, orNull, ref, text, versioned } from './json-schema.ts'
import { get, paged, post } from './operations.ts'

/** One way of a speed test, as `SpeedWayAnswer` in src/answers/measurements.ts says. */
const speedWay = object({
  ...{ mbps: number, lowMbps: number, highMbps: number, coverage: number, confidence: number },
  settled: { type: 'boolean' },
  limitedBy: oneOf('path', 'processor'),
  words: text,
})

const aPeer = object({ peer: { ...text, description: 'An id, the start of one (6 characters or more), a name, or host:port.' } })

export const peerPaths = {
  '/api/peers': {
    ...paged('Every server in the network, or a page of them.', ref('Peers')),
    ...post('Adds a server by its address.', object({ address: text }), versioned({ type: { const: 'added' }, address: text }), '409'),
  },
  '/api/peers/all': paged(
    'Every server in the network, and those that went within the last 24 hours as `offline`, which come last; or a page of them.',
    ref('Peers'),
  ),
  '/api/peers/remove': post('Forgets a server.', aPeer, versioned({ type: { const: 'removed' }, address: text }), '404'),
  '/api/table': get('The IP table as its file shows it.', object({ ip_address: list({ type: 'object' }) })),
  '/api/ping': post(
    'Measures the latency to a server now.',
    aPeer,
    versioned(
      {
        rttMs: number,
        samples: list(number),
        discarded: integer,
        isLoaded: { type: 'boolean' },
        connectMs: orNull(number),
        isRough: { type: 'boolean', description: 'True where every answer came while this machine was late itself; else absent.' },
        via: orNull(object({ id: text, name: text })),
      },
      ['isRough'],
    ),
    '409',
  ),
  '/api/speedtest': post(
    'Measures download and upload with a server now.',
    aPeer,
    versioned({
      ...{ downMbps: number, upMbps: number, downBytes: number, upBytes: number, downMs: number, upMs: number, confidence: number },
      down: speedWay,
      up: speedWay,
    }),
    '409',
  ),
} as const
