// The real network and HTTP keep the same contracts as the simulated ones.
import { createNodeNetwork } from '../../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../../src/io/network/peer-http.ts'
import type { Listening, Network } from '../../../src/ports.ts'
import { datagramContract } from '../../contracts/datagrams.ts'
import { httpContract } from '../../contracts/http.ts'
import { networkContract } from '../../contracts/network.ts'

const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const until = <T>(promise: Promise<T>): Promise<T> => promise

function realNetwork() {
  const network = createNodeNetwork()
  const open: Listening[] = []
  const listen: Network['listen'] = async (address, onLink) => {
    const answer = await network.listen(address, onLink)
    if (answer.type === 'listening') open.push(answer)
    return answer
  }
  const end = async (): Promise<void> => {
    for (const listening of open) await listening.close()
  }
  return { network: { ...network, listen }, end }
}

networkContract('node:net', () => {
  const { network, end } = realNetwork()
  return { near: network, far: network, farHost: '127.0.0.1', until, elapse, end }
})

datagramContract('node:dgram', () => {
  const { network, end } = realNetwork()
  return { near: network, far: network, farHost: '127.0.0.1', until, elapse, end }
})

httpContract('got and the public port', () => {
  const client = createNodeHttp()
  const server = createNodeHttp()
  const open: Listening[] = []
  const serve: typeof server.serve = async (options) => {
    const answer = await server.serve(options)
    if (answer.type === 'listening') open.push(answer)
    return answer
  }
  const { network, end } = realNetwork()
  return {
    client,
    server: { ...server, serve },
    clientNetwork: network,
    serverNetwork: network,
    serverHost: '127.0.0.1',
    until,
    elapse,
    end: async () => {
      client.close()
      for (const listening of open) await listening.close()
      await end()
    },
  }
})
