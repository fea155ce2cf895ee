// This node itself: how it stands, what it sees and what it tells.
import { integer, list, object, ref, text, versioned } from './json-schema.ts'
import { content, denied, get, post, problem } from './operations.ts'

export const nodePaths = {
  '/metrics': {
    get: {
      summary: 'Figures for Prometheus.',
      responses: { '200': { description: 'Done.', ...content('text/plain', text) }, ...denied },
    },
  },
  '/api/status': get('This node.', ref('Status')),
  '/api/turn/pin': post(
    'Has these carry for this node and nobody else, the best first, in place of those pinned before; none: as the node was started. Kept over restarts. While none of them can be had, this node has no TURN.',
    object({ peers: { ...list({ ...text, description: 'Id, start of one, name or HOST:PORT.' }), maxItems: 16 } }),
    versioned({ type: { const: 'pinned' }, turns: list(object({ name: text, address: text })) }),
    '409',
  ),
  '/api/history': {
    get: {
      ...get(
        "The node's own last day, by the minute: itself, its services and what passed for each, the nearest peers; and what happened.",
        ref('History'),
      ).get,
      parameters: [
        { name: 'minutes', in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 1_440, default: 1_440 } },
      ],
    },
  },
  '/api/netcheck': get('How this node is seen from outside.', ref('Netcheck')),
  '/api/doctor': get('What commonly goes wrong, worst first. A few peers are asked what time it is.', ref('Checkup')),
  '/api/states': get(
    'The active states of each machine, and of each of its instances as MACHINE/INSTANCE.',
    versioned({ states: { type: 'object', additionalProperties: list(text) } }),
  ),
  '/api/news': get('The newest entries of news without measurements, oldest first, at most 256.', versioned({ news: list(ref('News')) })),
  '/api/measurements': get(
    'The newest entries of what pings and speed tests measured, oldest first, at most 256.',
    versioned({ measurements: list(ref('News')) }),
  ),
  '/api/openapi.json': get('This document.', { type: 'object' }),
  '/api/diagrams/{file}': {
    get: {
      summary: 'The diagram of a machine, `<machine>.svg`.',
      parameters: [{ name: 'file', in: 'path', required: true, schema: text }],
      responses: {
        '200': { description: 'Done.', ...content('image/svg+xml', text) },
        '404': problem('There is no such diagram.'),
        ...denied,
      },
    },
  },
  '/api/drain': post(
    'As a TURN: has the clients go elsewhere first, waits for them and for what is under way, and then ends the node.',
    object({ patienceMs: { type: 'integer', minimum: 0, maximum: 600_000, default: 60_000 } }, ['patienceMs']),
    versioned({ moved: integer, stayed: integer, connections: integer }),
    '409',
  ),
} as const
