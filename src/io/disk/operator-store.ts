// What a person told the running node, in `DIR/operator.json`, which a person can read and edit while the node is stopped:
//
//   { "seeds": ["203.0.113.7:8088"],
//     "services": [{ "name": "web", "kind": "tcp", "local": "127.0.0.1:3000", "domain": null }],
//     "removed": [{ "key": "203.0.113.9:8088", "address": "203.0.113.9:8088" }],
//     "pins": ["203.0.113.7:8088"] }
//
// An entry that does not fit, and a key that is not known, stay in the file as they are.
import { readFile } from 'node:fs/promises'
import type { ServiceSpec } from '../../answers.ts'
import { addressOf, parseAddress } from '../../domain/address.ts'
import { isShallow, MAX_FILE_DEPTH } from '../../domain/json-depth.ts'
import { NO_OPERATOR_CHANGES, type OperatorChanges, type Store, type StoreFailure, type StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, setAside, writeDurably } from './durable-file.ts'

type OperatorStore = Pick<Store, 'readOperatorChanges' | 'writeOperatorChanges' | 'notes'>

const KEYS = ['seeds', 'services', 'removed', 'pins'] as const
type Key = (typeof KEYS)[number]

/** What the file holds beside what was read. */
interface Kept {
  readonly entries: Readonly<Record<Key, readonly unknown[]>>
  readonly others: Readonly<Record<string, unknown>>
}
const MOST_PIN_CHARS = 300
const NOTHING_KEPT: Kept = { entries: { seeds: [], services: [], removed: [], pins: [] }, others: {} }

/** The file is made with the first write, for its owner alone. Writes are done one after another. */
export function createOperatorStore(file: string): OperatorStore {
  let kept = NOTHING_KEPT
  let found: readonly StoreNote[] = []
  let last: Promise<unknown> = Promise.resolve()
  const write = async (operatorChanges: OperatorChanges): Promise<StoreFailure | null> => {
    try {
      await writeDurably(file, fileText(operatorChanges, kept))
      return null
    } catch (error) {
      return {
        type: 'failed',
        text: `what was told to the node can't be written to ${file} (${errorText(error)})`,
        fix: 'Make room on the disk, or see to the rights of that file: what it does not hold is forgotten with the next restart.',
      }
    }
  }
  return {
    readOperatorChanges: async () => {
      const content = await read(file)
      kept = content.kept
      found = content.notes
      return { operatorChanges: content.operatorChanges, notes: found }
    },
    writeOperatorChanges: (operatorChanges) => {
      const written = last.then(() => write(operatorChanges))
      last = written
      return written
    },
    notes: () => found,
  }
}

function fileText(operatorChanges: OperatorChanges, { entries, others }: Kept): string {
  const lists = Object.fromEntries(KEYS.map((key) => [key, [...operatorChanges[key], ...entries[key]]]))
  return `${JSON.stringify({ ...others, ...lists }, null, 2)}\n`
}

interface Found {
  readonly operatorChanges: OperatorChanges
  readonly notes: readonly StoreNote[]
  readonly kept: Kept
}

async function read(file: string): Promise<Found> {
  const content = await contentOf(file)
  if (content === 'absent') return { operatorChanges: NO_OPERATOR_CHANGES, notes: [], kept: NOTHING_KEPT }
  if (content === 'unreadable') {
    const note = {
      text: `${file} could not be read; ${(await setAside(file)).text}, and what was told to the node before is not known`,
      fix: 'Mend that file and put it back while the node is stopped, or expose and add again what is missing.',
    }
    return { operatorChanges: NO_OPERATOR_CHANGES, notes: [note], kept: NOTHING_KEPT }
  }
  const seeds = parted(content.seeds, addressIn, (seed) => seed)
  const services = parted(content.services, await serviceReader(content.services), ({ name }) => name)
  const removed = parted(content.removed, removedIn, ({ key }) => key)
  const pins = parted(content.pins, pinIn, (pin) => pin)
  const entries = { seeds: seeds.strange, services: services.strange, removed: removed.strange, pins: pins.strange }
  const others = Object.fromEntries(Object.entries(content).filter(([key]) => !KEYS.some((known) => known === key)))
  const notes = KEYS.flatMap((key) => entries[key].map((entry) => noteOn(file, key, entry)))
  return {
    operatorChanges: { seeds: seeds.fit, services: services.fit, removed: removed.fit, pins: pins.fit },
    notes,
    kept: { entries, others },
  }
}

async function contentOf(file: string): Promise<Readonly<Record<string, unknown>> | 'absent' | 'unreadable'> {
  try {
    const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '')
    const value: unknown = isShallow(text, MAX_FILE_DEPTH) ? JSON.parse(text) : null
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : 'unreadable'
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'absent' : 'unreadable'
  }
}

const noteOn = (file: string, key: Key, entry: unknown): StoreNote => ({
  text: `${file}: under "${key}", ${JSON.stringify(entry).slice(0, 100)} does not fit and is left alone`,
  fix: 'Mend or remove that entry while the node is stopped.',
})

/** Parts a list into what can be read, the last of those with one name, and the rest. */
function parted<T>(list: unknown, readEntry: (entry: unknown) => T | null, nameOf: (one: T) => string): Parted<T> {
  const entries: readonly unknown[] = Array.isArray(list) ? list : list === undefined || list === null ? [] : [list]
  const fit = new Map<string, T>()
  const strange: unknown[] = []
  for (const entry of entries) {
    const one = readEntry(entry)
    if (one === null) strange.push(entry)
    else fit.set(nameOf(one), one)
  }
  return { fit: [...fit.values()], strange }
}

interface Parted<T> {
  readonly fit: readonly T[]
  readonly strange: readonly unknown[]
}

function addressIn(text: unknown): string | null {
  const at = typeof text === 'string' ? parseAddress(text.trim()) : null
  return at && addressOf(at.host, at.port)
}

const pinIn = (key: unknown): string | null => (typeof key === 'string' && key !== '' && key.length <= MOST_PIN_CHARS ? key : null)

function removedIn(entry: unknown): OperatorChanges['removed'][number] | null {
  if (typeof entry !== 'object' || entry === null || !('key' in entry) || !('address' in entry)) return null
  const address = addressIn(entry.address)
  return typeof entry.key === 'string' && entry.key !== '' && address !== null ? { key: entry.key, address } : null
}

/** The rules of what may be exposed are those of the control port; they take long to load, so only where there is a service. */
async function serviceReader(list: unknown): Promise<(entry: unknown) => ServiceSpec | null> {
  if (!Array.isArray(list) || list.length === 0) return () => null
  const { serviceSpec } = await import('../control/control-bodies.ts')
  return (entry) => {
    const read = serviceSpec.safeParse(entry)
    return read.success && addressIn(read.data.local) !== null ? read.data : null
  }
}
