import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keepControlFile, loadToken, readToken } from '../../../src/io/disk/control-file.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-control-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('the control token', () => {
  const tokenFile = (): string => join(dir, 'control-token')

  test('is kept over restarts, for the owner alone', () => {
    const { token, note } = loadToken(dir, 'control-token')
    expect([token, note, statSync(tokenFile()).mode & 0o777]).toEqual([expect.stringMatching(/^[\w-]{32}$/), null, 0o600])
    expect([loadToken(dir, 'control-token'), readdirSync(dir)]).toEqual([{ token, note: null }, ['control-token']])
  })

  test('is made anew once its file is deleted', () => {
    const { token } = loadToken(dir, 'control-token')
    rmSync(tokenFile())
    expect(loadToken(dir, 'control-token').token).not.toEqual(token)
  })

  test('may be a person’s own', () => {
    writeFileSync(tokenFile(), 'a-token-of-my-own-choice\n')
    expect(loadToken(dir, 'control-token')).toEqual({ token: 'a-token-of-my-own-choice', note: null })
  })

  test.each(['', 'short', 'with spaces that a header would not take'])('that can’t be used is replaced, and told: %j', (text) => {
    writeFileSync(tokenFile(), text)
    const { token, note } = loadToken(dir, 'control-token')
    expect([readFileSync(tokenFile(), 'utf8'), note?.text.replaceAll(dir, 'DIR')]).toEqual([
      `${token}\n`,
      'DIR/control-token held no token of 22 characters or more; a new one was made',
    ])
  })

  test('that can’t be kept is good for one run, and told', () => {
    mkdirSync(tokenFile())
    const { token, note } = loadToken(dir, 'control-token')
    expect([token.length, note?.text.replaceAll(dir, 'DIR')]).toEqual([
      32,
      "the control token can't be kept in DIR/control-token (a directory is in its place)",
    ])
  })
})

test('the metrics token is another, and can be read without the node', () => {
  expect(readToken(dir, 'metrics-token')).toEqual(null)
  const [control, metrics] = [loadToken(dir, 'control-token'), loadToken(dir, 'metrics-token')]
  expect([readToken(dir, 'metrics-token'), metrics.token === control.token]).toEqual([metrics.token, false])
})

describe('control.json', () => {
  const CONTROL = { url: 'http://127.0.0.1:8089', token: 't', pid: 7 }

  test('says where the node is, for the owner alone, until it is taken away', () => {
    const file = keepControlFile(dir, CONTROL, () => {})
    const path = join(dir, 'control.json')
    expect([JSON.parse(readFileSync(path, 'utf8')), statSync(path).mode & 0o777, file.note()]).toEqual([CONTROL, 0o600, null])
    file.remove()
    expect(readdirSync(dir)).toEqual([])
  })

  test('that can’t be written is told once, and written as soon as it can be', async () => {
    const path = join(dir, 'control.json')
    mkdirSync(join(path, 'in the way'), { recursive: true })
    const troubles: string[] = []
    const file = keepControlFile(dir, CONTROL, ({ text }) => troubles.push(text.replaceAll(dir, 'DIR')), 1)
    expect(file.note()).not.toEqual(null)
    rmSync(path, { recursive: true })
    while (file.note() !== null) await new Promise((resolve) => setImmediate(resolve))
    expect([troubles, existsSync(path)]).toEqual([
      ["other commands can't find this node, since DIR/control.json can't be written (a directory is in its place)"],
      true,
    ])
    file.remove()
  })
})
