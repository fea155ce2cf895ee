// What of a table is passed on: in the order of its changes, and as one sum over all of it.
import { fnv1a } from '../fnv1a.ts'
import { firstPlace } from './ordered-rows.ts'
import { isListed, isPassedOn, type Row } from './row.ts'

/** The order of changes. What has changed again since, or is gone, stands there in vain until the list is tidied. */
export class ToldRows {
  readonly #rows: ReadonlyMap<string, Row>
  #log: { readonly version: number; readonly key: string }[] = []
  #count = 0
  #sum = 0
  constructor(rows: ReadonlyMap<string, Row>) {
    this.#rows = rows
  }
  /** As a row was, and as it is. */
  replace(before: Row | null, after: Row | null): void {
    const [was, is] = [before !== null && isPassedOn(before) ? before : null, after !== null && isPassedOn(after) ? after : null]
    if (was?.record.seq !== is?.record.seq || was?.key !== is?.key) {
      if (was !== null) this.#add(was, -1)
      if (is !== null) this.#add(is, 1)
    }
    // A row that is only heard of counts anew once it is proven.
    if (after === null || !isListed(after) || after.version === before?.version) return
    this.#log.push({ version: after.version, key: after.key })
    if (this.#log.length > 2 * this.#rows.size + SPARE) this.#log = this.#log.filter((one) => this.#isCurrent(one))
  }
  /** Rows whose last change counts higher than `version`, in that order. */
  *since(version: number): IterableIterator<Row> {
    const log = this.#log
    for (let i = firstPlace(log.length, (i) => (log[i]?.version ?? 0) > version); i < log.length; i++) {
      const one = log[i]
      const row = one && this.#isCurrent(one) ? this.#rows.get(one.key) : undefined
      if (row && isPassedOn(row)) yield row
    }
  }
  /** Two tables that pass on the same rows have the same, whatever order they were learnt in. */
  get digest(): string {
    return `${this.#count}:${this.#sum.toString(36)}`
  }
  #isCurrent({ key, version }: { readonly key: string; readonly version: number }): boolean {
    return this.#rows.get(key)?.version === version
  }
  #add({ key, record }: Row, sign: 1 | -1): void {
    this.#count += sign
    this.#sum = (this.#sum + sign * fnv1a(`${key} ${record.seq}`) + MODULUS) % MODULUS
  }
}

const SPARE = 64
const MODULUS = 0x1_0000_0000_0000
