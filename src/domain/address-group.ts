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

/**
 * The network that an IP address lies in, as far as one can tell from
 * outside: its /24, or its /48 of IPv6. A name stands for itself.
 */
export function networkOf(host: string): string {
  const group = addressGroup(host)
  if (group.endsWith('::/64')) return group.split(':').slice(0, 3).join(':')
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? host.slice(0, host.lastIndexOf('.')) : host
}
