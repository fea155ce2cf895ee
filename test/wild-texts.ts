/** What a stranger may call itself, and no terminal, log or page should take at its word. */
export const WILD_TEXTS: readonly string[] = [
  '\x1b[2J\x1b[H\x1b[31mroot#',
  '\x1b]0;title\x07',
  '\x1b]8;;http://evil.test/\x1b\\click\x1b]8;;\x1b\\',
  '\x1bP+q\x1b\\',
  '\x9b6n\x90\x9c',
  'one\n{"level":60,"type":"forged"}',
  'one\r\n{"level":60,"type":"forged"}',
  'a\u0085b\u2028c\u2029d',
  '\u202Etxt.exe',
  '\u2066one\u2069\u200F\u061C',
  'in\u200Bvisible\uFEFF\u00AD',
  '\u{E0001}\u{E0041}\u{E007F}',
  'half \uD83D',
  '\0\b\t\v\f\x7f',
  // Two that look the same once tamed.
  '\x1b',
  '\x07',
  '"}\\ moonwalk_up{x="1"} 1',
  'x'.repeat(10_000),
]

/** Control, format and separator characters, halves of characters. */
export const STEERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
