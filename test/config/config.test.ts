import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, hostname, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import type { Given } from '../../src/config/given.ts'
import { readConfig, readSettings } from '../../src/config/read-config.ts'
import { DEFAULTS, schema } from '../../src/config/schema.ts'
import { CONFIG_KEYS, SETTINGS, type Setting, variableOf } from '../../src/config/settings.ts'
import { DEFAULT_RATIONS } from '../../src/domain/offer.ts'
import { writeInvitation } from '../../src/invitation.ts'
import { selfSigned } from '../../src/io/front/self-signed.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-config-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const put = (value: unknown, name = 'moonwalk.json'): string => {
  writeFileSync(join(dir, name), typeof value === 'string' ? value : JSON.stringify(value))
  return join(dir, name)
}
const read = (flags: Given = {}, env: NodeJS.ProcessEnv = {}, file?: string) => readConfig({ data: dir, ...flags }, file, env)
const configOf = (answer: ReturnType<typeof read>): Config => {
  if (answer.type === 'wrong') throw new Error(answer.text)
  return answer.config
}
const nodeOf = (answer: ReturnType<typeof read>): Config['node'] => configOf(answer).node
const wrongOf = (answer: ReturnType<typeof read>): string | null => (answer.type === 'wrong' ? answer.text.replaceAll(dir, 'DIR') : null)

test('without anything given every default stands', () => {
  expect(configOf(read())).toEqual({
    dataDir: dir,
    tableFile: join(dir, 'ip_table.json'),
    control: '127.0.0.1:8089',
    opensControl: true,
    controlHosts: [],
    log: 'info',
    network: { asked: null, invitations: [] },
    outside: { command: null, webhook: null, types: null },
    turnToken: null,
    node: {
      name: hostname(),
      listen: '0.0.0.0:8088',
      advertise: null,
      addresses: 'lan',
      seeds: [],
      turns: [{ type: 'moonwalk' }],
      tunnels: 2,
      turnPreference: { mode: 'latency' },
      patienceMs: 600_000,
      ports: { first: 20_000, last: 29_999 },
      allowPorts: [{ first: 1_024, last: 65_535 }],
      maxPortsPerClient: 64,
      subdomainHost: null,
      allowDomains: [],
      services: [],
      speedtestBudgetBytes: 500_000_000,
      speedtestPaceMs: DEFAULTS.speedtestPaceMs,
    },
  })
})

test('the help tells the defaults that stand', () => {
  const told = Object.fromEntries(CONFIG_KEYS.map((key) => [key, SETTINGS[key].usual]))
  const text = (value: unknown): string => (Array.isArray(value) ? value.join(',') || 'none' : String(value))
  expect(told).toEqual({ ...told, ...Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, text(value)])) })
  expect(Object.keys(schema.shape).sort()).toEqual([...CONFIG_KEYS].sort())
})

