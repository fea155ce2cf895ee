import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { noNewsType } from '../../src/domain/news-types.ts'

const SCHEMA = JSON.parse(readFileSync(new URL('../../docs/feed.schema.json', import.meta.url), 'utf8')) as {
  readonly oneOf: readonly { readonly properties: { readonly type: { readonly const: string } } }[]
}
const TOLD = SCHEMA.oneOf.map(({ properties }) => properties.type.const)

test('every type that nodes tell can be asked for, by its first word too', () => {
  expect(TOLD.filter((type) => noNewsType(type) !== null || noNewsType(type.split('.')[0] ?? '') !== null)).toEqual([])
  expect(TOLD.length).toBeGreaterThan(20)
})

test.each([
  ['serice.up', '"serice.up" is no type of news; did you mean service.up?'],
  ['Service.up', '"Service.up" is no type of news; did you mean service.up?'],
  ['peers', '"peers" is no type of news; did you mean peer?'],
  ['service up', '"service up" is no type of news; did you mean service.up?'],
  ['', '"" is no type of news; write one such as service.up, or service'],
  ['q-q-q-q-q-q-q-q-q-q-q-q', '"q-q-q-q-q-q-q-q-q-q-q-q" is no type of news; write one such as service.up, or service'],
])('%j is none', (text, why) => expect(noNewsType(text)).toBe(why))
