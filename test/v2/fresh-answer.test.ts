import { expect, test } from 'vitest'
import { TOKEN_HEADER, tokenSaidAgain } from '../../src/v2/fresh-answer.ts'

const TOKEN = '0123456789abcdef'

test.each([
  ['a token is said again', { [TOKEN_HEADER]: TOKEN }, { [TOKEN_HEADER]: TOKEN }],
  ['nothing where none was asked for', {}, {}],
  ['nor anything but a token', { [TOKEN_HEADER]: 'x\r\nset-cookie: a' }, {}],
  ['nor a longer one', { [TOKEN_HEADER]: `${TOKEN}0` }, {}],
])('%s', (_, headers, expected) => expect(tokenSaidAgain(headers)).toEqual(expected))
