// The network that this node is in, and who joins it.
import { object, oneOf, ref, text, versioned } from './json-schema.ts'
import { answers, denied, get, post, problem } from './operations.ts'

export const networkKind = oneOf('open', 'private')
export const invitation = { ...text, description: "mw1.…: it holds the network's secret." }

export const networkPaths = {
  '/api/network': get('The network this node is in, without its secrets.', ref('Network')),
  '/api/invitation': {
    get: {
      summary: 'What others need to join this private network.',
      responses: { ...answers(versioned({ invitation })), ...denied, '409': problem('The network is open.') },
    },
  },
  '/api/network/rotate': post(
    'One step of replacing the secret: add a further one, prove it first, drop the others.',
    object({ step: oneOf('add', 'first', 'drop'), invitation }, ['invitation']),
    ref('Network'),
    '409',
  ),
} as const
