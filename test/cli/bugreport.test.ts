// Secrets that can be told apart lie wherever one may lie; none of them is in the report, whether the node runs or not.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeInvitation } from '../../src/invitation.ts'
import { writeNetwork } from '../../src/io/disk/network-file.ts'
import { newNetwork } from '../../src/io/network-keyring.ts'
import { turnTokenOf } from '../../src/io/network-keys.ts'
import { startControlWorld } from '../io/control-world.ts'
import { command } from './command.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-report-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const secret = Buffer.alloc(32, 'canary').toString('base64url')
const CANARY = {
  secret,
  derived: turnTokenOf(secret),
  key: 'ca'.repeat(32),
  control: 'a-token-of-the-tests',
  metrics: 'canary-of-the-metrics-token',
  turnFile: 'canary-of-the-turn-token',
  frp: 'canary-of-an-frp-token',
  hook: 'canary-of-the-webhook',
  hookUser: 'canary-user',
  hookPassword: 'canary-password',
  command: 'canary-of-the-command',
  group: 'canary-of-the-group',
  invitation: writeInvitation({ secret: Buffer.alloc(32, 'other').toString('base64url'), addresses: [] }),
}

async function plant(): Promise<string> {
  const data = join(dir, 'data')
  mkdirSync(data, { mode: 0o700 })
  await writeNetwork(data, newNetwork(CANARY.secret))
  writeFileSync(join(data, 'identity.json'), JSON.stringify({ ed25519Seed: CANARY.key }), { mode: 0o600 })
  writeFileSync(join(data, 'control-token'), CANARY.control, { mode: 0o600 })
  writeFileSync(join(data, 'metrics-token'), CANARY.metrics, { mode: 0o600 })
  writeFileSync(join(dir, 'turn-token'), CANARY.turnFile)
  writeFileSync(join(data, 'moonwalk.log'), `{"msg":"${Object.values(CANARY).join(' ')}"}\nthe end of the log\n`)
  const settings = {
    control: '127.0.0.1:0',
    listen: '127.0.0.1:0',
    turnTokenFile: join(dir, 'turn-token'),
    turns: [`frp://${CANARY.frp}@elm.test:7000`],
    webhook: `https://${CANARY.hookUser}:${CANARY.hookPassword}@hook.test/${CANARY.hook}`,
    onEvent: CANARY.command,
    services: [`web=3000?group=g&group-key=${CANARY.group}`],
  }
  writeFileSync(join(data, 'moonwalk.json'), JSON.stringify(settings))
  return data
}
const found = (text: string): readonly string[] => Object.entries(CANARY).flatMap(([name, value]) => (text.includes(value) ? [name] : []))

test('of a stopped node it holds settings, findings and the log, and no secret', async () => {
  const data = await plant()
  const file = join(dir, 'report.txt')
  expect(await command(['bugreport', file, '--data', data])).toEqual({
    code: 0,
    out: `${file} holds no secrets, but names and addresses: look through it before you send it\n`,
    err: '',
  })
  const text = readFileSync(file, 'utf8')
  expect([found(text), statSync(file).mode & 0o777]).toEqual([[], 0o600])
  expect(
    ['== versions', '== settings', '== doctor', 'no node runs', 'the end of the log', 'elm.test:7000'].filter(
      (part) => !text.includes(part),
    ),
  ).toEqual([])
  expect(await command(['bugreport', file, '--data', data, '--json'])).toEqual({
    code: 1,
    out: '',
    err: `${JSON.stringify({ schemaVersion: 1, error: `${file} is there already; name another file` })}\n`,
  })
})

test('of a running node it holds what that answers too', async () => {
  const data = await plant()
  const world = await startControlWorld()
  writeFileSync(join(data, 'control.json'), JSON.stringify({ url: `http://127.0.0.1:${world.port}`, token: CANARY.control, pid: 1 }), {
    mode: 0o600,
  })
  world.node.tell({ type: 'warned', text: `${CANARY.frp} and ${CANARY.invitation}`, fix: CANARY.secret })
  const { code, out } = await command(['bugreport', '-', '--data', data])
  expect([code, found(out)]).toEqual([0, []])
  expect(
    ['== status', '== netcheck', '== history', '== news', '"agrees with a peer"', 'warned'].filter((part) => !out.includes(part)),
  ).toEqual([])
  await world.end()
})
