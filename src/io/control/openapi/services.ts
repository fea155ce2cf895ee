// Services, of this node and of others.
import { SERVICE_KINDS } from '../../../domain/service-kind.ts'
import { list, object, oneOf, orNull, ref, text, versioned } from './json-schema.ts'
import { get, post } from './operations.ts'

export const kind = oneOf(...SERVICE_KINDS)

const serviceState = oneOf('up', 'opening', 'down')
export const service = {
  name: text,
  kind,
  local: text,
  public: orNull(text),
  at: list(object({ turn: orNull(text), public: orNull(text), state: serviceState, error: orNull(text), provenAt: orNull(text) })),
  state: serviceState,
  error: orNull(text),
  phase: oneOf('waiting', 'opening', 'proving', 'up', 'unhealthy', 'refused', 'private'),
  cause: orNull({ ...object({ type: text }), additionalProperties: true }),
  since: orNull(text),
  provenAt: orNull(text),
  traffic: orNull(ref('Traffic')),
}

/** As `ServiceOptions` in src/answers/services.ts says; all may be left out. */
const serviceOptions = {
  encrypt: { const: true },
  compress: { const: true },
  limit: { ...text, description: 'Bytes a second: 1MB, 500KB.' },
  limitMode: oneOf('client', 'server'),
  proxyProtocol: oneOf('v1', 'v2'),
  group: text,
  groupKey: text,
  check: { ...text, description: 'tcp, or http:/path.' },
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  private: { const: true, description: 'Nothing public is opened: members reach it by connect.' },
  allow: { ...list(text), description: 'Of a private service: ids or names of the nodes that may reach it.' },
}

const aNode = object({ id: text, name: text })

export const servicePaths = {
  '/api/services': post(
    'Exposes a service; answers when its public address is proven.',
    object(
      {
        spec: object(
          {
            name: text,
            kind,
            local: text,
            domain: orNull(text),
            options: object(serviceOptions, Object.keys(serviceOptions)),
          },
          ['options'],
        ),
        timeoutMs: { type: 'integer', minimum: 1, maximum: 600_000, default: 30_000 },
      },
      ['timeoutMs'],
    ),
    versioned(service),
    '409',
  ),
  '/api/services/remove': post(
    'Stops exposing a service.',
    object({ name: text }),
    versioned({ type: { const: 'unexposed' }, name: text }),
    '404',
  ),
  '/api/connectable': get(
    'What this node may connect to: services of its peers, which are asked.',
    versioned({
      services: list(object({ node: aNode, name: text, kind, private: { type: 'boolean' } })),
      silent: list(object({ id: text, name: text, error: text })),
    }),
  ),
  '/api/connect': post(
    'Opens a port of this machine for a service of another node. The answer does not end: the port is held for as long as the request lasts. After its first line it has one, {schemaVersion, type: failing or working, text}, whenever connections can not be joined any more, or can again.',
    object({ target: { ...text, description: 'NODE/SERVICE' }, port: { type: 'integer', minimum: 0, maximum: 65_535, default: 0 } }, [
      'port',
    ]),
    versioned({ node: aNode, service: text, kind, address: text }),
    '409',
  ),
} as const
