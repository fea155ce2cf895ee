// A service's public port or domain, as its machine has it opened, proven and given back.
import { fromCallback } from 'xstate'
import type { ServiceSpec } from '../../answers.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import { SERVICE_RETRY, SERVICE_USER_PROVES } from '../../domain/timings.ts'
import type { PlaceCommand, PlaceFact } from '../../machines/exposed-service-machine.ts'
import type { Ports } from '../../ports.ts'
import type { Carrier } from './carrier.ts'
import { createProbeDatagrams } from './probe-datagrams.ts'
import { type ServiceProof, startServiceProof } from './service-proof.ts'

interface PlaceNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly specOf: (service: string) => ServiceSpec
  readonly carrier: Carrier
  /** What this node sent itself came out at the service. */
  readonly cameThrough: (service: string) => void
  readonly onBug: (error: unknown) => void
}

export function createPlaceActor({ clock, random, network, specOf, carrier, cameThrough, onBug }: PlaceNeeds) {
  const probes = createProbeDatagrams(random)

  return fromCallback<PlaceCommand, { service: string }>(({ input: { service }, sendBack, receive }) => {
    const spec = specOf(service)
    const { isOnlyWay, open } = carrier
    let address: string | null = null
    let isOpen = false
    let proof: ServiceProof | null = null
    let isProven = false
    /** When the last user came through since it was last proven. */
    let cameThroughAtMs: number | null = null
    let doubtedAt = Number.NEGATIVE_INFINITY
    const tell = (fact: PlaceFact): void => sendBack(fact)
    const proven = (atMs: number): void => {
      isProven = true
      cameThroughAtMs = null
      tell({ type: 'place.proven', atMs })
    }
    const settled = (cause: ServiceCause | null): void => {
      proof = null
      if (cause === null) {
        cameThrough(service)
        return proven(clock.wallMs())
      }
      isProven = false
      tell({ type: 'place.unproven', cause })
    }
    const doubt = (): void => {
      if (!isProven || clock.now() - doubtedAt < SERVICE_RETRY) return
      doubtedAt = clock.now()
      tell({ type: 'place.doubted' })
    }
    const callOff = (): void => {
      proof?.end()
      proof = null
    }
    const prove = (): void => {
      if (proof !== null || address === null) return
      const datagram = spec.kind === 'udp' ? probes.next() : null
      proof = startServiceProof({ clock, network, spec, address, datagram, told: settled, onBug })
    }

    const place = open(spec, {
      opened: (at) => {
        if (isOpen && at === address) return
        isOpen = true
        callOff()
        isProven = false
        address = at
        tell({ type: 'place.opened', address })
      },
      refused: (cause) => tell({ type: 'place.refused', cause }),
      served: (cause) => {
        if (proof !== null) return proof.served(cause)
        if (cause !== null) return doubt()
        if (isOnlyWay && isProven) cameThroughAtMs = clock.wallMs()
        else if (isOnlyWay) proven(clock.wallMs())
      },
      intercept: (bytes) => {
        const isOurs = probes.isOurs(bytes)
        if (isOurs) proof?.arrived(bytes)
        return isOurs
      },
    })
    receive(({ type }) => {
      const isLately = cameThroughAtMs !== null && clock.wallMs() - cameThroughAtMs <= SERVICE_USER_PROVES
      if (type === 'place.renew' && cameThroughAtMs !== null && isLately) return proven(cameThroughAtMs)
      prove()
    })
    return () => {
      callOff()
      place.close()
    }
  })
}
