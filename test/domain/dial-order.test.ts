import { expect, test } from 'vitest'
import { type Answered, dialOrder } from '../../src/domain/dial-order.ts'

test.each<[string, readonly string[], Answered | null, readonly string[]]>([
  ['is that of the owner where nothing is remembered', ['a:1', 'b:1'], null, ['a:1', 'b:1']],
  ['begins with what answered last', ['a:1', 'b:1', 'c:1'], { address: 'b:1', first: 'a:1' }, ['b:1', 'a:1', 'c:1']],
  ['is the owner’s where that names another first', ['c:1', 'b:1'], { address: 'b:1', first: 'a:1' }, ['c:1', 'b:1']],
  ['never has an address that was withdrawn', ['a:1', 'c:1'], { address: 'b:1', first: 'a:1' }, ['a:1', 'c:1']],
])('the order of addresses %s', (_, addresses, last, expected) => expect(dialOrder(addresses, last)).toEqual(expected))
