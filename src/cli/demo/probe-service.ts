import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const GREETING = 'hello from behind NAT\n'

/** The small HTTP service that the hidden node exposes. */
export function startService(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((_, response) => response.end(GREETING))
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ port: (server.address() as AddressInfo).port, server }))
  })
}

/** One request on a connection of its own; whether the service itself answered. */
export function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(`http://${address}/`, { agent: false, timeout: 1_000 }, (response) => {
      let body = ''
      response.on('data', (piece: Buffer) => {
        body += piece.toString('utf8')
      })
      response.on('end', () => resolve(body === GREETING))
      response.on('error', () => resolve(false))
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
    asked.end()
  })
}
