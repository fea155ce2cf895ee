// When new words are pushed, and how often; to whom stands in gossip.test.ts.
import { expect, test } from 'vitest'
import { createRumors } from '../../../src/actors/membership/rumors.ts'
import { putOwn, recordBurst } from '../../../src/domain/ip-table.ts'
import { GOSSIP_GATHER, GOSSIP_LATE, GOSSIP_PUSH_AGAIN } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const PEERS = 6

/** `ms`: how long each takes to answer. `toMs`: what a timer makes of its time. */
function start(ms: Readonly<Record<string, number>> = {}, toMs = (ms: number): number => ms) {
  const parts = stateParts()
  const { clock, keeper, time, prove } = parts
  for (let i = 0; i < PEERS; i++) prove(signedBy(`peer${i}`, `198.51.100.${i}:8088`))
  let timers = 0
  const pushes: string[] = []
  const talking = new Set<string>()
  const rumors = createRumors({
    clock: {
      ...time,
      setTimeout: (run, ms) => {
        timers++
        return time.setTimeout(run, toMs(ms))
      },
    },
    keeper,
    self: parts.own.id,
    someone: (count) => [...keeper.current().rows.values()].filter(({ key }) => key.startsWith('peer')).slice(0, count),
    isSpokenTo: ({ key }) => talking.has(key),
    push: async ({ key }, words, isFirst) => {
      pushes.push(`${clock.now()} ${key} ${isFirst ? 'told' : 'offered'} ${words.map((word) => `${word.key}/${word.seq}`).join(' ')}`)
      const tookMs = ms[key]
      if (tookMs !== undefined) await new Promise<void>((resolve) => clock.setTimeout(resolve, tookMs))
      return true
    },
  })
  rumors.runs$.subscribe({ error: parts.onBug })
  const learn = (name: string, seq = 1, port = 8_088): void => prove(signedBy(name, `203.0.113.7:${port}`, { seq }))
  return { ...parts, rumors, learn, pushes, talking, timers: () => timers }
}

test('what comes at once is told to four in one message, and offered again later to three who do not hold it', async () => {
  const { clock, learn, rumors, pushes } = start()
  learn('oak')
  await clock.advance(5)
  rumors.heldBy('peer0', [{ key: 'oak', seq: 1 }])
  await clock.advance(GOSSIP_GATHER + GOSSIP_PUSH_AGAIN)
  const [atMs, againMs] = [GOSSIP_GATHER, GOSSIP_GATHER + GOSSIP_PUSH_AGAIN]
  expect(pushes).toEqual([
    ...['peer1', 'peer2', 'peer3', 'peer4'].map((key) => `${atMs} ${key} told oak/1`),
    `${againMs} peer5 offered oak/1`,
  ])
})

test('who does not answer soon is stood in for by another, and is known to hold it when it does', async () => {
  const { clock, learn, pushes } = start({ peer1: GOSSIP_LATE + 100, peer2: GOSSIP_LATE - 1 })
  learn('oak')
  await clock.advance(GOSSIP_GATHER + GOSSIP_LATE + 3 * GOSSIP_PUSH_AGAIN)
  expect(pushes.map((text) => text.replace(' oak/1', ''))).toEqual([
    ...['peer0', 'peer1', 'peer2', 'peer3'].map((key) => `${GOSSIP_GATHER} ${key} told`),
    ...['peer1', 'peer2', 'peer4'].map((key) => `${GOSSIP_GATHER + GOSSIP_PUSH_AGAIN} ${key} offered`),
    `${GOSSIP_GATHER + GOSSIP_LATE} peer4 told`,
    ...['peer5'].map((key) => `${GOSSIP_GATHER + GOSSIP_PUSH_AGAIN + GOSSIP_LATE} ${key} offered`),
  ])
})

test('who is as late as its path is long is not stood in for', async () => {
  const { clock, keeper, learn, pushes } = start({ peer1: 2 * GOSSIP_LATE - 1, peer2: 2 * GOSSIP_LATE + 1 })
  for (const key of ['peer1', 'peer2'])
    keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs: GOSSIP_LATE }, wallMs + 300_000))
  await clock.advance(300_000)
  learn('oak')
  await clock.advance(GOSSIP_GATHER + 3 * GOSSIP_LATE)
  expect(pushes.filter((text) => text.includes('told')).map((text) => text.replace(' told oak/1', ''))).toEqual([
    ...['peer0', 'peer1', 'peer2', 'peer3'].map((key) => `${300_000 + GOSSIP_GATHER} ${key}`),
    `${300_000 + GOSSIP_GATHER + 2 * GOSSIP_LATE} peer4`,
  ])
})

test('a later word of somebody takes the place of the one that waits to be told', async () => {
  const { clock, learn, pushes } = start()
  learn('oak', 1)
  await clock.advance(GOSSIP_GATHER - 5)
  learn('oak', 2)
  await clock.advance(GOSSIP_GATHER)
  expect(pushes.slice(0, 1)).toEqual([`${GOSSIP_GATHER - 5 + GOSSIP_GATHER} peer0 told oak/2`])
})

