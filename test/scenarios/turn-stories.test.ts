// What a node behind NAT lives through with its TURNs, told by its news.
import { describe, expect, test } from 'vitest'
import type { Script } from '../sim/story.ts'
import { blackHole, flap, kill, reset, restart, slow } from '../sim/story.ts'
import { perform } from './stage.ts'

const cast = [
  { name: 'ash' },
  { name: 'birch', seeds: ['ash'] },
  { name: 'me', seeds: ['ash'], behindNat: true, options: { listen: null } },
] as const
const only = ['state.entered', 'turn.chosen', 'turn.lost'] as const
/** Birch is far from `me`, ash is near. */
const far = [0, slow('me', 'birch', 20)] as const

const live = async (script: Script, forMs: number) => {
  const { told, tables, states } = await perform({ cast, of: ['me'], only, script: [far, ...script], forMs })
  // The way to the first tunnel is the same in all of them, and told by the first.
  return { told: told.filter((line) => Number(line.split(' ')[0]) >= 20_000), tables, states }
}

describe('a node behind NAT', () => {
  test('goes through its states to the nearest TURN and stays there', async () => {
    const { told, tables } = await perform({ cast, of: ['me'], only, script: [far], forMs: 60_000 })
    expect({ told, tables }).toMatchInlineSnapshot(`
      {
        "tables": [
          "ash: ash birch me",
          "birch: ash birch me",
          "me: ash birch me",
        ],
        "told": [
          "0 me state.entered reach listeningNowhere  start",
          "0 me state.entered node bootstrapping  start",
          "30 me state.entered node discovering bootstrapping network.found",
          "30 me state.entered node probing discovering network.told",
          "91 me state.entered node selectingTurn probing probes.settled",
          "91 me turn.chosen ash ash 10.0.0.1:8088 the only one: 10.0 ms",
          "91 me state.entered tunnel ash asking  start",
          "91 me state.entered node tunnelling.down selectingTurn turn.found",
          "101 me state.entered tunnel ash linked.loggingIn asking done askPort",
          "131 me state.entered tunnel ash linked.proving linked.loggingIn link.loggedIn",
          "191.3 me state.entered node tunnelling.up tunnelling.down tunnel.opened",
          "191.3 me state.entered tunnel ash linked.open linked.proving link.proven",
          "626.19 me state.entered node tunnelling.degraded tunnelling.up turns.could",
          "626.19 me turn.chosen birch birch 10.0.0.2:8088 the only other one: 40.0 ms",
          "626.19 me state.entered tunnel birch asking  start",
          "666.19 me state.entered tunnel birch linked.loggingIn asking done askPort",
          "786.19 me state.entered tunnel birch linked.proving linked.loggingIn link.loggedIn",
          "1026.49 me state.entered node tunnelling.up tunnelling.degraded tunnel.opened",
          "1026.49 me state.entered tunnel birch linked.open linked.proving link.proven",
        ],
      }
    `)
  })
  test('whose TURN is killed goes to the next at once', async () => {
    expect(await live([[20_000, kill('ash')]], 40_000)).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash birch me",
          "birch: birch me",
          "me: birch me",
        ],
        "told": [
          "20005 me state.entered node tunnelling.degraded tunnelling.up tunnel.broke",
          "20005 me state.entered tunnel ash linked.loggingIn linked.open link.closed",
          "20015 me turn.lost ash ash connection reset; then, logging in again: connection refused",
          "20015 me state.entered tunnel ash closed linked.loggingIn link.closed",
          "20015 me state.entered node tunnelling.up tunnelling.degraded turns.could",
        ],
      }
    `)
  })
  test('whose tunnel is reset logs in at the same TURN again at once', async () => {
    expect(await live([[20_000, reset('me', 'ash')]], 40_000)).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash birch me",
          "birch: ash birch me",
          "me: ash birch me",
        ],
        "told": [
          "20000 me state.entered node tunnelling.degraded tunnelling.up tunnel.broke",
          "20000 me state.entered tunnel ash linked.loggingIn linked.open link.closed",
          "20030 me state.entered tunnel ash linked.proving linked.loggingIn link.loggedIn",
          "20090.3 me state.entered node tunnelling.up tunnelling.degraded tunnel.opened",
          "20090.3 me state.entered tunnel ash linked.open linked.proving link.proven",
        ],
      }
    `)
  })
  test('whose TURN falls silent notices within 5 s and goes to the next', async () => {
    expect(await live([[20_000, blackHole('ash')]], 40_000)).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash",
          "birch: birch me",
          "me: birch me",
        ],
        "told": [
          "22621 me turn.lost ash ash silent for 2811 ms",
          "22621 me state.entered node tunnelling.degraded tunnelling.up tunnel.closed",
          "22621 me state.entered tunnel ash closed linked.open link.closed",
          "22621 me state.entered node tunnelling.up tunnelling.degraded turns.could",
        ],
      }
    `)
  })
  test('whose TURN has been slow for five minutes is reached through the other first, but not for a moment of slowness', async () => {
    expect(await live([[20_000, slow('me', 'ash', 200)]], 400_000)).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash birch me",
          "birch: ash birch me",
          "me: ash birch me",
        ],
        "told": [],
      }
    `)
    expect(
      await live(
        [
          [20_000, slow('me', 'ash', 200)],
          [26_000, slow('me', 'ash', 5)],
        ],
        60_000,
      ),
    ).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash birch me",
          "birch: ash birch me",
          "me: ash birch me",
        ],
        "told": [],
      }
    `)
  })
  test('whose TURN flaps leaves it for another and comes back when it has been well for a while', async () => {
    expect(await live([[20_000, flap('me', 'ash', 4_000, 4)]], 60_000)).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash birch me",
          "birch: ash birch me",
          "me: ash birch me",
        ],
        "told": [
          "20000 me state.entered node tunnelling.degraded tunnelling.up tunnel.broke",
          "20000 me state.entered tunnel ash linked.loggingIn linked.open link.closed",
          "20000.1 me turn.lost ash ash connection reset; then, logging in again: no route to that host",
          "20000.1 me state.entered tunnel ash closed linked.loggingIn link.closed",
          "20000.1 me state.entered node tunnelling.up tunnelling.degraded turns.could",
          "28000.1 me turn.chosen ash ash 10.0.0.1:8088 the only other one: 10.0 ms",
          "28000.1 me state.entered tunnel ash asking  start",
          "28000.1 me state.entered node tunnelling.degraded tunnelling.up turns.could",
          "28000.2 me turn.lost ash ash the TURN did not say its frp port: no route to that host",
          "28000.2 me state.entered tunnel ash closed asking done askPort",
          "28000.2 me state.entered node tunnelling.up tunnelling.degraded turns.could",
          "43000.2 me turn.chosen ash ash 10.0.0.1:8088 the only other one: 10.0 ms",
          "43000.2 me state.entered tunnel ash asking  start",
          "43000.2 me state.entered node tunnelling.degraded tunnelling.up turns.could",
          "43030.2 me state.entered tunnel ash linked.loggingIn asking done askPort",
          "43060.2 me state.entered tunnel ash linked.proving linked.loggingIn link.loggedIn",
          "43120.5 me state.entered node tunnelling.up tunnelling.degraded tunnel.opened",
          "43120.5 me state.entered tunnel ash linked.open linked.proving link.proven",
        ],
      }
    `)
  })
  test('that has lost every TURN waits, and is back once one is', async () => {
    expect(
      await live(
        [
          [20_000, kill('ash')],
          [21_000, kill('birch')],
          [60_000, restart('birch')],
        ],
        120_000,
      ),
    ).toMatchInlineSnapshot(`
      {
        "states": [
          "ash: serving",
          "birch: serving",
          "me: tunnelling.up",
        ],
        "tables": [
          "ash: ash birch me",
          "birch: birch me",
          "me: birch me",
        ],
        "told": [
          "20005 me state.entered node tunnelling.degraded tunnelling.up tunnel.broke",
          "20005 me state.entered tunnel ash linked.loggingIn linked.open link.closed",
          "20015 me turn.lost ash ash connection reset; then, logging in again: connection refused",
          "20015 me state.entered tunnel ash closed linked.loggingIn link.closed",
          "20015 me state.entered node tunnelling.up tunnelling.degraded turns.could",
          "21020 me state.entered node tunnelling.down tunnelling.up tunnel.broke",
          "21020 me state.entered tunnel birch linked.loggingIn linked.open link.closed",
          "21060 me turn.lost birch birch connection reset; then, logging in again: connection refused",
          "21060 me state.entered node selectingTurn tunnelling.down tunnel.closed",
          "21060 me state.entered tunnel birch closed linked.loggingIn link.closed",
          "72495.91 me turn.chosen birch birch 10.0.0.2:8088 the only one: 40.0 ms",
          "72495.91 me state.entered tunnel birch asking  start",
          "72495.91 me state.entered node tunnelling.down selectingTurn turn.found",
          "72535.91 me state.entered tunnel birch linked.loggingIn asking done askPort",
          "72655.91 me state.entered tunnel birch linked.proving linked.loggingIn link.loggedIn",
          "72896.21 me state.entered node tunnelling.up tunnelling.down tunnel.opened",
          "72896.21 me state.entered tunnel birch linked.open linked.proving link.proven",
        ],
      }
    `)
  })
  test('tells the same story twice', async () => {
    const script: Script = [
      [5_000, slow('me', 'ash', 300)],
      [20_000, kill('birch')],
      [30_000, restart('birch')],
      [40_000, blackHole('ash')],
    ]
    expect(await live(script, 90_000)).toEqual(await live(script, 90_000))
  })
})
