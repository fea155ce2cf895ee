import { statfsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { machineFacts } from '../../src/io/machine-facts.ts'

test('the disk that is told is that of the root, in MiB', () => {
  const { blocks, bsize } = statfsSync('/')
  expect(machineFacts().diskMiB).toEqual(Math.floor((blocks * bsize) / 1024 ** 2))
})
