import { describe, expect, test } from 'vitest'
import { createP2prcExchange } from '../../../src/actors/membership/p2prc-exchange.ts'
import { parseAddress } from '../../../src/domain/address.ts'
import { putOwn, recordBurst, recordSpeed } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { formatWireTable, NO_P2PRC_FIELDS, parseWireTable, type WireRecord } from '../../../src/p2prc/wire-table.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const PC = '192.0.2.1:8088'
const MINE = '192.0.2.9:8088'
const wire = (name: string, ipv4: string, other: Partial<WireRecord> = {}): WireRecord => ({
  ...NO_P2PRC_FIELDS,
  name,
  ipv4,
  serverPort: '8088',
  latencyMs: null,
  downMbps: null,
  upMbps: null,
  ...other,
})
/** `pc 192.0.2.1:8088 nat`, a line a record. */
const read = (text: string | Uint8Array): readonly string[] =>
  parseWireTable(Buffer.from(text).toString()).map(({ name, ipv4, ipv6, serverPort, escapeImplementation, latencyMs }) =>
    [name, `${ipv4}${ipv6}:${serverPort}`, escapeImplementation, latencyMs ?? ''].join(' ').trim(),
  )

interface Setting {
  /** What the peer at an address answers a posted table with; absent: nothing. */
  readonly tables?: Readonly<Record<string, readonly WireRecord[] | string>>
  readonly policy?: 'any' | 'lan'
  readonly advertise?: string | null
  readonly port?: number | null
  readonly hosts?: readonly string[]
}

/** Where tables are posted from. */
const NEIGHBOUR = '192.0.2.1'

function start({ tables = {}, policy = 'lan', advertise = null, port = 8_088, hosts = ['192.0.2.9'] }: Setting = {}) {
  const parts = stateParts({ port })
  const { clock, keeper, own } = parts
  const posted: string[] = []
  const proven: string[] = []
  const reached: string[] = []
  const prove = async (keys: readonly string[]): Promise<void> => {
    proven.push(...keys)
    for (const key of keys) keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs: 5 }, wallMs))
  }
  const exchange = createP2prcExchange({
    ...parts,
    policy,
    reach: { ask: () => ({ port, advertise }), provenAt: (address, by) => void reached.push(`${address} by ${by}`) },
    ownHosts: () => hosts,
    ipOf: (address) => parseAddress(address)?.host ?? null,
    prober: { prove },
    calls: {
      postTable: async (address, text) => {
        posted.push(`${clock.now()} ${address}: ${read(text).join(', ')}`)
        const answer = tables[address]
        if (answer === undefined) return { type: 'failed', reason: 'refused', text: 'connection refused' }
        return { type: 'text', text: typeof answer === 'string' ? answer : formatWireTable(answer) }
      },
    },
  })
  const running = exchange.runs$.subscribe({ error: parts.onBug })
  return {
    ...parts,
    exchange,
    posted,
    proven,
    reached,
    announce: (address: string, via: string | null = null): void => {
      own.announce(address, via)
      const record = own.record()
      if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    },
    rows: (): readonly string[] =>
      [...keeper.current().rows.values()].map(({ record, state }) => `${record.name} ${state} at ${record.address}`),
    end: () => running.unsubscribe(),
  }
}

describe('meeting a stranger', () => {
  const table = [wire('pc', '192.0.2.1', { machineUsername: 'ada' }), wire('laptop', '192.0.2.2')]

  test('first listens, proves what it told, and then posts all of it', async () => {
    const { exchange, posted, proven, rows, end } = start({ tables: { [PC]: table } })
    expect(await exchange.join(PC)).toEqual(PC)
    end()
    expect(proven).toEqual([PC, '192.0.2.2:8088'])
    expect(posted).toEqual([`0 ${PC}: `, `0 ${PC}: pc ${PC}  5, laptop 192.0.2.2:8088  5, me ${MINE}`])
    expect(rows()).toEqual([`pc alive at ${PC}`, 'laptop alive at 192.0.2.2:8088'])
  })

  test.each<[string, string | undefined]>([
    ['that does not answer', undefined],
    ['that answers with a page', '<html>'],
    ['that answers with nothing', ''],
  ])('%s comes to nothing', async (_, answer) => {
    const { exchange, rows, end } = start(answer === undefined ? {} : { tables: { [PC]: answer } })
    expect(await exchange.join(PC)).toEqual(null)
    end()
    expect(rows()).toEqual([])
  })

  test('tells no texts of any length, that every node would have to keep', async () => {
    const told = [wire('pc', '192.0.2.1', { machineUsername: 'ada', customInformation: 'x'.repeat(100_000) })]
    const { exchange, keeper, end } = start({ tables: { [PC]: told } })
    await exchange.join(PC)
    end()
    expect(keeper.current().rows.get(PC)?.record.p2prc).toEqual({ ...NO_P2PRC_FIELDS, machineUsername: 'ada' })
  })

  test('with an empty table has a row by its address', async () => {
    const { exchange, rows, end } = start({ tables: { [PC]: [] } })
    expect(await exchange.join(PC)).toEqual(PC)
    end()
    expect(rows()).toEqual([`${PC} alive at ${PC}`])
  })

  test('that is a node of ours answers its key', async () => {
    const { exchange, prove, end } = start({ tables: { [PC]: [] } })
    prove(signedBy('ash', PC))
    expect(await exchange.join(PC)).toEqual('ash')
    end()
  })

  test('takes its own word for its own row, and nobody else for it', async () => {
    const { exchange, keeper, end } = start({
      tables: { [PC]: table, '192.0.2.2:8088': [wire('not pc', '192.0.2.1', { machineUsername: 'eve' })] },
    })
    await exchange.join(PC)
    await exchange.join('192.0.2.2:8088')
    end()
    const record = keeper.current().rows.get(PC)?.record
    expect([record?.name, record?.p2prc?.machineUsername]).toEqual(['pc', 'ada'])
  })
})

