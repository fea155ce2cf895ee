// What is written for a terminal and for nothing else: colours, and lines that fit.

type Env = NodeJS.ProcessEnv
type Colour = 'red' | 'yellow' | 'green' | 'dim'
const CODES: Readonly<Record<Colour, number>> = { red: 31, yellow: 33, green: 32, dim: 2 }

/** A pipe, a file and whoever sets NO_COLOR (https://no-color.org) get plain text. */
export const hasColour = (env: Env, stream: { readonly isTTY?: boolean } = process.stdout): boolean =>
  stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'

export const painted = (text: string, colour: Colour, isOn: boolean): string => (isOn ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text)

/** Columns of text on a line; a pipe has no end. `COLUMNS` wins, as for other commands. */
export function widthOf(env: Env, stream: { readonly isTTY?: boolean; readonly columns?: number } = process.stdout): number {
  const told = Number(env.COLUMNS)
  if (Number.isInteger(told) && told > 0) return told
  return stream.isTTY && stream.columns ? stream.columns : Number.POSITIVE_INFINITY
}

/** What is written to, as far as it matters for a text. */
export interface Paper {
  readonly width: number
  readonly height: number
  readonly isColoured: boolean
}
export const ENDLESS: Paper = { width: Number.POSITIVE_INFINITY, height: Number.POSITIVE_INFINITY, isColoured: false }

/** Lines have an end where what is shown is to stay on the screen. */
export const paperOf = (env: Env, stays = false): Paper => ({
  width: widthOf(env),
  height: stays && process.stdout.isTTY && process.stdout.rows ? process.stdout.rows : Number.POSITIVE_INFINITY,
  isColoured: hasColour(env),
})