describe('where a setting comes from', () => {
  test('the CA of a stock frps is read, seen from the file that names it or from the working directory', () => {
    const { cert } = selfSigned()
    put(cert, 'ca.pem')
    const turns = [{ type: 'frp', address: '203.0.113.7:7000', token: 'a?b', tls: null, wire: 1, serverName: 'moonwalk', ca: cert }]
    put({ turns: ['frp://a?b@203.0.113.7:7000?ca=./ca.pem&name=moonwalk'] })
    expect(nodeOf(read()).turns).toEqual(turns)
    const seen = relative(process.cwd(), join(dir, 'ca.pem'))
    expect(nodeOf(read({ turns: [`frp://a?b@203.0.113.7:7000?ca=${seen}&name=moonwalk`] })).turns).toEqual(turns)
  })

  test('flags win over variables, variables over the file, key by key', () => {
    put({ name: 'from-file', seeds: ['203.0.113.1:1'], control: '127.0.0.1:1' })
    const { node, control } = configOf(read({ name: 'from-flag' }, { MOONWALK_NAME: 'from-variable', MOONWALK_SEEDS: '203.0.113.2:2' }))
    expect([node.name, node.seeds, control]).toEqual(['from-flag', ['203.0.113.2:2'], '127.0.0.1:1'])
  })

  test('the token of a stock frps is read from its file, seen from the file that names it', () => {
    put('the secret\n', 'token.txt')
    put({ turns: ['frp://203.0.113.7:7000?token-file=token.txt'] })
    const turns = [{ type: 'frp', address: '203.0.113.7:7000', token: 'the secret', tls: null, wire: 1 }]
    expect(nodeOf(read()).turns).toEqual(turns)
  })

  test('a token in an argument still counts, with a warning; elsewhere it is well kept', () => {
    const turn = 'frp://secret@203.0.113.7:7000'
    const warnings = (answer: ReturnType<typeof read>) => (answer.type === 'config' ? answer.warnings : answer.text)
    put({ turns: [turn] })
    expect([read({ turns: [turn] }), read({}, { MOONWALK_TURNS: turn }), read()].map(warnings)).toEqual([
      [
        '--turn: everybody on this machine can read the token in it (ps); write it into moonwalk.json or MOONWALK_TURNS, or name a file with ?token-file=FILE',
      ],
      [],
      [],
    ])
  })

  test('every key of the file', () => {
    put(' only mine \n', 'token')
    chmodSync(join(dir, 'token'), 0o600)
    put({
      data: join(dir, 'data'),
      table: 'table.json',
      name: 'ash',
      listen: '127.0.0.1:0',
      advertise: '203.0.113.7',
      addresses: 'any',
      seeds: ['Ash.example.org:8088'],
      turns: ['moonwalk', 'frp://secret@203.0.113.7:7000'],
      tunnels: 3,
      turnMode: 'pinned',
      pins: ['ash', 'elm'],
      patienceMs: 5_000,
      offer: 'nobody',
      turnTokenFile: 'token',
      rations: 'sessions=1, rate=500KB,day=0',
      ports: '1-2',
      allowPorts: '3-4, 6,8-9',
      maxPortsPerClient: 0,
      subdomainHost: 'Apps.example.org',
      allowDomains: ['*.Shops.example.org'],
      services: ['web=3000'],
      control: '0.0.0.0:0',
      controlHosts: ['Moon.example.org'],
      controlInsecure: true,
      onEvent: 'cat',
      webhook: 'https://example.org/hook',
      tell: ['service', 'peer.removed'],
      speedtestBudget: '2GB',
      speedtestPaceMs: 100,
      log: 'silent',
      network: 'open',
    })
    expect(configOf(readConfig({}, join(dir, 'moonwalk.json'), {}))).toEqual({
      dataDir: join(dir, 'data'),
      tableFile: join(dir, 'table.json'),
      control: '0.0.0.0:0',
      opensControl: true,
      controlHosts: ['moon.example.org'],
      log: 'silent',
      network: { asked: 'open', invitations: [] },
      outside: { command: 'cat', webhook: 'https://example.org/hook', types: ['service', 'peer.removed'] },
      turnToken: 'only mine',
      node: {
        name: 'ash',
        listen: '127.0.0.1:0',
        advertise: '203.0.113.7',
        addresses: 'any',
        seeds: ['ash.example.org:8088'],
        turns: [{ type: 'moonwalk' }, { type: 'frp', address: '203.0.113.7:7000', token: 'secret', tls: null, wire: 1 }],
        tunnels: 3,
        turnPreference: { mode: 'pinned', pins: ['ash', 'elm'] },
        patienceMs: 5_000,
        offer: 'nobody',
        rations: { ...DEFAULT_RATIONS, sessions: 1, bytesPerSecond: 500_000, bytesPerDay: 0 },
        ports: { first: 1, last: 2 },
        allowPorts: [
          { first: 3, last: 4 },
          { first: 6, last: 6 },
          { first: 8, last: 9 },
        ],
        strangerPorts: [
          { first: 3, last: 4 },
          { first: 6, last: 6 },
          { first: 8, last: 9 },
        ],
        maxPortsPerClient: 0,
        subdomainHost: 'apps.example.org',
        allowDomains: ['*.shops.example.org'],
        services: [{ name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }],
        speedtestBudgetBytes: 2_000_000_000,
        speedtestPaceMs: 100,
      },
    })
  })

  test('an invitation and plain addresses may stand side by side, from everywhere', () => {
    const secret = Buffer.alloc(32, 7).toString('base64url')
    const addresses = [{ id: 'ab'.repeat(16), address: '203.0.113.1:8088' }]
    const invitation = writeInvitation({ secret, addresses })
    const expected = [['ash:8088', '203.0.113.2:1'], { asked: 'private', invitations: [{ secret, addresses }] }]
    const seeds = [invitation, 'ash', '203.0.113.2:1']
    for (const config of [
      configOf(read({ seeds, network: 'private' })),
      configOf(read({}, { MOONWALK_SEEDS: seeds.join(','), MOONWALK_NETWORK: 'private' })),
      configOf(readSettings({ data: dir, join: seeds, network: 'private' })),
    ])
      expect([config.node.seeds, config.network]).toEqual(expected)
    expect(configOf(readSettings({ data: dir, open: true })).network.asked).toEqual('open')
    expect(wrongOf(read({ seeds: [invitation.slice(0, -9)] }))).toEqual(
      '--join: the invitation is cut short: its end is missing; copy all of what `moonwalk invite` printed',
    )
  })

  test('variables carry lists, flags and numbers as text', () => {
    const env = {
      MOONWALK_SEEDS: ' 203.0.113.1:1, 203.0.113.2:2,',
      MOONWALK_TURNS: 'none',
      MOONWALK_OFFER: 'nobody',
      MOONWALK_LISTEN: 'false',
      MOONWALK_SPEEDTEST_PACE_MS: '250',
    }
    const { seeds, turns, offer, listen, speedtestPaceMs } = nodeOf(read({}, env))
    expect([seeds, turns, offer, listen, speedtestPaceMs]).toEqual([['203.0.113.1:1', '203.0.113.2:2'], [], 'nobody', null, 250])
  })

  test('the configuration may be named by a variable, and the flag wins over it', () => {
    const [one, two] = [put({ name: 'one' }, 'one.json'), put({ name: 'two' }, 'two.json')]
    expect([nodeOf(read({}, { MOONWALK_CONFIG: one })).name, nodeOf(read({}, { MOONWALK_CONFIG: one }, two)).name]).toEqual(['one', 'two'])
  })

  test.each([
    ['the variable', { MOONWALK_DATA: '/a/b', XDG_STATE_HOME: '/c' }, '/a/b'],
    ['the state directory', { XDG_STATE_HOME: '/c' }, '/c/moonwalk'],
    ['the state directory, the variable being empty', { MOONWALK_DATA: '', XDG_STATE_HOME: '/c' }, '/c/moonwalk'],
    ['the home directory, the state directory being empty', { XDG_STATE_HOME: '' }, join(homedir(), '.local/state/moonwalk')],
    ['the home directory, the state directory being relative', { XDG_STATE_HOME: 'state' }, join(homedir(), '.local/state/moonwalk')],
  ])('the data directory by %s', (_, env, expected) => expect(configOf(readConfig({}, undefined, env)).dataDir).toEqual(expected))
})

