// Loaded into a node before its program (`NODE_OPTIONS=--import`): keeps its main loop busy for 40 of 50 ms. Threads have loops of
// their own, which it leaves alone.
import { isMainThread } from 'node:worker_threads'

const BUSY_MS = 40
const PERIOD_MS = 50

function keepBusy() {
  const until = performance.now() + BUSY_MS
  while (performance.now() < until);
}

if (isMainThread) setInterval(keepBusy, PERIOD_MS).unref()
