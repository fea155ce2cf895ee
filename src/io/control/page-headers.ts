// What the page's files are sent with: they may load what stands beside them, and nothing else.
import { createHash } from 'node:crypto'

const policy = (styles: string): string =>
  `default-src 'none'; script-src 'self'; style-src ${styles}; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': policy("'self'"),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A document may have those styles that stand in it as it was built, and no other. Beside the headers of the page. */
export function documentHeaders(html: string): Readonly<Record<string, string>> {
  const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  )
  return styles.length === 0 ? {} : { 'content-security-policy': policy(["'self'", ...styles].join(' ')) }
}

/** A picture carries its own style, and nothing else. Beside those of the page. */
export const DIAGRAM_HEADERS = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'" }
