import { existsSync, readFileSync } from 'node:fs'

// The source and the built library stand one folder below package.json, the bundled command's parts two.
const file = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url))

/** As package.json says. */
export const VERSION: string = file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : '0.0.0'
