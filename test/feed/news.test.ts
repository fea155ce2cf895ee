// Reads the source: a type of news that nothing makes would be waited for in vain.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const SRC = new URL('../../src/', import.meta.url)
const textOf = (file: string): string => readFileSync(new URL(file, SRC), 'utf8')
/** Who only describes or reads news, and frp, whose facts have types of their own. */
const READERS = /^(feed\/news(-text|-kinds)?\.ts$|cli\/|io\/|frp\/|machines\/)/

test('each type of news is made somewhere', () => {
  const declared = [...textOf('feed/news.ts').matchAll(/readonly type: '([a-z.A-Z]+)'/g)].map(([, type]) => type)
  const makers = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !READERS.test(file))
    .map(textOf)
    .join('\n')
  const made = new Set([...makers.matchAll(/[{,]\s*type: '([a-z.A-Z]+)'/g)].map(([, type]) => type))
  expect(declared.length).toBeGreaterThan(20)
  expect(declared.filter((type) => !made.has(type))).toEqual([])
})
