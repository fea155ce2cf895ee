// A network that does not stand still, in front of the page, and what the page makes of it.
import type { CDPSession, Page } from 'playwright-core'
import type { PeerAnswerRow } from '../../src/answers.ts'
import { aRow, aStatus, type FakeNode } from './fake-node.ts'

const TICKS_A_SECOND = 10

export interface BusyNetwork {
  /** So far. */
  readonly changes: () => number
  stop(): void
}

/** So many servers, of which so many change each second: their latency, and when they were last seen. */
export function keepBusy(
  node: FakeNode,
  { servers, changesPerSecond }: { readonly servers: number; readonly changesPerSecond: number },
): BusyNetwork {
  const rows: PeerAnswerRow[] = Array.from({ length: servers }, (_, i) => aRow(`n${i}`, { rttMs: 1 + (i % 97) }))
  node.show({ status: aStatus('serving', {}, { address: '203.0.113.9:8088', reachability: 'public' }), peers: [...rows] })
  let changes = 0
  const timer = setInterval(() => {
    for (let i = 0; i < changesPerSecond / TICKS_A_SECOND; i++) {
      const at = (changes * 37) % servers
      const row = rows[at]
      if (row) rows[at] = { ...row, rttMs: 1 + ((changes * 13) % 97), lastProof: new Date().toISOString() }
      changes += 1
    }
    node.show({ peers: [...rows] })
    node.tell({ type: 'peer.measured', peer: rows[0]?.id ?? '', rttMs: changes, jitterMs: null, lossPct: 0 })
  }, 1_000 / TICKS_A_SECOND)
  return { changes: () => changes, stop: () => clearInterval(timer) }
}

/**
 * The page keeps its last 1,000 measurements, and so many are told here, faster
 * than it would be: from then on it holds no more than before.
 */
export async function fillMeasurements(node: FakeNode): Promise<void> {
  for (let told = 0; told < 1_200; told += 40) {
    for (let i = 0; i < 40; i++)
      node.tell({ type: 'peer.measured', peer: aRow('n0').id ?? '', rttMs: told + i, jitterMs: null, lossPct: 0 })
    await new Promise((settle) => setTimeout(settle, 250))
  }
}

/** Milliseconds from frame to frame, for so long. */
export async function frameGapsMs(page: Page, forMs: number): Promise<readonly number[]> {
  const gaps: unknown = await page.evaluate(`new Promise((settle) => {
    const gaps = []
    let before = performance.now()
    const endMs = before + ${forMs}
    const count = (nowMs) => {
      gaps.push(nowMs - before)
      before = nowMs
      if (nowMs < endMs) requestAnimationFrame(count)
      else settle(gaps)
    }
    requestAnimationFrame(count)
  })`)
  return Array.isArray(gaps) ? gaps.map(Number) : []
}

export interface Weight {
  readonly heapBytes: number
  readonly domNodes: number
  readonly listeners: number
}

/** After what is not used any more is cleared away. */
export async function weightOf(devtools: CDPSession): Promise<Weight> {
  await devtools.send('HeapProfiler.collectGarbage')
  const { usedSize } = await devtools.send('Runtime.getHeapUsage')
  const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters')
  return { heapBytes: usedSize, domNodes: nodes, listeners: jsEventListeners }
}
