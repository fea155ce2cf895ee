// docs/feed.schema.json is what src/feed/news.ts says, and holds for what nodes tell. After a new type of news:
// `WRITE_SCHEMA=1 npx vitest run --project unit test/feed/feed-schema.test.ts`, and `npm run format`.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Entry } from '../../src/feed/news.ts'
import { liveNode, NODE_PORT } from '../sim/live-node.ts'
import { kill, play, restart } from '../sim/story.ts'

const SOURCE = readFileSync(new URL('../../src/feed/news.ts', import.meta.url), 'utf8')
const FILE = new URL('../../docs/feed.schema.json', import.meta.url)

interface Member {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly required: readonly string[]
  readonly additionalProperties: false
}

/** Of a field's type as the source writes it: texts, numbers, one of a few words, and null. */
function schemaOf(type: string): object {
  const parts = type.split('|').map((part) => part.trim())
  const words = parts.filter((part) => part.startsWith("'")).map((part) => part.slice(1, -1))
  const others = parts.flatMap((part) => (part === 'string' || part === 'number' || part === 'null' ? [{ type: part }] : []))
  expect([type, words.length + others.length]).toEqual([type, parts.length])
  const all = [...(words.length === 1 ? [{ const: words[0] }] : words.length > 1 ? [{ enum: words }] : []), ...others]
  return all.length === 1 ? (all[0] ?? {}) : { anyOf: all }
}

const members = (): readonly Member[] =>
  [...SOURCE.replaceAll(/\/\*\*[\s\S]*?\*\//g, '').matchAll(/\| \{([^}]*)\}/g)].map(([, body = '']) => {
    const fields = [...body.matchAll(/readonly (\w+): ([^;\n]+)/g)].map(
      ([, name = '', type = '']) => [name, schemaOf(type.trim())] as const,
    )
    const properties = { ...Object.fromEntries(fields), seq: { type: 'integer', minimum: 1 }, at: { type: 'string', format: 'date-time' } }
    return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
  })

test('the schema says what the source says', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'An entry of the feed of moonwalk, as GET /feed?format=entries, GET /api/news and events --json tell it',
    oneOf: members(),
  }
  expect(schema.oneOf.length).toBeGreaterThan(20)
  if (process.env.WRITE_SCHEMA) writeFileSync(FILE, `${JSON.stringify(schema, null, 2)}\n`)
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(schema)
})

test('what nodes tell in a life with a death is in it, entry by entry', async () => {
  const entries: Entry[] = []
  await play(
    [
      [20_000, kill('elm')],
      [40_000, restart('elm')],
    ],
    {
      seed: 5,
      forMs: 60_000,
      begin: (world) => {
        const seeds = [`${world.host('ash').ip}:${NODE_PORT}`, '192.0.2.77:8088']
        world.host('oak', { behindNat: true })
        for (const name of ['ash', 'elm', 'oak'])
          liveNode(world, name, { seeds: name === 'ash' ? [] : seeds }, (node) => void node.onNews((entry) => entries.push(entry)))
        return () => null
      },
    },
  )
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(FILE, 'utf8')))
  expect(entries.filter((entry) => !schema.safeParse(JSON.parse(JSON.stringify(entry))).success)).toEqual([])
  expect(new Set(entries.map(({ type }) => type)).size).toBeGreaterThan(10)
})

test('the page about the feed names every type', () => {
  const page = readFileSync(new URL('../../docs/feed.md', import.meta.url), 'utf8')
  const types = [...SOURCE.matchAll(/readonly type: '([a-z.A-Z]+)'/g)].map(([, type]) => type)
  expect(types.filter((type) => !page.includes(`\`${type}\``))).toEqual([])
})
