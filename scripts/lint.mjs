// Formatter and linter in one: `node scripts/lint.mjs [--write] [files]`.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const biome = `${root}node_modules/@biomejs/cli-linux-x64/biome`
if (!existsSync(biome)) {
  process.stderr.write('Format and lint are not checked: Biome is installed for Linux on x64 only.\n')
  process.exit(process.env.CI ? 1 : 0)
}
const wanted = process.argv.slice(2)
const files = wanted.filter((word) => word !== '--write')
const mode = wanted.includes('--write') ? ['--write'] : []
const { status } = spawnSync(
  biome,
  ['check', '--error-on-warnings', '--max-diagnostics=40', ...mode, ...(files.length > 0 ? files : ['.'])],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)
