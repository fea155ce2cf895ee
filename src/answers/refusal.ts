// Why something was not done.

/** A request that could not be met: one sentence. */
export interface Refusal {
  readonly type: 'refused'
  readonly text: string
  /** What is now, in one sentence, where something did happen before it failed; absent: all is as it was. */
  readonly left?: string
}
