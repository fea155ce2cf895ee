/**
 * Why the network said no. Happens all day. `text` is one clause for people, such as `connection refused`. `withheld`: this node's own
 * rules kept it from trying, so nothing is learnt of the other end.
 */
export interface Failure {
  readonly type: 'failed'
  readonly reason: 'refused' | 'timeout' | 'reset' | 'unreachable' | 'aborted' | 'denied' | 'in-use' | 'protocol' | 'withheld'
  readonly text: string
  /** Of a `withheld` one: not before so long may it be tried again. Absent: it never may. */
  readonly retryMs?: number
}

export const isFailure = (answer: { readonly type: string }): answer is Failure => answer.type === 'failed'
