import { afterEach, beforeEach, expect, test } from 'vitest'
import { startReplayServer } from '../../../src/io/control/replay-server.ts'
import type { Listening } from '../../../src/ports.ts'

let server: Listening
beforeEach(async () => {
  const opened = await startReplayServer({
    port: 0,
    token: 't0ken',
    recording: Buffer.from('lines'),
    dashboardDir: '/nowhere',
    diagramsDir: '/nowhere',
  })
  if (opened.type === 'failed') throw new Error(opened.text)
  server = opened
})
afterEach(() => server.close())

const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers })
  return [answer.status, await answer.text()]
}
const owner = { authorization: 'Bearer t0ken' }

test('whoever has the token gets the recording, and nobody changes anything', async () => {
  expect(await ask('/api/recording', owner)).toEqual([200, 'lines'])
  expect((await ask('/api/recording'))[0]).toEqual(401)
  expect((await ask('/api/ping', owner, 'POST'))[0]).toEqual(405)
  expect((await ask('/api/recording', { ...owner, origin: 'http://evil.test' }))[0]).toEqual(403)
  expect((await ask('/api/diagrams/..%2Fsecret.svg', owner))[0]).toEqual(404)
  expect((await ask('/', {}))[0]).toEqual(404)
})