describe('how this node is reached is guessed for a P2PRC peer, and proven by its keeping our row', () => {
  const joined = async (setting: Setting, peer = PC, before: (run: ReturnType<typeof start>) => void = () => {}) => {
    const run = start({
      policy: 'any',
      ...setting,
      tables: { [peer]: [wire('me', '192.0.2.9'), wire('me', '127.0.0.1'), wire('me', '198.51.100.1')] },
    })
    before(run)
    await run.exchange.join(peer)
    run.end()
    return [
      run.posted
        .at(-1)
        ?.split(', ')
        .at(-1)
        ?.replace(/^.*me /, '') ?? null,
      run.reached,
    ]
  }
  test.each<[string, Setting, string, string | null, readonly string[]]>([
    ['by the address of its kind', { hosts: ['8.8.8.8', '192.0.2.9'] }, PC, MINE, [`${MINE} by ${PC}`]],
    ['by loopback on the same machine', {}, '127.0.0.1:9000', '127.0.0.1:8088', ['127.0.0.1:8088 by 127.0.0.1:9000']],
    ['by what it advertises', { advertise: '198.51.100.1:8088' }, PC, '198.51.100.1:8088', [`198.51.100.1:8088 by ${PC}`]],
    ['by any address rather than none', { hosts: ['8.8.8.8'] }, PC, '8.8.8.8:8088', []],
  ])('%s', async (_, setting, peer, guessed, reached) => expect(await joined(setting, peer)).toEqual([guessed, reached]))

  test('but not where it listens nowhere', async () => expect((await joined({ port: null }))[1]).toEqual([]))

  test('nor by what a TURN carries', async () => expect((await joined({}, PC, (run) => run.announce(MINE, 'elm')))[1]).toEqual([]))

  test('nor by what a TURN carried when it was asked, though that tunnel is gone by the answer', async () => {
    const { announce, own, prove, posted, reached, clock, end } = start({
      tables: { [PC]: [wire('pc', '192.0.2.1'), wire('me', '192.0.2.9')] },
    })
    prove(unsignedRecord(PC, 'pc'))
    announce(MINE, 'elm')
    own.announce(null, null)
    await clock.advance(100)
    end()
    expect([posted.some((line) => line.includes(MINE)), reached]).toEqual([true, []])
  })
})

