/**
 * FNV-1a, 32 bits, over the UTF-16 units of a text. It spreads evenly, and
 * anybody can find texts with one value: nothing is proven by it.
 */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
