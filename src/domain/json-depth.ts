/**
 * Whether a JSON text nests no deeper than that. `JSON.parse` reads any depth, but what has been read can then be neither printed
 * nor walked through: the call stack ends first. Of a text that is no JSON the answer says nothing.
 */
export function isShallow(json: string, maxDepth: number): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (isText) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) isText = false
    } else if (code === QUOTE) isText = true
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      if (++depth > maxDepth) return false
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--
  }
  return true
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** What peers send is three deep. */
export const MAX_PEER_DEPTH = 8
/** A person's own keys in a file may be deeper. */
export const MAX_FILE_DEPTH = 64
