import { exposedServiceMachine } from './exposed-service-machine.ts'
import { nodeMachine } from './node-machine.ts'
import { peerMachine } from './peer-machine.ts'
import { reachMachine } from './reach-machine.ts'
import { tunnelMachine } from './tunnel-machine.ts'
import { turnSessionMachine } from './turn-session-machine.ts'

/** Every machine, for diagrams and the dashboard. */
export const machines = [nodeMachine, reachMachine, tunnelMachine, turnSessionMachine, peerMachine, exposedServiceMachine] as const
