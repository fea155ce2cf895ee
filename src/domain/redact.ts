// What must not leave this machine, taken out of a text that will.

/** Shorter ones are no secrets, and would take half of the text with them. */
const MIN_SECRET_CHARS = 6
const GONE = '[taken out]'

/** Forms that hold a secret, whosever it is. What is kept stands in `$1`. */
const FORMS: readonly RegExp[] = [
  /()mw1\.[\w-]+/g,
  /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi,
  /(\bBearer\s+)[\w.~+/=-]+/gi,
  /((?:token|secret|password|passwd|groupKey|group-key|key)["']?\s*[=:]\s*["']?)[^\s"'&,;]{6,}/gi,
  /(#token=)[\w-]+/g,
]

/** `secrets`: known ones, which are taken out wherever they stand, also as URLs write them. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]))]
    .filter(({ length }) => length >= MIN_SECRET_CHARS)
    .sort((a, b) => b.length - a.length)
  const without = known.reduce((left, secret) => left.replaceAll(secret, GONE), text)
  return FORMS.reduce((left, form) => left.replaceAll(form, (_, kept: string) => `${kept}${GONE}`), without)
}
