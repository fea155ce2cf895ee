import { expect, test } from 'vitest'
import { readForm, type Written } from '../../dashboard/service-form.ts'

const written = (more: Partial<Written>): Written => ({ target: '3000', name: '', kind: 'tcp', domain: '', isPrivate: false, ...more })
const wrong = (text: string) => ({ type: 'wrong', text })
const PORT = wrong('Write the port that the service listens at, such as 3000, or HOST:PORT.')

test.each([
  ['a port', written({}), { type: 'spec', spec: { name: 'tcp-3000', kind: 'tcp', local: '127.0.0.1:3000', domain: null } }],
  [
    'a private one',
    written({ isPrivate: true }),
    { type: 'spec', spec: { name: 'tcp-3000', kind: 'tcp', local: '127.0.0.1:3000', domain: null, options: { private: true } } },
  ],
  [
    'an address and a name',
    written({ target: ' 192.168.1.5:25565 ', name: ' game ', kind: 'udp', domain: 'left.over' }),
    { type: 'spec', spec: { name: 'game', kind: 'udp', local: '192.168.1.5:25565', domain: null } },
  ],
  [
    'a domain',
    written({ kind: 'http', domain: 'app.example.org' }),
    { type: 'spec', spec: { name: 'http-3000', kind: 'http', local: '127.0.0.1:3000', domain: 'app.example.org' } },
  ],
  ['no domain', written({ kind: 'https' }), wrong('A service of https needs the domain that it answers to.')],
  ['nothing', written({ target: '' }), PORT],
  ['a port that can’t be', written({ target: '70000' }), PORT],
  ['words', written({ target: 'my server' }), PORT],
  ['a name that is taken', written({ name: 'web' }), wrong('There is a service web already; give this one another name.')],
])('%s', (_, form, expected) => expect(readForm(form, ['web'])).toEqual(expected))
