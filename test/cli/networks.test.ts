// Which network a node is in, as processes: from the first start to the replacing of its secret.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFrpClient } from '../../src/frp/client/client.ts'
import { readInvitation, writeInvitation } from '../../src/invitation.ts'
import { writeNetwork } from '../../src/io/disk/network-file.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { newNetwork } from '../../src/io/network-keyring.ts'
import { fingerprintOf, turnTokenOf } from '../../src/io/network-keys.ts'
import { createNodeClock, createNodeRandom } from '../../src/io/node-clock.ts'
import { command } from './command.ts'
import { endAll, type Running, start } from './process.ts'

vi.setConfig({ testTimeout: 60_000 })

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-networks-'))
})
afterEach(() => {
  endAll()
  rmSync(dir, { recursive: true, force: true })
})

const network = createNodeNetwork()
const HERE = ['--addresses', 'any', '--control=127.0.0.1:0', '--listen', '127.0.0.1:0']
const at = (name: string): string => join(dir, name)
const up = (name: string, ...flags: readonly string[]): Running => start(['up', '--data', at(name), '--name', name, ...HERE, ...flags])
interface Ready {
  readonly id: string
  readonly listen: string
  readonly network: string
  readonly invitation: string | null
}
async function ready(name: string, ...flags: readonly string[]): Promise<Ready & { readonly node: Running }> {
  const node = up(name, '--json', ...flags)
  const line = await node.line()
  if (line === null) throw new Error((await node.ended).err)
  return { ...JSON.parse(line), node }
}
async function stop(node: Running): Promise<void> {
  node.child.kill('SIGTERM')
  await node.ended
}
const file = (name: string) => JSON.parse(readFileSync(join(at(name), 'network.json'), 'utf8'))
const ask = async (name: string, ...words: readonly string[]) => command([...words, '--data', at(name)])
const answer = async (name: string, ...words: readonly string[]) => JSON.parse((await ask(name, ...words, '--json')).out)
const refusedText = (text: string): string => text.replaceAll(dir, 'DIR')

/** What a TURN tells a stock client that gives this token: `logged in`, or why not. */
function logIn(listen: string, token: string): Promise<string> {
  const random = createNodeRandom()
  return new Promise((resolve) => {
    const client = createFrpClient({
      clock: createNodeClock(),
      randomBytes: (count) => random.bytes(count),
      dialServer: () => network.dial(listen, { timeoutMs: 5_000 }),
      dialLocal: (target) => network.dial(target, { timeoutMs: 5_000 }),
      token,
      mux: true,
      tls: false,
      wire: 1,
      poolCount: 0,
      runId: '',
      keepaliveMs: 0,
      silenceMs: 0,
      peerIsOurs: false,
      tell: (fact) => {
        if (fact.type !== 'client.loggedIn' && fact.type !== 'client.closed') return
        resolve(fact.type === 'client.closed' ? fact.why : 'logged in')
        if (fact.type === 'client.loggedIn') client.end('asked enough')
      },
    })
    client.start()
  })
}

const secret = (of: number): string => Buffer.alloc(32, of).toString('base64url')
const invitationTo = (of: number, ...addresses: readonly string[]): string =>
  writeInvitation({ secret: secret(of), addresses: addresses.map((address) => ({ id: 'ab'.repeat(16), address })) })