test('a thousand words that come at once wait for one timer', async () => {
  const { clock, keeper, learn, pushes, timers } = start()
  const before = timers()
  for (let i = 0; i < 1_000; i++) learn(`node${i}`, 1, 10_000 + i)
  expect([timers() - before, keeper.current().rows.size]).toEqual([1, PEERS + 1_000])
  await clock.advance(GOSSIP_GATHER)
  expect(pushes.map((text) => text.split(' ').length - 3)).toEqual([1_000, 1_000, 1_000, 1_000])
})

test('a word that comes anew after it was told on is told to whoever is drawn: of what is over nobody is remembered', async () => {
  const { clock, learn, rumors, pushes } = start()
  learn('oak', 1)
  await clock.advance(5_000)
  rumors.heldBy('peer1', [{ key: 'oak', seq: 1 }])
  pushes.length = 0
  rumors.heldBy('peer0', [{ key: 'oak', seq: 2 }])
  learn('oak', 2)
  await clock.advance(GOSSIP_GATHER)
  expect(pushes.map((text) => text.split(' ')[1])).toEqual(['peer1', 'peer2', 'peer3', 'peer4'])
})

test('in a table of hundreds rounds that follow each other are further apart, so that each says more', async () => {
  const rounds = async (rows: number): Promise<number> => {
    const { clock, learn, pushes } = start()
    for (let i = 0; i < rows; i++) learn(`node${i}`, 1, 10_000 + i)
    await clock.advance(5_000)
    pushes.length = 0
    for (let i = 0; i < 100; i++) {
      learn('oak', i + 1)
      await clock.advance(50)
    }
    return new Set(pushes.map((text) => text.split(' ')[0])).size
  }
  expect([await rounds(50), await rounds(800)]).toEqual([30, 12])
})

test('who is spoken to is told last', async () => {
  const { clock, learn, talking, pushes } = start()
  talking.add('peer0').add('peer2')
  learn('oak')
  await clock.advance(GOSSIP_GATHER)
  expect(pushes.map((text) => text.split(' ')[1])).toEqual(['peer1', 'peer3', 'peer4', 'peer5'])
})

test('where all are spoken to they are told all the same', async () => {
  const { clock, learn, talking, pushes } = start()
  for (let i = 0; i < PEERS; i++) talking.add(`peer${i}`)
  learn('oak')
  await clock.advance(GOSSIP_GATHER)
  expect(pushes.map((text) => text.split(' ')[1])).toEqual(['peer0', 'peer1', 'peer2', 'peer3'])
})

function startBusy(toMs = (ms: number): number => ms) {
  const parts = start({}, toMs)
  const { clock, keeper, own, learn, pushes } = parts
  let seq = 0
  const busyFor = async (ms: number): Promise<void> => {
    for (const untilMs = clock.now() + ms; clock.now() < untilMs; ) {
      learn(`oak${++seq % 40}`, seq, 10_000 + (seq % 40))
      await clock.advance(7.37)
    }
  }
  return {
    ...parts,
    busyFor,
    /** How long until it is told that this node has moved, ms; whether that was said to four in a message of its own. */
    move: async (port: number): Promise<readonly [number, boolean]> => {
      const startMs = clock.now()
      pushes.length = 0
      own.announce(`203.0.113.9:${port}`, null)
      const record = own.record()
      if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
      await busyFor(400)
      const mine = pushes.filter((text) => text.includes(own.id))
      const ms = Number(mine[0]?.split(' ')[0]) - startMs
      return [Math.round(ms), mine.slice(0, 4).every((text) => text.split(' ').length === 4)]
    },
  }
}

test('while news of others waits for its turn this node tells its own at once, four times and then once a second', async () => {
  const { busyFor, move } = startBusy()
  await busyFor(3_000)
  const told: (readonly [number, boolean])[] = []
  for (let i = 0; i < 8; i++) told.push(await move(8_088 + i))
  const atOnce = told.filter(([ms, isAlone]) => ms === GOSSIP_GATHER && isAlone).length
  // Four, and one for each second that has passed.
  expect([told.slice(0, 4), atOnce < 8]).toEqual([Array(4).fill([GOSSIP_GATHER, true]), true])
  await busyFor(1_000)
  expect(await move(9_000)).toEqual([GOSSIP_GATHER, true])
})

test('timers that end a little early, as those of Node do, use up none of the rounds of its own word', async () => {
  const { busyFor, move } = startBusy((ms) => Math.max(1, Math.trunc(ms)))
  const waits: number[] = []
  for (let i = 0; i < 4; i++) {
    await busyFor(10_000)
    const [ms] = await move(8_088 + i)
    waits.push(ms)
  }
  expect(Math.max(...waits)).toBeLessThanOrEqual(GOSSIP_GATHER + 1)
})
