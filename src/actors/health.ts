// What the parts of a node have found wrong, each under a key of its own, until they take it back.
import { type Observable, Subject } from 'rxjs'
import type { HealthAnswer } from '../answers.ts'

export interface Health {
  /** Null: it is well again. */
  set(key: string, finding: HealthAnswer | null): void
  /** Those standing, in the order they were found. */
  list(): readonly HealthAnswer[]
  readonly changes$: Observable<void>
}

export function createHealth(): Health {
  const findings = new Map<string, HealthAnswer>()
  const changes = new Subject<void>()
  return {
    set: (key, finding) => {
      const before = findings.get(key)
      const isSame =
        finding === null
          ? before === undefined
          : before?.text === finding.text && before.level === finding.level && before.fix === finding.fix
      if (isSame) return
      if (finding === null) findings.delete(key)
      else findings.set(key, finding)
      changes.next()
    },
    list: () => [...findings.values()],
    changes$: changes.asObservable(),
  }
}