describe('a fresh directory', () => {
  test('makes a private network, and says the one line with which others join it', async () => {
    const node = up('ash')
    const lines = [await node.line(), await node.line(), await node.line()]
    expect(lines).toEqual([
      expect.stringMatching(/^ash listens on 127\.0\.0\.1:\d+; dashboard: http/),
      'it is in a private network: only who holds its invitation can join it or see its servers; others join it with',
      expect.stringMatching(/^moonwalk up --join mw1\.[\w-]+$/),
    ])
    const listen = /127\.0\.0\.1:\d+/.exec(lines[0] ?? '')?.[0]
    const { id } = (await answer('ash', 'status')).node
    const { secrets } = file('ash')
    const invitation = lines[2]?.replace('moonwalk up --join ', '') ?? ''
    expect(readInvitation(invitation)).toEqual({
      type: 'invitation',
      invitation: { secret: secrets[0], addresses: [{ id, address: listen }] },
    })
    expect(file('ash')).toEqual({ kind: 'private', secrets, seeds: [] })
    expect(statSync(join(at('ash'), 'network.json')).mode & 0o777).toEqual(0o600)
    expect(await ask('ash', 'invite')).toEqual({ code: 0, out: `${lines[2]}\n`, err: '' })
    expect(await answer('ash', 'invite')).toEqual({ schemaVersion: 1, invitation })
    expect((await answer('ash', 'status')).node.network).toEqual({
      kind: 'private',
      text: 'a private network: only who holds its invitation can join it or see its servers',
    })
  })

  test('whose invitation others join by, who then invite in their turn', async () => {
    const ash = await ready('ash')
    const birch = await ready('birch', '--join', ash.invitation ?? '')
    expect([ash.network, birch.network, birch.invitation]).toEqual(['private', 'private', null])
    await vi.waitFor(async () => expect((await answer('birch', 'peers')).peers.length).toEqual(2), { timeout: 30_000, interval: 50 })
    expect(file('birch')).toEqual({ kind: 'private', secrets: file('ash').secrets, seeds: [{ id: ash.id, address: ash.listen }] })
    const again = readInvitation((await answer('birch', 'invite')).invitation)
    if (again.type !== 'invitation') throw new Error(again.type)
    expect([again.invitation.secret, new Set(again.invitation.addresses.map(({ id }) => id))]).toEqual([
      file('ash').secrets[0],
      new Set([ash.id, birch.id]),
    ])
    // The seeds stay, and nothing more need be said.
    await stop(birch.node)
    const later = await ready('birch')
    expect([later.network, later.invitation]).toEqual(['private', null])
    await vi.waitFor(async () => expect((await answer('birch', 'peers')).peers.length).toEqual(2), { timeout: 30_000, interval: 50 })
  })

  test('may be told its networks by the environment, and an invitation is not shown by a list of processes', async () => {
    const invitation = invitationTo(7)
    const [ash, birch] = [
      start(['up', '--data', at('ash'), '--json', ...HERE], { MOONWALK_SEEDS: invitation }),
      up('birch', '--json', '--join', invitation),
    ]
    for (const node of [ash, birch]) expect(JSON.parse((await node.line()) ?? '')).toMatchObject({ network: 'private', invitation: null })
    expect([file('ash').secrets, file('birch').secrets]).toEqual([[secret(7)], [secret(7)]])
    if (process.platform === 'linux') expect(readFileSync(`/proc/${birch.child.pid}/cmdline`, 'utf8')).not.toContain(invitation.slice(4))
  })
})

test('a plain address in a fresh directory is asked which kind its network is, and an open one wants --open', async () => {
  const ash = await ready('ash', '--open')
  expect([ash.network, ash.invitation]).toEqual(['open', null])
  const { code, out, err } = await up('birch', '--join', ash.listen).ended
  expect([code, out, err]).toEqual([2, '', `${ash.listen}: that network is open: anybody may join and see it; add --open\n`])
  expect(readdirSync(at('birch')).filter((name) => name.endsWith('.json'))).toEqual([])
  const birch = await ready('birch', '--open', '--join', ash.listen)
  expect([birch.network, file('birch')]).toEqual(['open', { kind: 'open' }])
  const none = await ask('ash', 'invite')
  expect([none.code, none.err]).toEqual([
    1,
    'this network is open: whoever knows the address of a node joins it with --open --join HOST:PORT\n',
  ])
})

