// What strangers call themselves, at every edge where a person or a program reads it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Entry, News } from '../../src/feed/news.ts'
import { createNewsDesk } from '../../src/feed/news-desk.ts'
import { createLogFile } from '../../src/io/disk/log-file.ts'
import { newsLog } from '../../src/io/disk/news-log.ts'
import { aClient, aRow, aService, aStatus, someTraffic } from '../browser/fake-node.ts'
import { type ControlWorld, startControlWorld, TOKEN } from '../io/control-world.ts'
import { STEERS, WILD_TEXTS } from '../wild-texts.ts'
import { command, dataDir } from './command.ts'

const newsOf = (wild: string): readonly News[] => [
  { type: 'peer.added', peer: wild, name: wild, address: wild },
  { type: 'peer.removed', peer: wild, name: wild, address: wild, why: wild },
  { type: 'turn.chosen', peer: wild, name: wild, address: wild, reason: wild },
  { type: 'turn.unfit', peer: wild, name: wild, why: wild },
  { type: 'service.down', service: 'web', why: wild },
  { type: 'client.arrived', client: wild, remote: wild, version: wild, member: wild },
  { type: 'client.refused', remote: wild, why: wild },
  { type: 'proxy.opened', client: wild, remote: wild, proxy: wild, port: 1 },
  { type: 'proxy.refused', client: wild, remote: wild, proxy: wild, why: wild },
  { type: 'speed.refused', peer: wild, why: wild },
  { type: 'state.entered', machine: 'turnSession', instance: wild, state: 'up', from: '', event: wild },
  { type: 'warned', text: wild, fix: wild },
]
const ALL = WILD_TEXTS.flatMap(newsOf)

/** Told through the desk, as every part of a node tells its news. */
function told(): readonly Entry[] {
  const desk = createNewsDesk(() => 0)
  const entries: Entry[] = []
  desk.onEntry((entry) => entries.push(entry))
  for (const news of ALL) desk.publish(news)
  return entries
}

test('in the log each entry is one line, and each line one JSON object', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'moonwalk-tame-'))
  const file = createLogFile(join(dir, 'moonwalk.log'))
  const log = newsLog(file, 'debug')
  const entries = told()
  for (const entry of entries) log(entry)
  await file.close()
  // As programs split that take more than \n for the end of a line.
  const lines = readFileSync(join(dir, 'moonwalk.log'), 'utf8')
    .split(/\r\n|[\n\v\f\r\x1c-\x1e\u0085\u2028\u2029]/)
    .filter((line) => line !== '')
  expect([lines.length, lines.some((line) => STEERS.test(line)), Math.max(...lines.map((line) => line.length)) < 5_000]).toEqual([
    entries.length,
    false,
    true,
  ])
  expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'))
  rmSync(dir, { recursive: true })
})

describe('of a node that tells them untamed', () => {
  let world: ControlWorld
  let data: ReturnType<typeof dataDir>
  beforeEach(async () => {
    world = await startControlWorld()
    data = dataDir({ url: `http://127.0.0.1:${world.port}`, token: TOKEN })
    world.node.show({
      peers: WILD_TEXTS.map((wild) => aRow(wild)),
      status: aStatus('serving', {
        services: [
          {
            ...aService('web', someTraffic({ lastError: { text: WILD_TEXTS.join(' '), at: '2026-01-02T03:04:05.000Z' } })),
            error: WILD_TEXTS.join(' '),
          },
        ],
        clients: WILD_TEXTS.map((wild) =>
          aClient(wild, [{ name: wild, lastError: { text: wild, at: '2026-01-02T03:04:05.000Z' } }], { version: wild, name: wild }),
        ),
        carried: { ...someTraffic(), clients: WILD_TEXTS.length, proxies: WILD_TEXTS.length },
        turn: {
          id: null,
          name: WILD_TEXTS.join(' '),
          address: 'a:1',
          rttMs: 1,
          reason: WILD_TEXTS.join(' '),
          reasonAt: null,
          since: '',
          provenAt: null,
        },
        health: WILD_TEXTS.map((text) => ({ level: 'warn', text, fix: text })),
      }),
    })
  })
  afterEach(async () => {
    data.remove()
    await world.end()
  })
  const lines = (text: string) => text.split('\n')

  test.each([['status'], ['peers']])('`%s` shows nothing that steers a terminal', async (name) => {
    const { code, out } = await command([name, '--data', data.dir])
    expect([code, lines(out).filter((line) => STEERS.test(line))]).toEqual([0, []])
  })

  test('nor does a refusal', async () => {
    for (const text of WILD_TEXTS) {
      Object.assign(world.node, { ping: async () => ({ type: 'refused', text }) })
      const { code, err } = await command(['ping', 'elm', '--data', data.dir])
      expect([code, lines(err.trimEnd()).length, STEERS.test(err.trimEnd())]).toEqual([1, 1, false])
    }
  })

  test('a metric has one line each, which no name can forge', async () => {
    const { body } = await world.ask('/metrics', { headers: world.bearer })
    expect(lines(body).filter((line) => STEERS.test(line) || !/^(#.*|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)*\})? \S+|)$/.test(line))).toEqual(
      [],
    )
    const series = lines(body).filter((line) => line.startsWith('moonwalk_proxy_connections{'))
    expect(new Set(series).size).toEqual(series.length)
    expect(lines(body).some((line) => line.startsWith('moonwalk_up{'))).toEqual(false)
  })
})
