// What the demo does, in order, with what it measures.
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { writeInvitation } from '../../invitation.ts'
import { type Child, startChild } from './child.ts'
import { complete, knows, lacks, measured } from './expectations.ts'
import { answers } from './probe-service.ts'

type Table = { readonly ip_address: readonly Readonly<Record<string, unknown>>[] }

export interface DemoFacts {
  readonly schemaVersion: 1
  readonly ok: true
  readonly nodes: readonly { readonly name: string; readonly address: string; readonly table: Table }[]
  readonly turn: { readonly name: string; readonly address: string; readonly reason: string }
  readonly service: { readonly public: string }
  /** All five ready → all five tables complete. */
  readonly convergedMs: number
  /** The sixth ready → its service's first answer at the public address. */
  readonly turnJoinMs: number
  readonly cut: { readonly turn: string; readonly next: string; readonly outageMs: number }
}

interface Stage {
  readonly folder: string
  readonly running: Set<ChildProcess>
  readonly servicePort: number
  readonly ports: readonly number[]
  readonly progress: (line: string) => void
}

const NAMES = ['ash', 'birch', 'cedar', 'elm', 'fir'] as const
/** A service is asked for this often, on new connections … */
const ASK_MS = 5
/** … and tables are looked at this often: each look costs the nodes that are being timed. */
const LOOK_MS = 20
const PHASE_MS = 60_000
/** The speeds are worth waiting for, and no part of what the demo has to show. */
const MEASURE_MS = 30_000
const SECRET_BYTES = 32

export async function playDemo({ folder, running, servicePort, ports, progress }: Stage): Promise<DemoFacts> {
  progress('starting five nodes of a private network, each knowing one other …')
  const invitation = writeInvitation({ secret: randomBytes(SECRET_BYTES).toString('base64url'), addresses: [] })
  const five = await Promise.all(
    NAMES.map((name, i) => {
      // A chain: each knows the next, the last knows the one before it.
      const seed = ports[i + 1] ?? ports[i - 1] ?? 0
      return startChild(name, join(folder, name), ['--listen', `127.0.0.1:${ports[i]}`], running, [invitation, `127.0.0.1:${seed}`])
    }),
  )
  const readyMs = Math.max(...five.map((child) => child.readyMs))
  await until('five complete tables', async () => lacks(await tablesOf(five), (table) => complete(table, 5)))
  const convergedMs = round(performance.now() - readyMs)
  progress(`five complete tables after ${convergedMs} ms`)

  progress('a sixth node joins from behind NAT and exposes a small service …')
  const sixth = await startChild('hidden', join(folder, 'hidden'), ['--no-listen', '--expose', `web=${servicePort}`], running, [
    invitation,
    `127.0.0.1:${ports[2]}`,
  ])
  const service = watchService(sixth)
  const first = await firstAnswer('the service to answer', service)
  const turnJoinMs = round(performance.now() - sixth.readyMs)
  progress(`the service answers at http://${first}/ after ${turnJoinMs} ms`)

  const six = [...five, sixth]
  progress('measuring every path …')
  const missing = await Promise.all(six.map(measureAll))
  for (const lack of missing) if (lack !== '') progress(lack)
  await until('six complete tables', async () => {
    const [at, tables] = await Promise.all([sixth.status(), tablesOf(six)])
    return lacks(
      tables,
      (table) => complete(table, 6),
      (table) => knows(table, sixth.id, at?.node.address ?? ''),
    )
  })
  const status = await must(sixth.status(), 'the hidden node')
  if (!status.turn) throw new Error('the hidden node has no TURN')
  const { turn } = status
  const nodes = await Promise.all(
    six.map(async (child) => {
      const { node } = await must(child.status(), child.name)
      return { name: child.name, address: node.address ?? '', table: await must(child.table(), child.name) }
    }),
  )

  // The one that the service's address is at: the others carry it too.
  const [web] = status.services
  const carrying = web?.at.find((place) => place.public === web.public)?.turn ?? turn.name
  progress(`killing the TURN ${carrying} …`)
  const killed = five.find(({ name }) => name === carrying)
  if (!killed) throw new Error('the TURN is none of the five')
  const before = service.address() ?? first
  const cutMs = performance.now()
  killed.kill('SIGKILL')
  service.forget()
  const second = await firstAnswer('the service to answer again', service)
  const outageMs = round(performance.now() - cutMs)
  progress(`the service answers again at http://${second}/ after ${outageMs} ms`)
  const after = await must(sixth.status(), 'the hidden node')

  const rest = six.filter((child) => child !== killed)
  await until('all tables to follow', async () => {
    const [at, tables] = await Promise.all([sixth.status(), tablesOf(rest)])
    return lacks(
      tables,
      (table) => knows(table, killed.id, null),
      (table) => complete(table, 5),
      (table) => knows(table, sixth.id, at?.node.address ?? ''),
    )
  })
  progress('all tables have followed')
  return {
    schemaVersion: 1,
    ok: true,
    nodes,
    turn: { name: turn.name, address: turn.address, reason: turn.reason },
    service: { public: before },
    convergedMs,
    turnJoinMs,
    cut: { turn: carrying, next: after.turn?.name ?? '', outageMs },
  }
}

