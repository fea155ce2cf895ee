import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createStaticFiles } from '../../../src/io/control/dashboard-files.ts'
import { PAGE_HEADERS } from '../../../src/io/control/page-headers.ts'

test('a document may have the styles that stand in it, and nothing else may have any', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-page-'))
  writeFileSync(join(folder, 'index.html'), '<style>a{color:red}</style><p>the page<style>b{color:blue}</style>')
  writeFileSync(join(folder, 'main.js'), '1')
  const files = createStaticFiles(folder)
  const hashes = ['a{color:red}', 'b{color:blue}'].map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
  const [page, script] = [await files('index.html'), await files('main.js')]
  expect([page?.headers, script?.headers]).toEqual([
    {
      'content-security-policy': PAGE_HEADERS['content-security-policy'].replace(
        "style-src 'self'",
        `style-src 'self' ${hashes.join(' ')}`,
      ),
    },
    {},
  ])
  rmSync(folder, { recursive: true })
})
