import { expect, test } from 'vitest'
import { createTrafficRates } from '../../../src/actors/carrying/traffic-rates.ts'
import { createServices, type Services } from '../../../src/actors/services/services.ts'
import type { ServiceSpec } from '../../../src/answers.ts'
import { frpClock } from '../../frp/frp-clock.ts'

const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const SSH: ServiceSpec = { name: 'ssh', kind: 'tcp', local: '127.0.0.1:22', domain: null }
const AT = '192.0.2.9:20000'

const up = (at: string) => ({ state: 'up', public: at, error: null }) as const
const down = (error: string | null) => ({ state: 'down', public: null, error }) as const

function play(step: (services: Services) => void) {
  const news: string[] = []
  const changes: string[] = []
  const services = createServices(
    [WEB],
    (one) => {
      if (one.type === 'service.up') news.push(`${one.service} up at ${one.public}`)
      if (one.type === 'service.down') news.push(`${one.service} down: ${one.why}`)
    },
    createTrafficRates(frpClock()),
  )
  services.changes$.subscribe(({ type, name }) => changes.push(`${type} ${name}`))
  step(services)
  return { list: services.list(), specs: services.specs(), news, changes }
}

const opening = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', public: null, state: 'opening', error: null, traffic: null } as const

test('what the configuration names is there from the start, opening', () =>
  expect(play(() => {})).toEqual({ list: [opening], specs: [WEB], news: [], changes: [] }))

test('a service comes and goes', () =>
  expect(
    play((services) => {
      services.add(SSH)
      expect([services.remove('web'), services.remove('web')]).toEqual([true, false])
    }),
  ).toEqual({ list: [{ ...opening, name: 'ssh', local: '127.0.0.1:22' }], specs: [SSH], news: [], changes: ['added ssh', 'removed web'] }))

test.each<[string, (services: Services) => void, readonly string[], readonly string[]]>([
  ['up is news', (services) => services.note('web', up(AT)), [`web up at ${AT}`], ['noted web']],
  [
    'up again at the same address is none',
    (services) => {
      services.note('web', up(AT))
      services.note('web', up(AT))
    },
    [`web up at ${AT}`],
    ['noted web'],
  ],
  [
    'a new address is news',
    (services) => {
      services.note('web', up(AT))
      services.note('web', up('192.0.2.8:1'))
    },
    [`web up at ${AT}`, 'web up at 192.0.2.8:1'],
    ['noted web', 'noted web'],
  ],
  [
    'a tunnel that goes takes it down',
    (services) => {
      services.note('web', up(AT))
      services.noteAll({ state: 'opening', error: null })
    },
    [`web up at ${AT}`, 'web down: its tunnel is gone'],
    ['noted web', 'noted web'],
  ],
  [
    'a reason is news before it was ever up',
    (services) => services.note('web', down('no port is free')),
    ['web down: no port is free'],
    ['noted web'],
  ],
  [
    'the same reason is not news twice',
    (services) => {
      services.note('web', down('no port is free'))
      services.note('web', { ...down('no port is free'), state: 'opening' })
    },
    ['web down: no port is free'],
    ['noted web', 'noted web'],
  ],
  ['nothing new is no news', (services) => services.noteAll({ state: 'opening', error: null }), [], []],
  ['nobody asked for it', (services) => services.note('ssh', up(AT)), [], []],
])('%s', (_, step, news, changes) => {
  const told = play(step)
  expect([told.news, told.changes]).toEqual([news, changes])
})
