// Limits for strangers that were met, in health for an hour after the last time.
import type { Rations } from '../../domain/offer.ts'
import { rationText } from '../../domain/ration-text.ts'
import type { Clock } from '../../ports.ts'
import type { Health } from '../health.ts'

const SHOWN_MS = 3_600_000

interface Needs {
  readonly clock: Omit<Clock, 'wallMs'>
  readonly health: Pick<Health, 'set'>
  readonly rations: Rations
}

export function createMetLimits({ clock, health, rations }: Needs) {
  const timers = new Map<string, unknown>()
  return {
    met: (ration: keyof Rations | 'port' | 'domain'): void => {
      const before = timers.get(ration)
      if (before !== undefined) clock.clearTimeout(before)
      health.set(`ration ${ration}`, { level: 'info', ...rationText(ration, rations) })
      timers.set(
        ration,
        clock.setTimeout(() => {
          timers.delete(ration)
          health.set(`ration ${ration}`, null)
        }, SHOWN_MS),
      )
    },
    stop: (): void => {
      for (const timer of timers.values()) clock.clearTimeout(timer)
      timers.clear()
    },
  }
}
