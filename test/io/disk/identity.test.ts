import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { identityFromSeed, loadIdentity, newIdentity } from '../../../src/io/disk/identity.ts'

const words = Buffer.from('the same words')

describe('an identity', () => {
  // RFC 8032, section 7.1, test 1.
  const known = identityFromSeed(Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'))

  test('is Ed25519 as the RFC has it', () => {
    expect(Buffer.from(known.publicKey, 'base64url').toString('hex')).toEqual(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    )
    expect(Buffer.from(known.sign(Buffer.alloc(0)), 'base64url').toString('hex')).toEqual(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
    expect(known.id).toEqual('21fe31dfa154a261626bf854046fd227')
    expect(known.idOf(known.publicKey)).toEqual(known.id)
  })

  test('signs what others can check, and nothing else passes', () => {
    const [mine, other] = [newIdentity(), newIdentity()]
    const signature = mine.sign(words)
    const bent = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`
    expect([
      other.verify(mine.publicKey, words, signature),
      other.verify(other.publicKey, words, signature),
      other.verify(mine.publicKey, Buffer.from('other words'), signature),
      other.verify(mine.publicKey, words, bent),
      other.verify(mine.publicKey, words, `${signature}=`),
      other.verify(mine.publicKey, words, signature.slice(1)),
      other.verify(`${mine.publicKey}=`, words, signature),
      other.verify('', words, signature),
      other.verify('ä'.repeat(43), words, 'ö'.repeat(86)),
    ]).toEqual([true, ...Array(8).fill(false)])
  })

  test('takes what it has checked once for genuine again, and nothing that only looks like it', () => {
    const mine = newIdentity()
    const said = Buffer.from(words)
    const signature = mine.sign(said)
    const first = mine.verify(mine.publicKey, said, signature)
    said[0] = 0
    expect([first, mine.verify(mine.publicKey, words, signature), mine.verify(mine.publicKey, said, signature)]).toEqual([
      true,
      true,
      false,
    ])
    for (let i = 0; i < 600; i++) mine.verify(mine.publicKey, Buffer.from([i & 255, i >> 8]), mine.sign(Buffer.from([i & 255, i >> 8])))
    expect([mine.verify(mine.publicKey, words, signature), mine.verify(mine.publicKey, said, signature)]).toEqual([true, false])
  })

  test('is never forged by a key of small order', () => {
    const encodings = ['00', '01', 'ec', 'ed', 'ee'].map((low) =>
      Buffer.from(`${low}${(low < '02' ? '00' : 'ff').repeat(30)}${low < '02' ? '00' : '7f'}`, 'hex'),
    )
    encodings.push(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'))
    encodings.push(Buffer.from('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'hex'))
    const forgeries = encodings.flatMap((low) =>
      [0, 0x80].map((sign) => Buffer.from(low.map((byte, i) => (i === 31 ? byte | sign : byte)))),
    )
    const accepted = forgeries.filter((key) =>
      forgeries.some((point) => {
        const signature = Buffer.concat([point, Buffer.alloc(32)]).toString('base64url')
        return [0, 1, 2, 3, 4, 5, 6, 7].some((n) => known.verify(key.toString('base64url'), Buffer.from([n]), signature))
      }),
    )
    expect([forgeries.length, accepted]).toEqual([14, []])
  })
})

describe('the key of a data directory', () => {
  const dir = mkdtempSync(join(tmpdir(), 'moonwalk-identity-'))
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  const idIn = (where: string): string => {
    const answer = loadIdentity(where)
    return answer.type === 'loaded' ? answer.identity.id : answer.text
  }

  test('is made once, and is for its owner alone', () => {
    const inside = join(dir, 'deep', 'down')
    const first = idIn(inside)
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(idIn(inside)).toEqual(first)
    expect([readdirSync(inside), statSync(join(inside, 'identity.json')).mode & 0o777, statSync(inside).mode & 0o777]).toEqual([
      ['identity.json'],
      0o600,
      0o700,
    ])
  })

  test('is never made anew where one is that cannot be read', () => {
    idIn(dir)
    const file = join(dir, 'identity.json')
    for (const text of ['', '{', '{}', 'null', '{"ed25519Seed":"00"}', '[1]']) {
      writeFileSync(file, text)
      expect(idIn(dir)).toEqual(`${file} holds no key that can be read; restore it, or move it away to start with a new identity`)
      expect(readFileSync(file, 'utf8')).toEqual(text)
    }
  })

  test('that others may read is taken back', () => {
    const id = idIn(dir)
    const file = join(dir, 'identity.json')
    writeFileSync(file, readFileSync(file), { mode: 0o644 })
    expect([idIn(dir), statSync(file).mode & 0o777]).toEqual([id, 0o600])
  })

  test('where nothing can be written is a refusal', () => {
    writeFileSync(join(tmpdir(), `not-a-folder-${process.pid}`), '')
    const answer = loadIdentity(join(tmpdir(), `not-a-folder-${process.pid}`))
    rmSync(join(tmpdir(), `not-a-folder-${process.pid}`))
    expect(answer.type).toEqual('refused')
  })
})
