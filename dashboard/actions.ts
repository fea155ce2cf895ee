// What a person has the node do.
import { ask } from './token.ts'

export type Outcome<Answer> = { readonly type: 'done'; readonly answer: Answer } | { readonly type: 'refused'; readonly text: string }

/** Asks for it and waits until it is done or refused. `text`: one sentence of the node's, or that it did not answer. */
export async function act<Answer>(path: string, body: object): Promise<Outcome<Answer>> {
  const response = await ask(path, { method: 'POST', body: JSON.stringify(body) })
  if (response === null) return { type: 'refused', text: 'The node did not answer.' }
  const answer = await response.json().catch(() => null)
  if (response.ok && answer !== null) return { type: 'done', answer }
  return { type: 'refused', text: answer?.error ?? `The node answered with ${response.status}.` }
}