describe('of the environment only what is ours counts', () => {
  /** As a Kubernetes Service called "moonwalk", or a linked container, puts them there. */
  const FOREIGN = {
    MOONWALK_SERVICE_HOST: '10.96.0.12',
    MOONWALK_SERVICE_PORT: '8088',
    MOONWALK_SERVICE_PORT_HTTP: '8088',
    MOONWALK_PORT: 'tcp://10.96.0.12:8088',
    MOONWALK_PORT_8088_TCP: 'tcp://10.96.0.12:8088',
    MOONWALK_PORT_8088_TCP_PROTO: 'tcp',
    MOONWALK_PORT_8088_TCP_PORT: '8088',
    MOONWALK_PORT_8088_TCP_ADDR: '10.96.0.12',
    MOONWALK_CONTROL_SERVICE_HOST: '10.96.0.13',
    MOONWALK_CONTROL_PORT: 'tcp://10.96.0.13:8089',
    MOONWALK_ENV_NODE_VERSION: '22',
    MOONWALK_NAME: '/web/moonwalk',
    MOONWALK_IMAGE: 'registry.example/moonwalk',
  }
  const EMPTY = Object.fromEntries(
    ['CONFIG', ...CONFIG_KEYS.map((key) => variableOf(key).slice(9))].map((word) => [`MOONWALK_${word}`, '']),
  )

  test.each([
    ['what platforms put there', FOREIGN],
    ['what is empty', EMPTY],
  ])('%s is as if it were not there', (_, env) => expect(read({}, env)).toEqual(read()))

  test.each([
    ['MOONWALK_SEED', 'MOONWALK_SEEDS'],
    ['MOONWALK_DTAA', 'MOONWALK_DATA'],
    ['MOONWALK_CONFG', 'MOONWALK_CONFIG'],
    ['MOONWALK_PORT', 'MOONWALK_PORTS'],
    ['MOONWALK_JOIN', 'MOONWALK_SEEDS'],
    ['MOONWALK_EXPOSE', 'MOONWALK_SERVICES'],
  ])('%s is a warning that names %s', (variable, meant) =>
    expect(read({}, { [variable]: '9000' })).toEqual({
      ...read(),
      warnings: [`${variable} is not known and changes nothing; did you mean ${meant}?`],
    }),
  )

  test('a node that was told by the former variable to carry nothing carries nothing', () => {
    const warnings = ['MOONWALK_OFFER_TURN is called MOONWALK_OFFER now, and is members, everybody or nobody']
    const told = ['no', '1'].map((value) => read({}, { MOONWALK_OFFER_TURN: value }))
    expect(told.map((answer) => answer.type === 'config' && [answer.config.node.offer, answer.warnings])).toEqual([
      ['nobody', warnings],
      [undefined, warnings],
    ])
    expect(nodeOf(read({}, { MOONWALK_OFFER_TURN: 'no', MOONWALK_OFFER: 'members' })).offer).toEqual('members')
  })

  test('a token file must hold something, and is better not read by others', () => {
    put('secret', 'token')
    chmodSync(join(dir, 'token'), 0o644)
    put('  \n', 'empty')
    const tokens = ['token', 'empty', 'none'].map((name) => {
      const answer = read({ turnTokenFile: join(dir, name) })
      return answer.type === 'wrong' ? answer.text.replaceAll(dir, 'DIR') : [answer.config.turnToken, ...answer.warnings]
    })
    expect(tokens).toEqual([
      ['secret', `the token file ${join(dir, 'token')} can be read by others; chmod 600 it`],
      'the token file DIR/empty is empty; write the token that your stock frp clients give as auth.token',
      "the token file DIR/none can't be read: ENOENT: no such file or directory; name an existing file with --turn-token-file",
    ])
  })
})

