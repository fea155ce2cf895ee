import { expect, test } from 'vitest'
import { createActor, fromCallback, setup } from 'xstate'
import { createLife } from '../../../src/actors/front/life.ts'
import type { Refusal } from '../../../src/answers.ts'
import { stateParts } from '../state-parts.ts'

const noTraffic = (): never => {
  throw new Error('not asked here')
}
const never = (): Promise<never> => new Promise(() => {})

interface Setting {
  readonly opened?: { readonly type: 'opened'; readonly listen: string | null } | Refusal
  readonly spread?: () => Promise<void>
  readonly close?: () => Promise<void>
  /** What its machine does once it runs. */
  readonly onRun?: () => void
}

/** A life whose parts tell what is asked of them. */
function start({
  opened = { type: 'opened', listen: '0.0.0.0:8088' },
  spread = async () => {},
  close = async () => {},
  onRun = () => {},
}: Setting = {}) {
  const parts = stateParts()
  const { clock, news, own } = parts
  const told: string[] = []
  const bugs: unknown[] = []
  const tell = (what: string): void => void told.push(`${clock.now()} ${what}`)
  const ending = new AbortController()
  ending.signal.addEventListener('abort', () => tell('calls to peers ended'))
  const machine = setup({
    actors: {
      part: fromCallback(() => {
        tell('machine runs')
        onRun()
        return () => tell('machine ended')
      }),
    },
  }).createMachine({ invoke: { src: 'part' }, on: { 'node.stop': { actions: () => tell('machine told to stop') } } })
  const life = createLife({
    ...parts,
    ending,
    connect: { close: () => tell('connections ended') },
    file: {
      read: async () => tell('table read'),
      restore: () => {},
      stored: () => ({ rows: [] }),
      close: async () => {
        await close()
        tell('table written')
      },
    },
    history: { start: async () => {}, close: async () => {} },
    operatorChanges: {
      read: async () => tell('operatorChanges read'),
      seeds: () => [],
      addSeed: () => {},
      dropSeed: () => {},
      addService: () => {},
      dropService: () => {},
      hasService: () => false,
      noteRemoved: () => {},
      notePinned: () => {},
      close: async () => tell('operatorChanges written'),
    },
    drain: { beforeEnd: async () => tell('clients went elsewhere') },
    leases: { read: async () => tell('leases read'), close: async () => tell('leases written') },
    spending: { read: async () => tell('spending read'), close: async () => tell('spending written') },
    entrances: {
      open: async () => {
        tell('ports opened')
        return opened
      },
      close: async () => tell('ports closed'),
      innerAddress: () => '',
      bindHost: () => '',
    },
    gossip: {
      spread: async ({ records }, toHowMany) => {
        await spread()
        tell(`goodbye to ${toHowMany}${records?.[0] && own.hasSaid(records[0]) ? '' : ', forged'}`)
      },
    },
    actor: createActor(machine),
    rates: { start: () => tell('rates counted'), stop: () => tell('rates ended'), answer: noTraffic, bytesPerSecond: noTraffic },
    services: { start: () => tell('services started'), stop: () => tell('services ended'), meters: () => [] },
    turnServer: { meters: () => [], close: async () => tell('clients sent away') },
    external: { stop: () => tell('logins ended') },
    onBug: (error) => void bugs.push(error),
  })
  return { clock, news, own, told, bugs, life }
}

const BEGUN = [
  'leases read',
  'spending read',
  'ports opened',
  'table read',
  'operatorChanges read',
  'machine runs',
  'services started',
  'rates counted',
]
const ENDED = ['machine told to stop', 'machine ended', 'services ended', 'logins ended', 'connections ended', 'rates ended']
const CLOSED = [
  'ports closed',
  'clients sent away',
  'spending written',
  'operatorChanges written',
  'leases written',
  'table written',
  'calls to peers ended',
]
const at = (ms: number, ...all: readonly string[]) => all.map((one) => `${ms} ${one}`)

test('it opens its ports, reads what it knew, and then lives', async () => {
  const { life, told, news } = start()
  expect(await life.start()).toEqual({ type: 'started', listen: '0.0.0.0:8088' })
  expect([told, news]).toEqual([at(0, ...BEGUN), [{ type: 'node.listening', address: '0.0.0.0:8088' }]])
})

test('it does not live where a port can not be had', async () => {
  const refusal: Refusal = { type: 'refused', text: "can't listen on 0.0.0.0:8088: port 8088 is in use" }
  const { life, told, news } = start({ opened: refusal })
  expect([await life.start(), told, news]).toEqual([refusal, at(0, 'leases read', 'spending read', 'ports opened'), []])
})

test('a node that others list says goodbye, and ends what it began; calls to peers last, after what is written', async () => {
  const { life, told, news, own, clock } = start()
  await life.start()
  own.announce('192.0.2.1:8088', null)
  told.length = 0
  await life.stop()
  expect(told).toEqual(at(0, 'clients went elsewhere', 'goodbye to 8', ...ENDED, ...CLOSED))
  expect([news.at(-1), clock.timerCount]).toEqual([{ type: 'node.stopped' }, 0])
})

test('one that nobody lists has nobody to say goodbye to', async () => {
  const { life, told } = start()
  await life.start()
  told.length = 0
  await life.stop()
  expect(told).toEqual(at(0, 'clients went elsewhere', ...ENDED, ...CLOSED))
})

test('peers that do not answer its goodbye hold it up for half a second, and a disk that hangs for 2.5 s', async () => {
  const { life, told, news, own, clock } = start({ spread: never, close: never })
  await life.start()
  own.announce('192.0.2.1:8088', null)
  told.length = 0
  await clock.until(life.stop())
  const [ports, clients, spending, operatorChanges, leases, , calls] = CLOSED
  expect(told).toEqual([
    ...at(0, 'clients went elsewhere'),
    ...at(500, ...ENDED, ports ?? '', clients ?? '', spending ?? '', operatorChanges ?? '', leases ?? ''),
    ...at(3_000, calls ?? ''),
  ])
  expect([clock.now(), news.at(-1)]).toEqual([3_000, { type: 'node.stopped' }])
})

test('one that was refused its port can be stopped', async () => {
  const { life, told } = start({ opened: { type: 'refused', text: 'in use' } })
  await life.start()
  told.length = 0
  await life.stop()
  expect(told).toEqual(at(0, 'clients went elsewhere', 'services ended', 'logins ended', 'connections ended', 'rates ended', ...CLOSED))
})

test('a bug in its machine is heard of', async () => {
  const bug = new Error('bug')
  const { life, bugs } = start({
    onRun: () => {
      throw bug
    },
  })
  await life.start()
  expect(bugs).toEqual([bug])
})
