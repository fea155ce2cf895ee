import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS, variableOf } from '../../src/config/settings.ts'
import { command, dataDir } from './command.ts'

describe('wrong use ends with 2 and one sentence that names the nearest known word', () => {
  test.each<[readonly string[], string]>([
    [['pers'], "unknown command 'pers'; did you mean peers?"],
    [['xyzzy-plugh'], "unknown command 'xyzzy-plugh'; see `moonwalk --help`"],
    [['--jsn'], "unknown option '--jsn'; see `moonwalk --help`"],
    [['--versoin'], "unknown option '--versoin'; did you mean --version?"],
    [['up', '--lisen', '127.0.0.1:0'], "unknown option '--lisen'; did you mean --listen?"],
    [['up', '--lisen=127.0.0.1:0'], "unknown option '--lisen=127.0.0.1:0'; did you mean --listen?"],
    [['up', '--no-ofer'], "unknown option '--no-ofer'; did you mean --no-offer?"],
    [['up', '--allow-port', '1-2'], "unknown option '--allow-port'; did you mean --allow-ports?"],
    [['up', '--seeds', 'ash'], "unknown option '--seeds'; did you mean --join?"],
    [['up', '--services=3000'], "unknown option '--services=3000'; did you mean --expose?"],
    [['up', '-x'], "unknown option '-x'; see `moonwalk up --help`"],
    [['up', '--listen'], "option '--listen <host:port>' argument missing; see `moonwalk up --help`"],
    [['up', 'extra'], "too many arguments for 'up'. Expected 0 arguments but got 1; see `moonwalk up --help`"],
    [['peers', '--wach'], "unknown option '--wach'; did you mean --watch?"],
    [['add'], "missing required argument 'host:port'; see `moonwalk add --help`"],
    [['ping'], "missing required argument 'node'; see `moonwalk ping --help`"],
    [['expose'], "missing required argument 'port'; see `moonwalk expose --help`"],
    [['demo', '--onec'], "unknown option '--onec'; did you mean --once?"],
    [
      ['expose', 'web'],
      '"web" is no service; write [NAME=]PORT or [NAME=]HOST:PORT (ports 1 to 65535), followed by /udp, /http:DOMAIN or /https:DOMAIN where it is not tcp',
    ],
    [['expose', '3000', '--udp', '--http', 'a.org'], 'a service is one of --udp, --http and --https'],
    [['expose', '3000', '--timeout', 'soon'], '--timeout: "soon" is not a number of seconds up to 600'],
    [['expose', '3000', '--timeout', '601'], '--timeout: "601" is not a number of seconds up to 600'],
    [['up', '--join', 'no where'], '--join: "no where" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088'],
    [
      ['up', '--speedtest-pace-ms', 'soon'],
      '--speedtest-pace-ms: "soon" does not fit: it must be a whole number of milliseconds, 50 or more',
    ],
    [['up', '--config', '/nowhere/moonwalk.json'], '/nowhere/moonwalk.json is not there; name an existing file with --config'],
    [['status', '--data', ''], "option '--data <dir>' argument '' is invalid. It must not be empty; see `moonwalk status --help`"],
    [['ping', ''], "command-argument value '' is invalid for argument 'node'. It must not be empty; see `moonwalk ping --help`"],
    [['replay', 'day.jsonl', '--port', '99999'], '--port: "99999" is not a port from 1 to 65535'],
    [['pin', 'ash', ''], "command-argument value '' is invalid for argument 'node'. It must not be empty; see `moonwalk pin --help`"],
    [['ping', 'ash', '--count', '100001'], '--count: "100001" is not a whole number from 1 to 100000'],
    [
      ['add', 'mw1.AYqNaGLCys91c3bV'],
      'an invitation is no address; a stopped node takes it with `moonwalk network join`, a fresh one with `moonwalk up --join`',
    ],
    [['add', '203.0.113.7:80 88'], '"203.0.113.7:80 88" is not HOST:PORT, such as 203.0.113.7:8088'],
    [['diagram', 'tunel'], 'no machine is called tunel; did you mean tunnel?'],
  ])('%j', async (args, err) => expect(await command(args)).toEqual({ code: 2, out: '', err: `${err}\n` }))

  test('no command at all prints the help', async () => {
    const { code, out, err } = await command([])
    expect([code, `${out}${err}`.split('\n')[0]]).toEqual([2, 'Usage: moonwalk [options] [command]'])
  })
})

test('the help of up names every setting, its key and its variable', async () => {
  const { code, out, err } = await command(['up', '--help'])
  expect([code, err]).toEqual([0, ''])
  expect(CONFIG_KEYS.filter((key) => !new RegExp(`--.* ${key} +${variableOf(key)}$`, 'm').test(out))).toEqual([])
})

test.each(['up', 'expose'])('the help of %s tells every option of a service', async (name) => {
  const { out } = await command([name, '--help'])
  const options = ['encrypt', 'compress', 'limit=', 'limit-mode=', 'proxy-protocol=', 'group=', 'group-key=', 'check=', 'port=']
  expect(options.filter((option) => !new RegExp(`^  .*${option}`, 'm').test(out))).toEqual([])
})

test('the version is the package’s', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  expect(await command(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
})

test.each(['node', 'tunnel', 'turnSession', 'exposedService'])('the diagram of %s is printed as it was generated', async (machine) => {
  const generated = readFileSync(new URL(`../../diagrams/${machine}.mmd`, import.meta.url), 'utf8')
  expect(await command(['diagram', machine])).toEqual({ code: 0, out: generated, err: '' })
})

test('without a name the diagram is the node’s', async () => {
  expect(await command(['diagram'])).toEqual(await command(['diagram', 'node']))
})

test.each(['', 'rubbish', '[]', '{"url":"nonsense","token":"t"}', '{"url":"http://127.0.0.1:1","token":"a\\nb"}'])(
  'a damaged control.json is as if no node ran: %s',
  async (content) => {
    const { dir, remove } = dataDir(null)
    writeFileSync(join(dir, 'control.json'), content)
    for (const name of ['status', 'events', 'dashboard']) expect((await command([name, '--data', dir])).code).toEqual(3)
    remove()
  },
)

test.each([
  ['status'],
  ['dashboard'],
  ['peers'],
  ['peers', '--all'],
  ['peers', '--watch'],
  ['add', '203.0.113.7:8088'],
  ['remove', 'ash'],
  ['expose', '3000', '--json'],
  ['unexpose', 'web'],
  ['pin', 'ash'],
  ['unpin'],
  ['drain'],
  ['ping', 'ash'],
  ['speedtest', 'ash', '--json'],
  ['events'],
])('without a running node %s ends with 3 and a sentence', async (...args) => {
  const { dir, remove } = dataDir(null)
  expect(await command([...args, '--data', dir])).toEqual({
    code: 3,
    out: '',
    err: `${args.includes('--json') ? JSON.stringify({ schemaVersion: 1, error: none(dir) }) : none(dir)}\n`,
  })
  remove()
})

const none = (dir: string): string =>
  `no node runs with the data directory ${dir}; start one with \`moonwalk up\`, or name its directory with --data`

test('wrong use under --json is told as JSON', async () =>
  expect(await command(['peers', '--wach', '--json'])).toEqual({
    code: 2,
    out: '',
    err: `${JSON.stringify({ schemaVersion: 1, error: "unknown option '--wach'; did you mean --watch?" })}\n`,
  }))
