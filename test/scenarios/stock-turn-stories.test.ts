// What a node behind NAT lives through with a stock frps among its TURNs.
import { expect, test } from 'vitest'
import type { FrpServerFact } from '../../src/frp/contract.ts'
import { FRPS_PORT, frps } from '../sim/frps.ts'
import { all, blackHole, kill, reset, restart, type Script, slow, unBlackHole } from '../sim/story.ts'
import { perform } from './stage.ts'

const TOKEN = 'moon'

interface Options {
  readonly elmMs?: number
  /** What the node takes for the token. */
  readonly token?: string
  /** News before this are not told. */
  readonly from?: number
  /** News told too. */
  readonly more?: readonly 'state.entered'[]
  /** What the frps sees. */
  readonly hear?: (fact: FrpServerFact, atMs: number) => void
}

/** The node `ash` and the frps `elm` are both TURNs; a way to elm is `elmMs` long, to ash 20 ms. */
async function live(script: Script, forMs: number, options: Options = {}) {
  const { elmMs = 2, token = TOKEN, from = 0, more = [], hear } = options
  const turns = [{ type: 'moonwalk' }, { type: 'frp', address: `elm:${FRPS_PORT}`, token, tls: null, wire: 1 }] as const
  const { told } = await perform({
    cast: [{ name: 'ash' }, { name: 'me', seeds: ['ash'], behindNat: true, options: { listen: null, turns } }],
    of: ['me'],
    only: ['turn.chosen', 'turn.lost', 'turn.broke', 'turn.unfit', 'node.reachability', ...more],
    script: [[0, slow('me', 'ash', 20)], [0, slow('me', 'elm', elmMs)], ...script],
    forMs,
    prepare: (world) => frps(world, 'elm', TOKEN, hear),
  })
  return told.filter((line) => Number(line.split(' ')[0]) >= from)
}

test('a nearer frps is chosen before a node, a farther one is not', async () => {
  expect([await live([], 5_000), await live([], 5_000, { elmMs: 50 })]).toMatchInlineSnapshot(`
    [
      [
        "370 me turn.chosen frp://elm:7000 elm:7000 elm:7000 least latency of 2: 4.00 ms; next ash 40.0 ms",
        "406.3 me node.reachability tunnelled elm:30078 null",
        "406.3 me turn.chosen ash ash 10.0.0.1:8088 the only other one: 40.0 ms",
      ],
      [
        "686 me turn.chosen ash ash 10.0.0.1:8088 the only one: 40.0 ms",
        "1086.3 me node.reachability tunnelled 10.0.0.1:20078 ash",
        "1086.3 me turn.chosen frp://elm:7000 elm:7000 elm:7000 the only other one: 100.0 ms",
      ],
    ]
  `)
})

test('a reset tunnel takes three round trips to the next login and seven to the proof, and its port comes back', async () => {
  expect(await live([[20_000, reset('me', 'elm')]], 60_000, { from: 20_000, more: ['state.entered'] })).toMatchInlineSnapshot(`
    [
      "20000 me node.reachability tunnelled 10.0.0.1:20078 ash",
      "20000 me turn.broke frp://elm:7000 elm:7000 connection reset",
      "20000 me state.entered node tunnelling.degraded tunnelling.up tunnel.broke",
      "20000 me state.entered tunnel elm:7000 linked.loggingIn linked.open link.closed",
      "20012 me state.entered tunnel elm:7000 linked.proving linked.loggingIn link.loggedIn",
      "20036.3 me state.entered node tunnelling.up tunnelling.degraded tunnel.opened",
      "20036.3 me state.entered tunnel elm:7000 linked.open linked.proving link.proven",
      "32943.48 me node.reachability tunnelled elm:30078 null",
    ]
  `)
})

test('a tunnel that is reset again soon is left, until it has been well for a while', async () => {
  const script: Script = [
    [20_000, reset('me', 'elm')],
    [25_000, reset('me', 'elm')],
  ]
  expect(await live(script, 60_000, { from: 20_000 })).toMatchInlineSnapshot(`
    [
      "20000 me node.reachability tunnelled 10.0.0.1:20078 ash",
      "20000 me turn.broke frp://elm:7000 elm:7000 connection reset",
      "25000 me turn.lost frp://elm:7000 elm:7000 connection reset",
      "33000 me turn.chosen frp://elm:7000 elm:7000 elm:7000 the only other one: 4.00 ms",
      "43448.84 me node.reachability tunnelled elm:30078 null",
    ]
  `)
})

