// The control port described for machines. Written by hand beside `control-routes.ts`; a test holds the two together.
import { schemas } from './openapi/named-schemas.ts'
import { networkPaths } from './openapi/network.ts'
import { nodePaths } from './openapi/node.ts'
import { peerPaths } from './openapi/peers.ts'
import { servicePaths } from './openapi/services.ts'

/** An OpenAPI 3.1 document. */
export const openapi = (version: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'moonwalk control',
    version,
    description:
      'For the person who runs the node. `GET /feed` is a WebSocket: see src/feed/delta.ts. Who can send no header with it offers the subprotocols `moonwalk.feed` and `moonwalk.token.TOKEN`. `/metrics` takes the token of `moonwalk metrics token` too. `/healthz` and `/readyz` take none.',
  },
  security: [{ token: [] }],
  paths: { ...nodePaths, ...peerPaths, ...servicePaths, ...networkPaths },
  components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
})
