import { expect, test } from 'vitest'
import { createHealth } from '../../src/actors/health.ts'

const finding = (text: string, level: 'info' | 'warn' | 'error' = 'warn') => ({ level, text, fix: `Mend ${text}.` })

test('findings stand in the order they were found until they are taken back, and each change is told once', () => {
  const health = createHealth()
  let changes = 0
  health.changes$.subscribe(() => changes++)
  health.set('disk', finding('the disk is full'))
  health.set('twin', finding('a twin', 'error'))
  health.set('disk', finding('the disk is full'))
  expect([health.list(), changes]).toEqual([[finding('the disk is full'), finding('a twin', 'error')], 2])
  health.set('disk', finding('the disk is gone'))
  expect([health.list(), changes]).toEqual([[finding('the disk is gone'), finding('a twin', 'error')], 3])
  health.set('disk', null)
  health.set('disk', null)
  health.set('never', null)
  expect([health.list(), changes]).toEqual([[finding('a twin', 'error')], 4])
})

test.each([
  ['its level', finding('a twin', 'error')],
  ['its advice', { ...finding('a twin'), fix: 'Ask somebody.' }],
])('a finding that changes %s is told anew', (_, next) => {
  const health = createHealth()
  let changes = 0
  health.set('twin', finding('a twin'))
  health.changes$.subscribe(() => changes++)
  health.set('twin', next)
  expect([health.list(), changes]).toEqual([[next], 1])
})
