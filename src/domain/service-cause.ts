// Why a service that this node exposes is not up: a fact for programs, a clause and advice for people.

/** `at`: the name of the TURN that refuses; null: this node, which serves it without one. */
export type ServiceCause =
  // ------------------------------------------------------------------------------ no public port or domain was to be had
  | { readonly type: 'port-not-allowed'; readonly port: number; readonly at: string | null }
  /** By another client of the TURN, or by another program there. */
  | { readonly type: 'port-taken'; readonly port: number; readonly at: string | null }
  | { readonly type: 'no-free-port'; readonly at: string | null }
  | { readonly type: 'too-many-ports'; readonly at: string | null }
  /** `why`: what this machine says. */
  | { readonly type: 'port-not-opened'; readonly port: number; readonly why: string }
  | { readonly type: 'domain-taken'; readonly domain: string; readonly at: string | null }
  /** It is the TURN's own, or below what the TURN keeps for subdomains. */
  | { readonly type: 'domain-not-allowed'; readonly domain: string; readonly at: string | null }
  /** The TURN holds a proxy of this name: of an earlier session, or of another process with this node's key. */
  | { readonly type: 'name-taken'; readonly at: string | null }
  | { readonly type: 'kind-not-carried'; readonly kind: string; readonly at: string | null }
  | { readonly type: 'group-key-wrong'; readonly group: string; readonly at: string | null }
  | { readonly type: 'group-port-differs'; readonly group: string; readonly at: string | null }
  | { readonly type: 'group-not-allowed'; readonly group: string; readonly at: string | null }
  | { readonly type: 'group-needs-turn'; readonly group: string }
  | { readonly type: 'limit-not-understood'; readonly at: string | null }
  | { readonly type: 'not-authorized'; readonly at: string | null }
  | { readonly type: 'request-too-long' }
  | { readonly type: 'no-answer'; readonly at: string | null }
  /** With no reason that this node knows. `said`: the other program's text, shortened; not for people. */
  | { readonly type: 'refused'; readonly at: string | null; readonly said: string }
  // -------------------------------------------------------------------------------------------- it was opened, not proven
  /** This node does not know at which address others reach it. */
  | { readonly type: 'address-unknown' }
  | { readonly type: 'unreachable'; readonly address: string; readonly why: string }
  /** What was sent to its public address did not come out at its local end in time. */
  | { readonly type: 'silent'; readonly address: string }
  | { readonly type: 'not-tried'; readonly why: string }
  // ------------------------------------------------------------------------------------------------ its own end fails
  | { readonly type: 'nothing-listens'; readonly local: string }
  | { readonly type: 'local-failed'; readonly local: string; readonly why: string }
  | { readonly type: 'check-failed'; readonly local: string; readonly why: string }

/** `text`: what is wrong, as a clause. `fix`: what to do about it, in whole sentences. */
export interface Explained {
  readonly text: string
  readonly fix: string
}

const AGAIN = 'It is asked for again every 30 s.'

export function explain(cause: ServiceCause): Explained {
  const where = 'at' in cause ? (cause.at ?? 'this node') : ''
  switch (cause.type) {
    case 'port-not-allowed':
      return {
        text: `port ${cause.port} is not allowed at ${where}`,
        fix:
          cause.port < 1024
            ? 'Leave the port out, or name one of 1024-65535.'
            : `Leave the port out, or ask whoever runs ${where} which ports may be named there.`,
      }
    case 'port-taken':
      return { text: `port ${cause.port} is taken at ${where}`, fix: `Leave the port out, or name another. ${AGAIN}` }
    case 'no-free-port':
      return { text: `no port is free at ${where}`, fix: `Have more ports allowed there (--ports). ${AGAIN}` }
    case 'too-many-ports':
      return {
        text: `this node has as many ports as it may have at ${where}`,
        fix: 'Unexpose a service, or have more ports for each client allowed there (--max-ports-per-client).',
      }
    case 'port-not-opened':
      return {
        text: `port ${cause.port} can't be opened on this machine: ${cause.why}`,
        fix: `Leave the port out, name another, or end the program that has it. ${AGAIN}`,
      }
    case 'domain-taken':
      return {
        text: `the domain ${cause.domain} is taken at ${where}`,
        fix: `Choose another domain, or end the service that has it there. ${AGAIN}`,
      }
    case 'domain-not-allowed':
      return { text: `the domain ${cause.domain} is not allowed at ${where}`, fix: `Choose a domain that is not one of ${where}'s own.` }
    case 'name-taken':
      return {
        text: `${where} still holds a service of this name for this node`,
        fix: `If another process runs with a copy of this data directory, end it; else the earlier session ends soon. ${AGAIN}`,
      }
    case 'kind-not-carried':
      return {
        text: `${where} carries no ${cause.kind} services`,
        fix: 'Expose it as tcp, or use another TURN; a stock frps serves domains where vhost ports are set.',
      }
    case 'group-key-wrong':
      return { text: `the group ${cause.group} has another key at ${where}`, fix: 'Give all its services the same group-key.' }
    case 'group-port-differs':
      return { text: `the group ${cause.group} has another port at ${where}`, fix: 'Give all its services the same port.' }
    case 'group-not-allowed':
      return { text: `${where} does not take the group ${cause.group}`, fix: 'Shorten its name and key, or leave the group out.' }
    case 'group-needs-turn':
      return {
        text: `the group ${cause.group} would share a port of a TURN, and this node is reached without one`,
        fix: 'Leave the group out.',
      }
    case 'limit-not-understood':
      return { text: `${where} does not understand its limit`, fix: 'Write it as limit=1MB or limit=500KB.' }
    case 'not-authorized':
      return {
        text: `${where} wants another token`,
        fix: `Name a file with the token of ${where} in --turn frp://HOST:PORT?token-file=FILE.`,
      }
    case 'request-too-long':
      return { text: 'what it asks for is longer than frp allows', fix: 'Shorten its name, its domain or its group.' }
    case 'no-answer':
      return { text: `${where} did not answer when asked for it`, fix: AGAIN }
    case 'refused':
      return { text: `${where} refuses it for a reason this node does not know`, fix: `The log of ${where} says why. ${AGAIN}` }
    case 'address-unknown':
      return {
        text: 'this node does not know yet at which address others reach it',
        fix: 'Other nodes are asked every few seconds to connect to it, and the first that can proves it. Where there is none, start one with --join and this address.',
      }
    case 'unreachable':
      return {
        text: `its public address ${cause.address} can't be connected to: ${cause.why}`,
        fix: `Check that no firewall keeps others from ${cause.address}; it is tried again and again.`,
      }
    case 'silent':
      return {
        text: `nothing came through to it from its public address ${cause.address} in time`,
        fix: `Check that no firewall keeps others from ${cause.address}; it is tried again and again.`,
      }
    case 'not-tried':
      return { text: `its public address can't be tried: ${cause.why}`, fix: 'It is tried again and again.' }
    case 'nothing-listens':
      return { text: `nothing listens at ${cause.local}`, fix: `Start the service at ${cause.local}, or expose the address it listens at.` }
    case 'local-failed':
      return { text: `${cause.local} can't be connected to: ${cause.why}`, fix: `Check the service at ${cause.local}.` }
    case 'check-failed':
      return { text: `its check fails: ${cause.why}`, fix: `Check the service at ${cause.local}; it is asked every 10 s.` }
  }
}