describe('the kind is kept', () => {
  test('and an invitation elsewhere, or --open, ends with the command that changes it', async () => {
    const another = 'or give this node a directory of its own with --data\n'
    await writeNetwork(at('ash'), newNetwork(secret(3)))
    const before = file('ash')
    for (const [flags, text] of [
      [
        ['--join', invitationTo(9)],
        `DIR/ash is in another private network than the invitation; change it with \`moonwalk network join INVITATION --data DIR/ash\`, ${another}`,
      ],
      [['--open'], `DIR/ash is in a private network; change it with \`moonwalk network open --data DIR/ash\`, ${another}`],
    ] as const) {
      const { code, out, err } = await up('ash', ...flags).ended
      expect([code, out, refusedText(err)]).toEqual([2, '', text])
    }
    expect(file('ash')).toEqual(before)
  })

  test('and changed by a command of its own, which keeps what was before', async () => {
    const { node } = await ready('ash')
    const running = await ask('ash', 'network', 'open')
    expect([running.code, refusedText(running.err)]).toEqual([1, `the node of DIR/ash runs (pid ${node.child.pid}); stop it first\n`])
    await stop(node)
    const before = readFileSync(join(at('ash'), 'network.json'), 'utf8')
    expect(await answer('ash', 'network', 'open')).toMatchObject({ kind: 'open', secrets: [] })
    const [aside = ''] = readdirSync(at('ash')).filter((name) => name.startsWith('network.json.replaced-'))
    expect([readFileSync(join(at('ash'), aside), 'utf8'), statSync(join(at('ash'), aside)).mode & 0o777]).toEqual([before, 0o600])
    expect(file('ash')).toEqual({ kind: 'open' })
    expect(await answer('ash', 'network', 'private')).toMatchObject({ kind: 'private', secrets: [{ use: 'proven' }] })
    expect(await answer('ash', 'network', 'join', invitationTo(9, '127.0.0.1:9'))).toMatchObject({
      secrets: [{ fingerprint: fingerprintOf(secret(9)), use: 'proven' }],
    })
    expect(file('ash')).toEqual({ kind: 'private', secrets: [secret(9)], seeds: [{ id: 'ab'.repeat(16), address: '127.0.0.1:9' }] })
  })

  test('and a directory from before there were private networks stays open, which is said', async () => {
    mkdirSync(at('ash'))
    writeFileSync(join(at('ash'), 'ip_table.json'), '{"ip_address":[]}')
    const { network, node } = await ready('ash')
    await stop(node)
    expect([network, file('ash'), refusedText(node.errSoFar())]).toEqual([
      'open',
      { kind: 'open' },
      `${JSON.stringify({
        schemaVersion: 1,
        warning: 'DIR/ash is from before there were private networks, and stays in an open one: anybody may join it and see its servers',
      })}\n`,
    ])
  })

  test('and a file of it that can not be read ends the start, and stays', async () => {
    mkdirSync(at('ash'))
    writeFileSync(join(at('ash'), 'network.json'), '{"kind":')
    const { code, err } = await up('ash').ended
    expect([code, refusedText(err)]).toEqual([
      1,
      'DIR/ash/network.json holds no network that can be read; restore it, or move it away to choose a network anew\n',
    ])
    expect(readFileSync(join(at('ash'), 'network.json'), 'utf8')).toEqual('{"kind":')
  })
})

