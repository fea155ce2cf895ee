import { type NetworkKind, OPEN } from '../../src/domain/network-kind.ts'
import { identityFromSeed } from '../../src/io/disk/identity.ts'
import type { Failure, Http, Identity, PeerAnswer, PeerRequest, Ports, Random } from '../../src/ports.ts'
import { SeededRandom, seedFor } from './chance.ts'
import { MemoryStore } from './memory-store.ts'
import { dialChannel } from './virtual-channel.ts'
import { VirtualClock } from './virtual-clock.ts'
import type { VirtualHost } from './virtual-host.ts'
import { createVirtualHttp, type Exchange } from './virtual-http.ts'
import { type HostOptions, VirtualNetwork } from './virtual-network.ts'
import { useWorldTime } from './world-time.ts'

/** A host's ports: those of a node, with the store open to a test's eye. */
export interface WorldPorts extends Ports {
  readonly store: MemoryStore
}

/** A request of a host, as it begins. What it answers is given the end of it, which a killed process never comes to. */
type OnRequest = (host: string, address: string, request: PeerRequest) => (answer: PeerAnswer | Failure) => void

/** A whole network in one process, on one clock. The same seed and the same deeds give the same story. */
export class World {
  readonly seed: number
  readonly clock = new VirtualClock()
  readonly network: VirtualNetwork
  /** Told of each HTTP request, for traces. */
  onRequest: OnRequest = () => () => {}
  /** Told of what each request of a host cost, once it has ended; a burst of pings is several. */
  onExchange: (host: string, exchange: Exchange) => void = () => {}
  /** For the script's own draws. */
  readonly random: Random
  readonly #identities = new Map<string, Identity>()
  readonly #verified = new Map<string, { readonly publicKey: string; readonly bytes: Buffer; readonly answer: boolean }>()
  #verify: Identity['verify'] | null = null
  readonly #stores = new Map<string, MemoryStore>()
  readonly #ports = new Map<string, { readonly life: number; readonly ports: WorldPorts }>()
  readonly #kinds = new Map<string, NetworkKind>()
  readonly #hexes = new Map<string, string>()
  readonly #restarts = new Map<string, (ports: WorldPorts) => void>()

  constructor(seed: number) {
    this.seed = seed
    this.network = new VirtualNetwork(this.clock, seed)
    this.random = new SeededRandom(seedFor(seed, 'world'))
  }

  host(name: string, options: HostOptions = {}): VirtualHost {
    return this.network.host(name, options)
  }

  /**
   * What a node on that host is given; the same until the host is killed. Options count on first use. Store and identity
   * outlive a kill; clock, network, http and chance are the process's own and die with it.
   */
  ports(name: string, options: HostOptions = {}): WorldPorts {
    const { process } = this.network.host(name, options)
    const known = this.#ports.get(name)
    if (known?.life === process.life) return known.ports
    const bare = this.network.network(name)
    const self = { id: this.identity(name).id, network: () => this.#kinds.get(name) ?? OPEN }
    const network: WorldPorts['network'] = {
      ...bare,
      dial: (address, options) =>
        options.member === undefined
          ? bare.dial(address, options)
          : dialChannel(bare, process.clock, self, address, options, options.member),
    }
    const ports: WorldPorts = {
      clock: process.clock,
      random: new SeededRandom(seedFor(this.seed, `${name}, life ${process.life}`)),
      network,
      http: this.#watched(
        name,
        createVirtualHttp(
          bare,
          process.clock,
          (error) => this.clock.crash(error),
          self,
          (exchange) => this.onExchange(name, exchange),
        ),
      ),
      store: this.store(name),
      identity: this.identity(name),
    }
    this.#ports.set(name, { life: process.life, ports })
    return ports
  }

  /** The kind of network the node on that host is in, as its members' channel has it. Without: open. */
  setNetwork(name: string, kind: NetworkKind): void {
    this.#kinds.set(name, kind)
  }

  #watched(name: string, http: Http): Http {
    const request = async (address: string, asked: PeerRequest): Promise<PeerAnswer | Failure> => {
      const ended = this.onRequest(name, address, asked)
      const answer = await http.request(address, asked)
      ended(answer)
      return answer
    }
    return { ...http, request }
  }

  store(name: string): MemoryStore {
    const store = this.#stores.get(name) ?? new MemoryStore()
    this.#stores.set(name, store)
    return store
  }

  identity(name: string): Identity {
    const known = this.#identities.get(name)
    if (known) return known
    const identity = this.#remembering(identityFromSeed(new SeededRandom(seedFor(this.seed, `key of ${name}`)).bytes(32)))
    this.#identities.set(name, identity)
    return identity
  }

  /** Every host looks at the same signatures: each is worked out once in a world. */
  #remembering(identity: Identity): Identity {
    this.#verify ??= (publicKey, bytes, signature) => {
      const known = this.#verified.get(signature)
      if (known !== undefined && known.publicKey === publicKey && known.bytes.equals(bytes)) return known.answer
      const answer = identity.verify(publicKey, bytes, signature)
      this.#verified.set(signature, { publicKey, bytes: Buffer.from(bytes), answer })
      return answer
    }
    return { ...identity, verify: this.#verify }
  }

  /** A text with the ids of this world's hosts replaced by their names, and other long hex by `hex1`, `hex2` … as they come. */
  readable(text: string): string {
    let out = text
    for (const [name, { id }] of this.#identities) out = out.replaceAll(id, name).replaceAll(id.slice(0, 16), name)
    return out.replaceAll(/\b[0-9a-f]{16,}\b/g, (hex) => {
      const known = this.#hexes.get(hex) ?? `hex${this.#hexes.size + 1}`
      this.#hexes.set(hex, known)
      return known
    })
  }

  /** What `restart` runs for that host, with the ports of its new life. */
  onRestart(name: string, run: (ports: WorldPorts) => void): void {
    this.#restarts.set(name, run)
  }

  kill(name: string): void {
    this.network.kill(name)
  }

  restart(name: string): void {
    this.network.kill(name)
    this.network.revive(name)
    this.#restarts.get(name)?.(this.ports(name))
  }

  /** Puts the process on this world's time and chance; answers the way back. */
  enter(): () => void {
    return useWorldTime(this.clock, this.seed)
  }
}

export const createWorld = ({ seed = 1 }: { readonly seed?: number } = {}): World => new World(seed)
