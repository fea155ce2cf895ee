import type { Clock } from '../../src/ports.ts'
import type { VirtualClock } from './virtual-clock.ts'

interface ProcessTimer {
  readonly run: () => void
  readonly dueMs: number
  /** On the world's clock; null while the process stands still. */
  pending: unknown
}

/** `frozen`: stopped, while its machine goes on. `asleep`: its machine is suspended, and its monotonic clock with it. */
type ProcessState = 'running' | 'frozen' | 'asleep' | 'dead'

/** One life of a node's process. What it set going does not outlive it, and nothing of it runs while it is stopped. */
export class HostProcess {
  readonly clock: Clock
  readonly life: number
  readonly #world: VirtualClock
  readonly #timers = new Set<ProcessTimer>()
  readonly #onDeath = new Set<() => void>()
  #state: ProcessState = 'running'
  /** What the kernel keeps for it until it runs again. */
  #kept: (() => void)[] = []
  #sleptMs = 0
  #fellAsleepMs = 0

  constructor(world: VirtualClock, life: number, { wallMs, waitedShare }: Pick<Clock, 'wallMs' | 'waitedShare'>) {
    this.#world = world
    this.life = life
    this.clock = {
      now: this.#now,
      wallMs,
      setTimeout: this.#setTimeout,
      clearTimeout: this.#clearTimeout,
      busyMs: world.busyMs,
      waitedShare,
    }
  }

  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  get timerCount(): number {
    return this.#timers.size
  }

  /** The promise, or one that never settles once the process is dead. */
  async own<T>(promise: Promise<T>): Promise<T> {
    const value = await promise
    if (this.#state === 'running') return value
    return new Promise((resolve) => this.whenRunning(() => resolve(value)))
  }

  /** Runs it now; or once the process goes on, after its overdue timers and in the order of asking; or never, for a dead one. */
  whenRunning(run: () => void): void {
    if (this.#state === 'running') run()
    else if (this.#state !== 'dead') this.#kept.push(run)
  }

  /** To be run when it dies. Answers how to take that back. */
  onDeath(run: () => void): () => void {
    this.#onDeath.add(run)
    return () => this.#onDeath.delete(run)
  }

  freeze(state: 'frozen' | 'asleep'): void {
    if (this.#state !== 'running') return
    this.#state = state
    this.#fellAsleepMs = this.#world.now()
    for (const timer of this.#timers) this.#world.clearTimeout(timer.pending)
  }

  thaw(): void {
    if (this.#state !== 'frozen' && this.#state !== 'asleep') return
    if (this.#state === 'asleep') this.#sleptMs += this.#world.now() - this.#fellAsleepMs
    this.#state = 'running'
    for (const timer of [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)) this.#arm(timer)
    const kept = this.#kept
    this.#kept = []
    // Each for itself, as reads of one turn of the event loop are; stopped again meanwhile, it keeps the rest.
    for (const run of kept) this.#world.setTimeout(() => this.whenRunning(run), 0)
  }

  die(): void {
    this.#state = 'dead'
    for (const timer of this.#timers) this.#world.clearTimeout(timer.pending)
    this.#timers.clear()
    this.#kept = []
    for (const run of this.#onDeath) run()
    this.#onDeath.clear()
  }

  readonly #now = (): number => (this.#state === 'asleep' ? this.#fellAsleepMs : this.#world.now()) - this.#sleptMs

  readonly #setTimeout = (run: () => void, ms: number): unknown => {
    if (this.#state === 'dead') return null
    const timer: ProcessTimer = { run, dueMs: this.#now() + Math.max(ms, 0), pending: null }
    this.#timers.add(timer)
    if (this.#state === 'running') this.#arm(timer)
    return timer
  }

  readonly #clearTimeout = (timer: unknown): void => {
    if (!isProcessTimer(timer) || !this.#timers.delete(timer)) return
    this.#world.clearTimeout(timer.pending)
  }

  #arm(timer: ProcessTimer): void {
    timer.pending = this.#world.setTimeout(
      () => {
        this.#timers.delete(timer)
        timer.run()
      },
      Math.max(0, timer.dueMs - this.#now()),
    )
  }
}

const isProcessTimer = (timer: unknown): timer is ProcessTimer =>
  typeof timer === 'object' && timer !== null && 'dueMs' in timer && 'pending' in timer