describe('the secret is replaced', () => {
  const uses = async (name: string) => (await answer(name, 'network', 'show')).secrets.map(({ use }: { use: string }) => use)

  test('on running nodes, in three steps', async () => {
    const ash = await ready('ash')
    await ready('birch', '--join', ash.invitation ?? '')
    const [old] = file('ash').secrets
    const added = await answer('ash', 'network', 'rotate')
    expect(added.secrets.map(({ use }: { use: string }) => use)).toEqual(['proven', 'added'])
    // The line may be asked for again.
    expect((await answer('ash', 'network', 'rotate')).secrets).toEqual(added.secrets)
    await answer('birch', 'network', 'rotate', 'add', added.invitation)
    expect(file('birch').secrets).toEqual(file('ash').secrets)
    const [, next] = file('ash').secrets
    const stock = async () => [await logIn(ash.listen, turnTokenOf(old)), await logIn(ash.listen, turnTokenOf(next))]
    expect(await stock()).toEqual(['logged in', 'logged in'])
    const early = await ask('ash', 'network', 'rotate', 'drop')
    expect([early.code, early.err]).toEqual([1, 'the new secret is not proven with yet; `moonwalk network rotate first` comes before\n'])
    for (const name of ['ash', 'birch']) await answer(name, 'network', 'rotate', 'first')
    expect([await uses('ash'), await uses('birch')]).toEqual([
      ['proven', 'taken'],
      ['proven', 'taken'],
    ])
    for (const name of ['ash', 'birch']) await answer(name, 'network', 'rotate', 'drop')
    const [now] = file('ash').secrets
    expect(await stock()).toEqual(["token in login doesn't match token from configuration", 'logged in'])
    expect([now === old, file('ash').secrets.length, file('birch').secrets]).toEqual([false, 1, [now]])
    const invited = readInvitation((await answer('ash', 'invite')).invitation)
    expect(invited).toMatchObject({ invitation: { secret: now } })
    const shown = await ask('ash', 'network', 'show')
    expect(shown.out).toEqual(
      `a private network: only who holds its invitation can join it or see its servers\nsecret ${fingerprintOf(now)}: proven to others\n`,
    )
  })

  test('on a stopped one too', async () => {
    await writeNetwork(at('ash'), newNetwork(secret(7)))
    const { invitation } = await answer('ash', 'network', 'rotate')
    const read = readInvitation(invitation)
    expect([file('ash').secrets[0], file('ash').added]).toEqual([secret(7), read.type === 'invitation' && read.invitation.secret])
    await answer('ash', 'network', 'rotate', 'first')
    await answer('ash', 'network', 'rotate', 'drop')
    expect(file('ash')).toEqual({ kind: 'private', secrets: [read.type === 'invitation' && read.invitation.secret], seeds: [] })
  })
})

test('what is no network command, and no network, is told in a sentence', async () => {
  await writeNetwork(at('ash'), { type: 'open' })
  for (const [words, code, err] of [
    [['network', 'close'], 2, 'network knows no "close"; see `moonwalk network --help`\n'],
    [
      ['network', 'rotate', 'add'],
      2,
      'network rotate add takes the invitation (mw1.…) that `moonwalk network rotate` printed on another member\n',
    ],
    [['network', 'rotate', 'twice'], 2, 'network knows no "rotate twice"; see `moonwalk network --help`\n'],
    [['network', 'join', 'ash:1'], 2, 'network join takes an invitation (mw1.…)\n'],
    [['network', 'join'], 2, 'network join takes an invitation (mw1.…)\n'],
    [['network', 'rotate'], 1, 'DIR/ash is in no private network: there is no secret to replace\n'],
    [['turn', 'token'], 1, 'an open network has no secret to make a token of; give the TURN one with --turn-token-file\n'],
    [['turn', 'tokens'], 2, 'turn knows no "tokens"; there is `moonwalk turn token`\n'],
  ] as const) {
    const said = await ask('ash', ...words)
    expect([said.code, said.out, refusedText(said.err)]).toEqual([code, '', err])
  }
  for (const words of [
    ['turn', 'token'],
    ['metrics', 'token'],
  ])
    expect([words, (await ask('birch', ...words)).code]).toEqual([words, 3])
  const none = await ask('birch', 'network', 'show')
  expect([none.code, refusedText(none.err), existsSync(at('birch'))]).toEqual([
    1,
    'DIR/birch is in no network yet: the first `moonwalk up` decides; name another with --data\n',
    false,
  ])
})

test('the token for stock frp clients is that of the secret, alone on stdout', async () => {
  await writeNetwork(at('ash'), newNetwork(secret(7)))
  expect(await ask('ash', 'turn', 'token')).toEqual({ code: 0, out: `${turnTokenOf(secret(7))}\n`, err: '' })
  writeFileSync(join(dir, 'token'), 'of the owner\n')
  const theirs = { code: 0, out: 'of the owner\n', err: '' }
  expect(await ask('ash', 'turn', 'token', '--turn-token-file', join(dir, 'token'))).toEqual(theirs)
  writeFileSync(join(at('ash'), 'moonwalk.json'), '{ "turnTokenFile": "../token" }')
  expect(await ask('ash', 'turn', 'token')).toEqual(theirs)
  rmSync(join(dir, 'token'))
  const gone = await ask('ash', 'turn', 'token')
  expect([gone.code, gone.out, refusedText(gone.err)]).toEqual([2, '', expect.stringMatching(/^the token file DIR\/token can't be read: /)])
})
