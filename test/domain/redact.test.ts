import { expect, test } from 'vitest'
import { redact } from '../../src/domain/redact.ts'

test.each([
  ['nothing of it', [], 'nothing of it'],
  ['a canary-1 and canary-1%3D', ['canary-1'], 'a [taken out] and [taken out]%3D'],
  ['https://h/a%20b', ['h/a b'], 'https://h/a%20b'],
  ['up --join mw1.AAAA-b_c now', [], 'up --join [taken out] now'],
  ['frp://s3cr3t@elm:7000?tls=off', [], 'frp://[taken out]elm:7000?tls=off'],
  ['https://me:pw@hook.example/x', [], 'https://[taken out]hook.example/x'],
  ['authorization: Bearer abc.def', [], 'authorization: Bearer [taken out]'],
  ['{"token":"abcdefgh","n":1}', [], '{"token":"[taken out]","n":1}'],
  ['group-key=abcdefgh&port=1', [], 'group-key=[taken out]&port=1'],
  ['http://127.0.0.1:8089/#token=abc', [], 'http://127.0.0.1:8089/#token=[taken out]'],
  ['abc is short', ['abc'], 'abc is short'],
])('%s', (text, secrets, expected) => expect(redact(text, secrets)).toEqual(expected))
