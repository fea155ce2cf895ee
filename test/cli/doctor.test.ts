import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checksText } from '../../src/cli/doctor/doctor.ts'
import { listeningInodes, portOwner } from '../../src/cli/doctor/port-owner.ts'
import type { Check } from '../../src/domain/checkup.ts'
import { startControlWorld, TOKEN } from '../io/control-world.ts'
import { command, dataDir } from './command.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-doctor-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function doctor(settings: object, ...args: readonly string[]) {
  writeFileSync(
    join(dir, 'moonwalk.json'),
    JSON.stringify({ control: '127.0.0.1:0', listen: '127.0.0.1:0', addresses: 'any', ...settings }),
  )
  const { code, out } = await command(['doctor', '--data', dir, '--json', ...args])
  const { checks }: { readonly checks: readonly Check[] } = JSON.parse(out)
  return { code, bad: checks.filter(({ level }) => level !== 'ok').map(({ level, name, text }) => `${level} ${name}: ${text}`) }
}

test('where no node runs and nothing is wrong it ends with 0', async () => {
  expect(await doctor({})).toEqual({ code: 0, bad: [] })
})

test('a port that is taken is named with who has it, and a known address that does not answer with why', async () => {
  const taker = createServer().listen(0, '127.0.0.1')
  await once(taker, 'listening')
  const at = `127.0.0.1:${(taker.address() as AddressInfo).port}`
  const { code, bad } = await doctor({ listen: at, seeds: ['127.0.0.1:9', 'no-such-host.invalid:1'] })
  expect([code, bad]).toEqual([
    1,
    [
      `error public port: ${at} is taken by ${portOwner((taker.address() as AddressInfo).port)}`,
      'error known address: 127.0.0.1:9: connection refused',
      'error known address: no-such-host.invalid:1: its name is not known',
    ],
  ])
  expect(bad[0]).toContain(`(pid ${process.pid})`)
  taker.close()
})

test('secrets that others may read, a directory that others may write in, and settings that are wrong are errors', async () => {
  writeFileSync(join(dir, 'identity.json'), '{}', { mode: 0o600 })
  chmodSync(join(dir, 'identity.json'), 0o644)
  expect(await doctor({ lisen: 'x' })).toEqual({
    code: 1,
    bad: [`error rights: others may read ${join(dir, 'identity.json')} (644)`, expect.stringContaining('did you mean')],
  })
})

test('of a node that runs its own findings are told too', async () => {
  const world = await startControlWorld()
  const data = dataDir({ url: `http://127.0.0.1:${world.port}`, token: TOKEN })
  chmodSync(join(data.dir, 'control.json'), 0o600)
  const { code, out, err } = await command(['doctor', '--data', data.dir])
  expect([code, err, out.split('\n').filter((line) => /node|clock/.test(line))]).toEqual([
    0,
    '',
    ['ok     node    it runs', 'ok     clock   agrees with a peer'],
  ])
  data.remove()
  await world.end()
})

test('for people each finding is a line, and what to do the next', () =>
  expect(
    checksText(
      [
        { name: 'clock', level: 'warn', text: '60 s behind', fix: 'Set it.' },
        { name: 'disk', level: 'ok', text: 'fine', fix: null },
      ],
      true,
    ),
  ).toEqual('\x1b[33mwarn \x1b[0m  clock  60 s behind\n              → Set it.\n\x1b[32mok   \x1b[0m  disk   fine'))

test('who listens is read from the tables of the system', () => {
  const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F98 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F98 0100007F:A3B2 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0`
  expect([listeningInodes(TABLE, 8_088), listeningInodes(TABLE, 8_089)]).toEqual([['4711'], []])
  const proc = join(dir, 'proc')
  mkdirSync(join(proc, 'net'), { recursive: true })
  mkdirSync(join(proc, '812', 'fd'), { recursive: true })
  writeFileSync(join(proc, 'net', 'tcp'), TABLE)
  writeFileSync(join(proc, '812', 'comm'), 'nginx\n')
  symlinkSync('socket:[4711]', join(proc, '812', 'fd', '3'))
  expect([portOwner(8_088, proc), portOwner(8_089, proc)]).toEqual(['nginx (pid 812)', null])
})
