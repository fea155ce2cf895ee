// What every operation has: its answers, its refusals, its parameters.
import { ref, text } from './json-schema.ts'

export const content = (type: string, schema: object) => ({ content: { [type]: { schema } } })
export const answers = (schema: object) => ({ '200': { description: 'Done.', ...content('application/json', schema) } })
export const problem = (description: string) => ({ description, ...content('application/json', ref('Error')) })
export const denied = { '401': problem('No token, or a wrong one.') }

export const get = (summary: string, schema: object) => ({ get: { summary, responses: { ...answers(schema), ...denied } } })
const inQuery = (name: string, schema: object, description: string) => ({ name, in: 'query', required: false, schema, description })
export const paged = (summary: string, schema: object) => ({
  get: {
    summary,
    parameters: [
      inQuery('limit', { type: 'integer', minimum: 1, maximum: 1_000 }, 'Rows of the page; with any of these four without a limit: 200.'),
      inQuery('offset', { type: 'integer', minimum: 0 }, 'Rows before the page.'),
      inQuery('sort', text, 'rtt (by default), name, address, state, down, up, seen, turn, via or id; with - in front the greatest first.'),
      inQuery('search', text, 'A part of a name, an address or an id.'),
    ],
    responses: { ...answers(schema), ...denied, '400': problem('A parameter does not fit.') },
  },
})
export const post = (summary: string, body: object, answer: object, refused: '404' | '409') => ({
  post: {
    summary,
    requestBody: { required: true, ...content('application/json', body) },
    responses: {
      ...answers(answer),
      ...denied,
      '400': problem('The body does not fit.'),
      '413': problem('The body is over 64 KiB.'),
      '415': problem('The body is not JSON.'),
      [refused]: problem('The node refuses; the sentence says why.'),
    },
  },
})
