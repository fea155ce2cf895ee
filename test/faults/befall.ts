// Faults at work. Whatever lasts is undone after its time; `endAll` undoes everything that still lasts.
import {
  all,
  blackHole,
  cut,
  cutOneWay,
  deafen,
  fillDisk,
  freeDisk,
  freeze,
  heal,
  kill,
  lossy,
  lossyEverywhere,
  move,
  mute,
  narrow,
  refuse,
  reset,
  restart,
  setWallClock,
  sever,
  sleep,
  slow,
  thaw,
  unBlackHole,
  unRefuse,
} from '../sim/story.ts'
import type { Fault } from './fault.ts'
import { FRPS_HOST, P2PRC_HOST } from './hosts.ts'
import { resetWay, type Stage } from './stage.ts'

/** A stopped node has so long to say goodbye before its process ends, as a service manager would have it. */
const STOP_MS = 5_000

/** Plans each fault at its time. */
export function befall(stage: Stage): void {
  const { clock } = stage.world
  for (const fault of stage.scenario.faults) {
    clock.setTimeout(() => begin(stage, fault), fault.atMs)
    if ('forMs' in fault) clock.setTimeout(() => end(stage, fault), fault.atMs + fault.forMs)
  }
}

const othersThan = (stage: Stage, hosts: readonly string[]): readonly string[] => allHosts(stage).filter((host) => !hosts.includes(host))

export const allHosts = ({ scenario }: Stage): readonly string[] => [
  ...scenario.nodes.map(({ name }) => name),
  ...(scenario.frps ? [FRPS_HOST] : []),
  ...(scenario.p2prc ? [P2PRC_HOST] : []),
]

function begin(stage: Stage, fault: Fault): void {
  const { world, gone } = stage
  switch (fault.type) {
    case 'cut':
      return cut(fault.a, fault.b)(world)
    case 'one-way':
      return cutOneWay(fault.a, fault.b)(world)
    case 'sever':
      return sever(fault.a, fault.b)(world)
    case 'partition': {
      const apart = fault.silent ? sever : cut
      return all(fault.hosts.flatMap((a) => othersThan(stage, fault.hosts).map((b) => apart(a, b))))(world)
    }
    case 'black-hole':
      return blackHole(fault.host)(world)
    case 'lossy':
      return lossyEverywhere(fault.share)(world)
    case 'deaf':
      return deafen(fault.host)(world)
    case 'mute':
      return mute(fault.host)(world)
    case 'refuse':
      return refuse(fault.host)(world)
    case 'reset':
      return reset(fault.a, fault.b)(world)
    case 'loss':
      return lossy(fault.a, fault.b, fault.share)(world)
    case 'slow':
      return slow(fault.a, fault.b, fault.latencyMs)(world)
    case 'narrow':
      return narrow(fault.a, fault.b, fault.bytesPerMs)(world)
    case 'kill':
      return kill(fault.host)(world)
    case 'stop':
      return stop(stage, fault.host)
    case 'gone':
      if (gone.has(fault.host)) return
      gone.add(fault.host)
      if (fault.goodbye) stop(stage, fault.host)
      else kill(fault.host)(world)
      return
    case 'move':
      return move(fault.host)(world)
    case 'freeze':
      return freeze(fault.host)(world)
    case 'sleep':
      return sleep(fault.host)(world)
    case 'clock':
      return setWallClock(fault.host, fault.byMs)(world)
    case 'full-disk':
      return fillDisk(fault.host)(world)
  }
}

function stop({ world, nodes }: Stage, host: string): void {
  const { process } = world.host(host)
  if (!process.isRunning) return world.kill(host) // nobody there to be asked
  void nodes.get(host)?.current.stop()
  world.clock.setTimeout(() => {
    if (world.host(host).process === process) world.kill(host)
  }, STOP_MS)
}

function rise({ world, gone }: Stage, host: string): void {
  if (gone.has(host)) return
  thaw(host)(world)
  restart(host)(world)
}

function end(stage: Stage, fault: Fault): void {
  const { world, scenario } = stage
  const mend = (a: string, b: string) => resetWay(world, scenario.seed, a, b)
  switch (fault.type) {
    case 'cut':
    case 'one-way':
    case 'sever':
      return heal(fault.a, fault.b)(world)
    case 'loss':
    case 'slow':
    case 'narrow':
      return mend(fault.a, fault.b)
    case 'partition':
      for (const a of fault.hosts) for (const b of othersThan(stage, fault.hosts)) heal(a, b)(world)
      return
    case 'black-hole':
      return unBlackHole(fault.host)(world)
    case 'lossy':
      return lossyEverywhere(0)(world)
    case 'deaf':
      return deafen(fault.host, false)(world)
    case 'mute':
      return mute(fault.host, false)(world)
    case 'refuse':
      return unRefuse(fault.host)(world)
    case 'kill':
      if (fault.moved) move(fault.host)(world)
      return rise(stage, fault.host)
    case 'stop':
      return rise(stage, fault.host)
    case 'freeze':
    case 'sleep':
      return thaw(fault.host)(world)
    case 'full-disk':
      return freeDisk(fault.host)(world)
  }
}

/** All ways are as at first, all hosts awake; who was killed, but not for good, lives again. */
export function endAll(stage: Stage): void {
  const { world, scenario, gone } = stage
  const hosts = allHosts(stage)
  for (const [i, a] of hosts.entries()) for (const b of hosts.slice(i + 1)) resetWay(world, scenario.seed, a, b)
  lossyEverywhere(0)(world)
  for (const host of hosts) {
    if (gone.has(host)) continue
    all([unBlackHole(host), deafen(host, false), mute(host, false), unRefuse(host), thaw(host), freeDisk(host)])(world)
    if (!world.host(host).process.isAlive) restart(host)(world)
  }
}
