import { defineConfig } from 'vitest/config'

// Every file in a process of its own: a simulated world puts its own time and chance in place of the host's.
const project = (name: string, include: string[], exclude: string[], testTimeout: number) => ({
  test: { name, include, exclude, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
})

const apart = ['interop', 'browser', 'namespaces', 'package', 'fuzz']

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        ['test/**/*.test.ts'],
        apart.map((folder) => `test/${folder}/**`),
        20_000,
      ),
      ...apart.map((folder) => project(folder, [`test/${folder}/**/*.test.ts`], [], folder === 'fuzz' ? 600_000 : 180_000)),
    ],
  },
})
