import { describe, expect, test } from 'vitest'
import { readPortRanges } from '../../src/config/port-ranges.ts'
import { readService } from '../../src/config/service-spec.ts'

const web = { name: 'tcp-3000', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const dns = { name: 'udp-53', kind: 'udp', local: '127.0.0.1:53', domain: null }

describe('options of a service', () => {
  test.each([
    ['3000?', web],
    ['3000?encrypt&compress', { ...web, options: { encrypt: true, compress: true } }],
    ['3000?limit=1MB', { ...web, options: { limit: '1MB' } }],
    ['3000?limit=500KB&limit-mode=server', { ...web, options: { limit: '500KB', limitMode: 'server' } }],
    ['3000?proxy-protocol=v1', { ...web, options: { proxyProtocol: 'v1' } }],
    ['53/udp?proxy-protocol=v2&port=5353', { ...dns, options: { proxyProtocol: 'v2', port: 5353 } }],
    ['3000?group=shop&group-key=a%26b', { ...web, options: { group: 'shop', groupKey: 'a&b' } }],
    ['3000?check=tcp', { ...web, options: { check: 'tcp' } }],
    ['shop=[::1]:80?check=http:/health?deep=1', { ...web, name: 'shop', local: '[::1]:80', options: { check: 'http:/health?deep=1' } }],
    ['3000?private', { ...web, options: { private: true } }],
    ['53/udp?private&allow=elm&allow=Ash%26co', { ...dns, options: { private: true, allow: ['elm', 'Ash&co'] } }],
    [
      'www=3000/http:example.org?limit=1MB',
      { name: 'www', kind: 'http', local: '127.0.0.1:3000', domain: 'example.org', options: { limit: '1MB' } },
    ],
  ])('%s', (text, ok) => expect(readService(text)).toEqual({ ok }))

  test.each([
    ['3000?encypt', 'has an unknown option "encypt"; did you mean encrypt?'],
    ['3000?proxyprotocol=v2', 'has an unknown option "proxyprotocol"; did you mean proxy-protocol?'],
    [
      '3000?constructor',
      'has an unknown option "constructor"; there are encrypt, compress, limit, limit-mode, proxy-protocol, group, group-key, check, port, private, allow',
    ],
    ['3000?encrypt=yes', ': encrypt stands alone, without a value'],
    ['3000?limit=fast', ': limit is a number of KB or MB a second, such as limit=1MB'],
    ['3000?limit=0MB', ': limit is a number of KB or MB a second, such as limit=1MB'],
    ['3000?limit=1MB&limit=2MB', ': limit stands twice'],
    ['3000?limit=1MB&limit-mode=turn', ': limit-mode is client or server'],
    ['3000?limit-mode=server', ': limit-mode needs a limit'],
    ['3000?proxy-protocol=2', ': proxy-protocol is v1 or v2'],
    ['53/udp?proxy-protocol=v1', ': proxy-protocol of a udp service is v2; v1 knows no datagrams'],
    ['3000?group=', ': group is a name of at most 100 characters, without spaces'],
    ['53/udp?group=g', ': group is for tcp services'],
    ['3000?group-key=k', ': group-key needs a group'],
    ['3000?check=http:health', ': check is tcp or http:/PATH'],
    ['3000?check=http:/a%0d%0ab', ': check is tcp or http:/PATH'],
    ['53/udp?check=tcp', ': check is for services that are connected to, and udp is not'],
    ['3000?port=0', ': port is a number from 1 to 65535'],
    ['3000?port=65536', ': port is a number from 1 to 65535'],
    ['3000/http:example.org?port=80', ': port is for tcp and udp services; http is reached by its domain'],
    ['3000?private=yes', ': private stands alone, without a value'],
    ['3000/http:example.org?private', ': private is for tcp and udp services; a domain is public'],
    ['3000?allow=elm', ': allow is for private services; add private'],
    ['3000?private&allow=', ': allow is the id or the name of a node'],
    [`3000?private${'&allow=elm'.repeat(65)}`, ': allow names at most 64 nodes'],
    ['3000?private&port=80', ': port means nothing for a private service'],
    ['3000?private&group=g', ': group means nothing for a private service'],
  ])('not %j', (text, clause) => expect(readService(text)).toEqual({ wrong: `"${text}"${clause.startsWith(':') ? '' : ' '}${clause}` }))
})

describe('ports that clients may name', () => {
  test.each([
    ['1024-65535', [{ first: 1024, last: 65_535 }]],
    [
      '80, 443,1024-2000',
      [
        { first: 80, last: 80 },
        { first: 443, last: 443 },
        { first: 1024, last: 2000 },
      ],
    ],
  ])('%s', (text, ok) => expect(readPortRanges(text)).toEqual({ ok }))

  test.each(['', '80,', '2-1', '0', '1-65536', 'all', '1;2'])('not %j', (text) =>
    expect(readPortRanges(text)).toEqual({ wrong: `"${text}" is no list of port ranges such as 1024-2000,3000-4000` }),
  )
})