test('an frps that is reset and then silent holds up the next TURN for 1.5 s', async () => {
  expect(await live([[20_000, all([reset('me', 'elm'), blackHole('elm')])]], 30_000, { from: 20_000 })).toMatchInlineSnapshot(`
    [
      "20000 me node.reachability tunnelled 10.0.0.1:20078 ash",
      "20000 me turn.broke frp://elm:7000 elm:7000 connection reset",
      "21500 me turn.lost frp://elm:7000 elm:7000 connection reset; then, logging in again: the TURN did not answer the login in time",
      "26617.63 me turn.unfit frp://elm:7000 elm:7000 it did not answer the login in time",
    ]
  `)
})

test('an frps that is killed is left at once', async () => {
  expect(await live([[20_000, kill('elm')]], 30_000, { from: 20_000 })).toMatchInlineSnapshot(`
    [
      "20002 me node.reachability tunnelled 10.0.0.1:20078 ash",
      "20002 me turn.broke frp://elm:7000 elm:7000 connection reset",
      "20006 me turn.lost frp://elm:7000 elm:7000 connection reset; then, logging in again: connection refused",
      "21621.63 me turn.unfit frp://elm:7000 elm:7000 connection refused",
    ]
  `)
})

test('an frps that falls silent is left within 5 s, and moved to again when it is much nearer for two logins', async () => {
  const script: Script = [
    [20_000, all([slow('me', 'ash', 20), blackHole('elm')])],
    [50_000, unBlackHole('elm')],
  ]
  expect(await live(script, 200_000, { from: 20_000 })).toMatchInlineSnapshot(`
    [
      "22878 me node.reachability tunnelled 10.0.0.1:20078 ash",
      "22878 me turn.lost frp://elm:7000 elm:7000 silent for 4174 ms",
      "37943.48 me turn.unfit frp://elm:7000 elm:7000 it did not answer the login in time",
      "106911.13 me turn.chosen frp://elm:7000 elm:7000 elm:7000 the only other one: 4.00 ms",
      "124471.08 me node.reachability tunnelled elm:30078 null",
    ]
  `)
})

test('the only frps is looked for while it is away, and comes back', async () => {
  const script: Script = [
    [20_000, all([kill('elm'), kill('ash')])],
    [40_000, restart('elm')],
  ]
  expect(await live(script, 60_000, { from: 20_000 })).toMatchInlineSnapshot(`
    [
      "20002 me node.reachability tunnelled 10.0.0.1:20078 ash",
      "20002 me turn.broke frp://elm:7000 elm:7000 connection reset",
      "20006 me turn.lost frp://elm:7000 elm:7000 connection reset; then, logging in again: connection refused",
      "20020 me node.reachability unknown null null",
      "20020 me turn.broke ash ash connection reset",
      "20060 me turn.lost ash ash connection reset; then, logging in again: connection refused",
      "21226.49 me turn.unfit frp://elm:7000 elm:7000 connection refused",
      "40675.91 me turn.chosen frp://elm:7000 elm:7000 elm:7000 the only one: 4.00 ms",
      "40712.21 me node.reachability tunnelled elm:30078 null",
    ]
  `)
})

test('an frps that wants another token is told of once, and asked ever more rarely', async () => {
  const refusedAfterS: number[] = []
  let lastMs = 0
  const hear = (fact: FrpServerFact, atMs: number): void => {
    if (fact.type !== 'session.refused') return
    refusedAfterS.push(Math.round((atMs - lastMs) / 1000))
    lastMs = atMs
  }
  const told = await live([[100, kill('ash')]], 3_600_000, { token: 'sun', hear })
  expect({ told, refusedAfterS }).toMatchInlineSnapshot(`
    {
      "refusedAfterS": [],
      "told": [],
    }
  `)
})
