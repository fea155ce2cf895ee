import { defineConfig } from 'vitest/config'

// Every file in a process of its own: a simulated world puts its own time and chance in place of the host's.
const project = (name: string, include: string[], exclude: string[], testTimeout: number) => ({
  test: { name, include, exclude, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
})

/** A million inputs take a minute or two; for more of them, by `MOONWALK_FUZZ`, as much longer. */
const FUZZ_TIMEOUT = 600_000 * Math.max(1, Number(process.env.MOONWALK_FUZZ ?? 0) / 1_000_000)

const apart = ['interop', 'browser', 'namespaces', 'package', 'ops', 'fuzz']

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        ['test/**/*.test.ts'],
        apart.map((folder) => `test/${folder}/**`),
        20_000,
      ),
      ...apart.map((folder) => project(folder, [`test/${folder}/**/*.test.ts`], [], folder === 'fuzz' ? FUZZ_TIMEOUT : 180_000)),
    ],
  },
})