test('a byte order mark in front of the file is passed over', () => {
  put('\uFEFF{"name":"ash"}')
  expect(nodeOf(read()).name).toEqual('ash')
})

describe('what is wrong is one sentence: where, what, and what instead', () => {
  test.each<[string, unknown, string]>([
    ['an unknown key', { sedes: [] }, 'DIR/moonwalk.json has an unknown key "sedes"; did you mean seeds?'],
    ['a flag that is no key', { join: ['ash'] }, 'DIR/moonwalk.json has an unknown key "join"; did you mean seeds?'],
    ['another', { expose: ['3000'] }, 'DIR/moonwalk.json has an unknown key "expose"; did you mean services?'],
    ['a key like nothing we know', { 'x-y-z-0-1-2-3-4': 1 }, 'DIR/moonwalk.json has an unknown key "x-y-z-0-1-2-3-4"'],
    ['a key that objects have by birth', { toString: 1 }, 'DIR/moonwalk.json has an unknown key "toString"'],
    ['a list', [], 'DIR/moonwalk.json must hold one JSON object'],
    ['null', null, 'DIR/moonwalk.json must hold one JSON object'],
    ['a wrong type', { name: 7 }, 'DIR/moonwalk.json, key "name": 7 does not fit: it must be a text'],
    ['an empty text', { name: '' }, 'DIR/moonwalk.json, key "name": "" does not fit: it must not be empty'],
    [
      'a word we do not have',
      { addresses: 'all' },
      'DIR/moonwalk.json, key "addresses": "all" does not fit: it must be public, lan or any',
    ],
    [
      'no list',
      { seeds: '203.0.113.7:8088' },
      'DIR/moonwalk.json, key "seeds": "203.0.113.7:8088" does not fit: it must be a list such as ["203.0.113.7:8088"]',
    ],
    [
      'a list of numbers',
      { seeds: [8088] },
      'DIR/moonwalk.json, key "seeds": 8088 does not fit: it must be a list of texts such as ["203.0.113.7:8088"]',
    ],
    [
      'a bad address in a list',
      { seeds: ['a:1', 'b:'] },
      'DIR/moonwalk.json, key "seeds": "b:" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088',
    ],
    ['a number for listen', { listen: 8088 }, 'DIR/moonwalk.json, key "listen": 8088 does not fit: it must be HOST:PORT or false'],
    ['true for listen', { listen: true }, 'DIR/moonwalk.json, key "listen": true does not fit: it must be HOST:PORT or false'],
    ['a port for listen', { listen: '8088' }, 'DIR/moonwalk.json, key "listen": "8088" is not HOST:PORT, such as 203.0.113.7:8088'],
    [
      'the former key for whom to carry',
      { offerTurn: false },
      'DIR/moonwalk.json has an unknown key "offerTurn"; it is called offer now, and is "members", "everybody" or "nobody"',
    ],
    [
      'a yes for whom to carry',
      { offer: true },
      'DIR/moonwalk.json, key "offer": true does not fit: it must be members, everybody or nobody',
    ],
    [
      'a limit that there is not',
      { rations: 'sessions=2,speed=1MB' },
      'DIR/moonwalk.json, key "rations": "speed=1MB" is no limit for strangers; there are sessions, ports, clients, rate, day, udp, nodes, as in sessions=2,rate=1MB',
    ],
    [
      'a size for a count',
      { rations: 'sessions=2MB' },
      'DIR/moonwalk.json, key "rations": "sessions=2MB" is no limit for strangers; there are sessions, ports, clients, rate, day, udp, nodes, as in sessions=2,rate=1MB',
    ],
    [
      'every domain there is',
      { allowDomains: ['*'] },
      'DIR/moonwalk.json, key "allowDomains": "*" is no domain; write a name such as www.example.org, or *.example.org for all below it',
    ],
    [
      'an address to have names below',
      { subdomainHost: '203.0.113.7' },
      'DIR/moonwalk.json, key "subdomainHost": "203.0.113.7" is no domain; write a name such as apps.example.org',
    ],
    [
      'a web hook without http',
      { webhook: 'example.org' },
      'DIR/moonwalk.json, key "webhook": that is no web hook; write a URL such as https://example.org/hook',
    ],
    [
      'a type of news with a blank',
      { tell: ['service up'] },
      'DIR/moonwalk.json, key "tell": "service up" is no type of news; did you mean service.up?',
    ],
    [
      'a budget in words',
      { speedtestBudget: 'much' },
      'DIR/moonwalk.json, key "speedtestBudget": "much" is no budget for speed tests; write a size a day such as 500MB, or off',
    ],
    [
      'a pace of a millisecond',
      { speedtestPaceMs: 1 },
      'DIR/moonwalk.json, key "speedtestPaceMs": 1 does not fit: it must be a whole number of milliseconds, 50 or more',
    ],
    [
      'half a millisecond',
      { speedtestPaceMs: 99.5 },
      'DIR/moonwalk.json, key "speedtestPaceMs": 99.5 does not fit: it must be a whole number of milliseconds, 50 or more',
    ],
    [
      'two services of one name',
      { services: ['3000', '192.168.1.7:3000'] },
      'DIR/moonwalk.json, key "services": two services are called tcp-3000; give one another name, as in NAME=PORT',
    ],
  ])('in the file: %s', (_, value, expected) => {
    put(value)
    expect(wrongOf(read())).toEqual(expected)
  })

  test('a file that is no JSON', () => {
    put('{"name":')
    expect(wrongOf(read())?.replace(/JSON: .*/, 'JSON: WHY')).toEqual("DIR/moonwalk.json can't be read as JSON: WHY")
  })

  test('a table that is a directory, where somebody named it', () => {
    expect(wrongOf(read({ table: dir }))).toEqual('--table: DIR is a directory; name a file')
    expect(wrongOf(read({}, { MOONWALK_TABLE: dir }))).toEqual('MOONWALK_TABLE: DIR is a directory; name a file')
  })

  test('a file that is named by an empty text', () =>
    expect(wrongOf(read({}, {}, ''))).toEqual('--config: it must not be empty; name a file, or leave it out'))

  test('a named file that is not there', () =>
    expect(wrongOf(read({}, {}, join(dir, 'none.json')))).toEqual('DIR/none.json is not there; name an existing file with --config'))

  test.each<[string, NodeJS.ProcessEnv, string]>([
    ['a value', { MOONWALK_PORTS: '80' }, 'MOONWALK_PORTS: "80" is not a range of ports such as 20000-29999'],
    [
      'a number',
      { MOONWALK_SPEEDTEST_PACE_MS: 'soon' },
      'MOONWALK_SPEEDTEST_PACE_MS: "soon" does not fit: it must be a whole number of milliseconds, 50 or more',
    ],
    ['a word', { MOONWALK_OFFER: '2' }, 'MOONWALK_OFFER: "2" does not fit: it must be members, everybody or nobody'],
  ])('in the environment: %s', (_, env, expected) => expect(wrongOf(read({}, env))).toEqual(expected))

  test.each<[string, Given, string]>([
    ['an address', { seeds: ['no where'] }, '--join: "no where" is neither an invitation (mw1.…) nor HOST:PORT, such as 203.0.113.7:8088'],
    ['a TURN', { turns: ['cedar'] }, '--turn: "cedar" is no TURN; write moonwalk, none or frp://[TOKEN@]HOST:PORT'],
    [
      'a service',
      { services: ['web'] },
      '--expose: "web" is no service; write [NAME=]PORT or [NAME=]HOST:PORT (ports 1 to 65535), followed by /udp, /http:DOMAIN or /https:DOMAIN where it is not tcp',
    ],
    ['ranges', { allowPorts: '1-2,all' }, '--allow-ports: "1-2,all" is no list of port ranges such as 1024-2000,3000-4000'],
    ['a count', { maxPortsPerClient: 'many' }, '--max-ports-per-client: "many" does not fit: it must be a whole number, 0 or more'],
    ['a level', { log: 'loud' }, '--log: "loud" does not fit: it must be debug, info, warn or silent'],
    [
      'pins, and another way to choose',
      { turnMode: 'latency', pins: ['ash'] },
      '--pin: they are for --turn-mode pinned, and latency was asked for; leave one of both away',
    ],
    [
      'two services of one name',
      { services: ['a=1', 'b=2', 'a=3'] },
      '--expose: two services are called a; give one another name, as in NAME=PORT',
    ],
  ])('in the flags: %s', (_, flags, expected) => expect(wrongOf(read(flags))).toEqual(expected))

  const OPEN_TO_OTHERS =
    'lets others reach the control port, and read along, since it has no TLS; leave it on 127.0.0.1 and forward it (ssh -L, or a reverse proxy and --control-hosts), or add --control-insecure'
  test.each([
    ['0.0.0.0:8089', `--control: 0.0.0.0:8089 ${OPEN_TO_OTHERS}`],
    ['192.168.1.5:0', `--control: 192.168.1.5:0 ${OPEN_TO_OTHERS}`],
    ['[::]:8089', `--control: [::]:8089 ${OPEN_TO_OTHERS}`],
    ['moon.example.org:8089', `--control: moon.example.org:8089 ${OPEN_TO_OTHERS}`],
    ['127.0.0.1:8089', null],
    ['[::1]:8089', null],
    ['localhost:8089', null],
  ])('a control port at %s', (control, expected) => {
    expect(wrongOf(read({ control }))).toEqual(expected)
    expect(wrongOf(read({ control, controlInsecure: true }))).toEqual(null)
    expect(wrongOf(read({ control }, { MOONWALK_CONTROL_INSECURE: 'yes' }))).toEqual(null)
  })

  test('a service that is the control port', () => {
    put({ services: ['page=8089'] })
    expect(wrongOf(read())).toEqual(
      'DIR/moonwalk.json, key "services": 127.0.0.1:8089 is the control port of this node, which is not exposed; name another',
    )
    expect(wrongOf(read({ control: '127.0.0.1:8090' }))).toEqual(null)
  })

  test('a name of the control port with a port', () =>
    expect(wrongOf(read({ controlHosts: ['moon.example.org:443'] }))).toEqual(
      '--control-hosts: "moon.example.org:443" is no host name; write one such as moon.example.org, without a port',
    ))

  test('a token that its file does not hold', () => {
    put('one\ntwo', 'token.txt')
    const at = (name: string) => wrongOf(read({ turns: [`frp://203.0.113.7:7000?token-file=${join(dir, name)}`] }))
    expect([at('token.txt'), at('none.txt')]).toEqual([
      '--turn: DIR/token.txt must hold the token of the frps on one line',
      "--turn: the token DIR/none.txt can't be read: ENOENT: no such file or directory; name the file that holds it with token-file=FILE",
    ])
  })

  test('a CA that is not there, or is none', () => {
    put('no certificate', 'note.txt')
    expect(wrongOf(read({ turns: [`frp://203.0.113.7:7000?ca=${dir}/ca.pem`] }))).toEqual(
      "--turn: the CA DIR/ca.pem can't be read: ENOENT: no such file or directory; name a file of certificates with ca=FILE",
    )
    expect(wrongOf(read({ turns: [`frp://203.0.113.7:7000?ca=${dir}/note.txt`] }))).toEqual(
      '--turn: the CA DIR/note.txt holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----',
    )
  })

  test('the first that speaks is the one that would win', () => {
    put({ name: 7 })
    expect(wrongOf(read({ ports: 'x' }, { MOONWALK_PORTS: 'y' }))).toEqual('--ports: "x" is not a range of ports such as 20000-29999')
  })
})

test('a list setting may be repeated', () => {
  const lists = CONFIG_KEYS.filter((key) => (SETTINGS[key] as Setting).isList)
  expect(lists).toEqual(['seeds', 'turns', 'pins', 'allowDomains', 'services', 'controlHosts', 'tell'])
})