/**
 * Has a node measure its speed to every server, one after another, in an order of its own, so that few ask for the same one at once.
 * Answers what it lacks at the end: on a busy machine tests take long, and the tables are whole without their figures.
 */
async function measureAll(child: Child, place: number): Promise<string> {
  const look = async (): Promise<string> => {
    const answer = await child.peers()
    const open = (answer?.peers ?? []).filter(({ downMbps }) => downMbps === null)
    const peer = open[place % Math.max(1, open.length)]
    if (peer?.id != null) await child.speedtest(peer.id)
    const lack = measured(answer)
    return lack === '' ? '' : `${child.name} ${lack}`
  }
  return lackAfter(look, MEASURE_MS)
}

export interface Whereabouts {
  address(): string | null
  /** From now on only what is proven anew counts, be it the same address. */
  forget(): void
}

/** Where the service was last proven, from the news as they come. */
export function watchService(child: Child): Whereabouts {
  let address: string | null = null
  const hear = (entry: Child['news'][number]): void => {
    if (entry.type === 'service.up') address = entry.public
    if (entry.type === 'service.down') address = null
  }
  for (const entry of child.news) hear(entry)
  child.onNews(hear)
  return {
    address: () => address,
    forget: () => {
      address = null
    },
  }
}

/** Asks for the service every few milliseconds on new connections, wherever it is proven to be; settles with where it answered. */
async function firstAnswer(what: string, service: Whereabouts): Promise<string> {
  let at: string | null = null
  await until(
    what,
    async () => {
      at = service.address()
      if (at === null) return 'no address was proven'
      return (await answers(at)) ? '' : `${at} did not answer`
    },
    ASK_MS,
  )
  return at ?? ''
}

async function must<T>(answer: Promise<T | null>, who: string): Promise<T> {
  const got = await answer
  if (got === null) throw new Error(`${who} did not answer`)
  return got
}

/** Looks again and again; `lack` tells what is still missing, empty when nothing. */
async function until(what: string, lack: () => Promise<string>, everyMs = LOOK_MS): Promise<void> {
  const lacking = await lackAfter(lack, PHASE_MS, everyMs)
  if (lacking !== '') throw new Error(`waited ${PHASE_MS / 1_000} s for ${what}: ${lacking}`)
}

/** What is still missing after so long; empty as soon as nothing is. */
async function lackAfter(lack: () => Promise<string>, withinMs: number, everyMs = LOOK_MS): Promise<string> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const lacking = await lack()
    if (lacking === '' || performance.now() > deadline) return lacking
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

const tablesOf = (children: readonly Child[]) =>
  Promise.all(children.map(async (child) => ({ name: child.name, answer: await child.peers() })))

const round = (ms: number): number => Math.round(ms * 10) / 10
