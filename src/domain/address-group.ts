/**
 * What counts as one sender: an IPv4 address, or the /64 that an IPv6 address lies in, since whoever has one has all of it.
 * `ip` is canonical text; anything else stands for itself.
 */
export function addressGroup(ip: string): string {
  const [text = ''] = ip.split('%')
  if (!text.includes(':')) return text
  const [head = '', tail] = text.split('::')
  const parts = head === '' ? [] : head.split(':')
  // Of what stands behind '::' the last parts may lie in the first four.
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - parts.length - behind.length)).fill('0')
  return `${[...parts, ...zeros, ...behind]
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
