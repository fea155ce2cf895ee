// The configuration file: JSON with the keys of the settings.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Given, meantBy } from './given.ts'
import type { Read } from './read.ts'
import { CONFIG_KEYS, SETTINGS } from './settings.ts'
import { turnSeenFrom } from './turn-files.ts'

export function fromFile(file: string): Read<Given> {
  let value: unknown
  try {
    // Some editors put a byte order mark in front.
    value = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { wrong: error instanceof SyntaxError ? `${file} can't be read as JSON: ${why}` : `${file} can't be read: ${why}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { wrong: `${file} must hold one JSON object` }
  for (const key of Object.keys(value))
    if (!Object.hasOwn(SETTINGS, key)) return { wrong: `${file} has an unknown key "${key}"${meantBy(key, CONFIG_KEYS)}` }
  return {
    ok: {
      ...value,
      ...Object.assign({}, ...PATHS.map((key) => fromThere(value, key, file))),
      ...turnsFromThere(value, file),
    },
  }
}

const PATHS = ['data', 'table', 'turnTokenFile'] as const

/** A path in the file is seen from where the file lies. */
function fromThere(value: object, key: (typeof PATHS)[number], file: string): Given {
  const path: unknown = Object.entries(value).find(([name]) => name === key)?.[1]
  return typeof path === 'string' && path !== '' ? { [key]: resolve(dirname(file), path) } : {}
}

function turnsFromThere(value: object, file: string): Given {
  const turns: unknown = 'turns' in value ? value.turns : undefined
  if (!Array.isArray(turns)) return {}
  const seen = (turn: unknown): unknown => (typeof turn === 'string' ? turnSeenFrom(dirname(resolve(file)), turn) : turn)
  return { turns: turns.map(seen) }
}