describe('a posted table', () => {
  const post = (...records: readonly WireRecord[]) => formatWireTable(records)

  test('is answered with all that is proven after it was looked at, this node last', async () => {
    const { exchange, announce, prove, hear, proven, end } = start()
    announce(MINE)
    prove(signedBy('ash', '192.0.2.3:8088', { via: 'elm' }))
    hear(signedBy('oak', '192.0.2.4:8088'))
    const answer = await exchange.answer(post(wire('pc', '192.0.2.1'), wire('me?', '192.0.2.9')), '192.168.1.1:8088', NEIGHBOUR)
    end()
    expect(proven).toEqual([PC])
    expect(read(answer)).toEqual([`pc ${PC}  5`, 'ash 192.0.2.3:8088 FRP 5', `me ${MINE}`])
  })

  test.each([
    ['the address by which the asker came', '192.168.1.1:8088', ['me 192.168.1.1:8088']],
    ['nothing where that says nothing', null, []],
  ])('is answered with %s while no address is proven', async (_, seen, expected) => {
    const { exchange, end } = start()
    const answer = await exchange.answer(post(), seen, NEIGHBOUR)
    end()
    expect(read(answer)).toEqual(expected)
  })

  test.each<[string, readonly WireRecord[]]>([
    ['what may not be contacted', [wire('x', '127.0.0.1'), wire('y', '169.254.169.254')]],
    ['what is no address', [wire('x', 'internal.example'), wire('y', '192.0.2.1', { serverPort: '0' }), wire('z', '')]],
  ])('of which %s is left out', async (_, records) => {
    const { exchange, rows, end } = start()
    await exchange.answer(post(...records), null, NEIGHBOUR)
    end()
    expect(rows()).toEqual([])
  })

  test('of 300 rows has 64 taken and 32 looked at before the answer', async () => {
    const { exchange, proven, rows, end } = start({ policy: 'any' })
    const records = Array.from({ length: 300 }, (_, i) => wire(`pc${i}`, `10.0.${i >> 8}.${i & 255}`))
    await exchange.answer(post(...records), null, NEIGHBOUR)
    end()
    expect([rows().length, proven.length]).toEqual([64, 32])
  })

  test('from a stranger has no private address taken, but where the stranger itself was seen', async () => {
    const { exchange, rows, end } = start()
    await exchange.answer(post(wire('router', '192.168.1.1'), wire('pc', '192.0.2.1'), wire('web', '1.1.1.1')), null, '192.0.2.1')
    end()
    expect(rows()).toEqual([`pc alive at ${PC}`, 'web alive at 1.1.1.1:8088'])
  })

  test('tells figures that nobody believes', async () => {
    const { exchange, keeper, end } = start()
    await exchange.answer(post(wire('pc', '192.0.2.1', { latencyMs: 0.001, downMbps: 9_999, upMbps: 9_999 })), null, NEIGHBOUR)
    end()
    const row = keeper.current().rows.get(PC)
    expect([row?.latency.rttMs, row?.downMbps, row?.upMbps]).toEqual([5, null, null])
  })

  test('is answered with what was measured here', async () => {
    const { exchange, keeper, end } = start()
    await exchange.answer(post(wire('pc', '192.0.2.1')), null, NEIGHBOUR)
    keeper.apply((table, wallMs) => recordSpeed(table, PC, { downMbps: 90, upMbps: 40 }, wallMs))
    const [record] = parseWireTable(Buffer.from(await exchange.answer(post(), null, NEIGHBOUR)).toString())
    end()
    expect([record?.latencyMs, record?.downMbps, record?.upMbps]).toEqual([5, 90, 40])
  })

  test('is answered with one and the same memory for as long as nothing has changed', async () => {
    const { exchange, keeper, end } = start()
    await exchange.answer(post(wire('pc', '192.0.2.1')), null, NEIGHBOUR)
    const answers = [await exchange.answer(post(), null, NEIGHBOUR), await exchange.answer(post(), null, '192.0.2.2')]
    keeper.apply((table, wallMs) => recordSpeed(table, PC, { downMbps: 90, upMbps: 40 }, wallMs))
    answers.push(await exchange.answer(post(), null, NEIGHBOUR))
    end()
    expect([answers[1] === answers[0], answers[2] === answers[0]]).toEqual([true, false])
  })

  test('with an IPv6 address is looked at there', async () => {
    const { exchange, rows, end } = start()
    await exchange.answer(post(wire('pc', '192.0.2.1', { ipv6: '2a00:0:0::1' })), null, NEIGHBOUR)
    end()
    expect(rows()).toEqual(['pc alive at [2a00::1]:8088'])
  })
})

describe('while it runs', () => {
  const OTHER = '192.0.2.2:8088'
  test('one P2PRC peer is exchanged with every 30 s, and nobody where there is none', async () => {
    const { clock, prove, posted, end } = start({ tables: { [PC]: [] } })
    prove(signedBy('ash', '192.0.2.3:8088'))
    await clock.advance(60_000)
    expect(posted).toEqual([])
    prove(unsignedRecord(PC))
    await clock.advance(60_000)
    end()
    expect(posted.map((line) => line.split(':')[0])).toEqual(['90000 192.0.2.1', '120000 192.0.2.1'])
    expect(clock.timerCount).toEqual(0)
  })

  test('a new address of this node is told to each of them at once, what else changes is not', async () => {
    const { clock, prove, announce, posted, end } = start({ tables: { [PC]: [], [OTHER]: [] } })
    prove(unsignedRecord(PC))
    prove(unsignedRecord(OTHER))
    announce(MINE)
    prove(signedBy('ash', '192.0.2.3:8088'))
    announce('192.0.2.10:8088')
    await clock.settle()
    end()
    expect(posted.map((line) => [line.split(':')[0], line.split(', ').at(-1)])).toEqual([
      ['0 192.0.2.1', `me ${MINE}`],
      ['0 192.0.2.2', `me ${MINE}`],
      ['0 192.0.2.1', 'me 192.0.2.10:8088'],
      ['0 192.0.2.2', 'me 192.0.2.10:8088'],
    ])
  })
})
