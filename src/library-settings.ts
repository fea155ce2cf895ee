// What a program may say of its node.

/**
 * The keys of the configuration file, with the same values and, `control` apart, the same defaults. `MOONWALK_…` variables and
 * `moonwalk.json` are the command's: the library reads neither.
 */
export interface NodeSettings {
  /** The directory in which everything lies that the node writes. One node at a time. Default: the command's. */
  readonly data?: string | undefined
  /**
   * Invitations into one private network (`mw1.…`), or known addresses,
   * `host[:port]`, to start from; never forgotten. Default: none.
   */
  readonly join?: string | readonly string[] | undefined
  /** The same by its key in the configuration file. */
  readonly seeds?: readonly string[] | undefined
  /** Be in an open network, which anybody may join and see. Default: what the data directory is in; a fresh one: a private network. */
  readonly open?: boolean | undefined
  /** The same by its key in the configuration file. */
  readonly network?: 'open' | 'private' | undefined
  /** The one public port, `host:port`; port 0 picks one; false: nothing is opened to the outside. Default: `0.0.0.0:8088`. */
  readonly listen?: string | false | undefined
  /** `host:port` of dashboard, feed, API and metrics; port 0 picks one. Default, unlike the command's: none is opened. */
  readonly control?: string | undefined
  /** Host names that the control port answers to beside loopback's, as of a reverse proxy. Default: none. */
  readonly controlHosts?: readonly string[] | undefined
  /** Lets `control` be an address that others can reach; there is no TLS. Default: false. */
  readonly controlInsecure?: boolean | undefined
  /** What people see. Default: the host name. */
  readonly name?: string | undefined
  /** The file of the IP table. Default: `ip_table.json` in the data directory. */
  readonly table?: string | undefined
  /** `host` or `host:port` to try first for how others reach this node. Default: learnt from peers. */
  readonly advertise?: string | undefined
  /**
   * Which addresses may be contacted and kept; `lan`: private ranges too, named by a
   * person or a neighbour; `any`: loopback too. Default: `lan`.
   */
  readonly addresses?: 'public' | 'lan' | 'any' | undefined
  /** Where a TURN may be found: `moonwalk`, `none`, or a stock frps as `frp://…`. Default: `['moonwalk']`. */
  readonly turns?: readonly string[] | undefined
  /** To how many TURNs a node behind NAT holds tunnels at once, 1 to 4. Default: 2. */
  readonly tunnels?: number | undefined
  /**
   * Which TURNs are the best: `latency`, `throughput`, or `pinned`: those of `pins`,
   * in their order. Default: `latency`, with `pins` `pinned`.
   */
  readonly turnMode?: 'latency' | 'throughput' | 'pinned' | undefined
  /** Names, ids, beginnings of ids, `host:port` or `frp://host:port`. Default: none. */
  readonly pins?: readonly string[] | undefined
  /** So many ms connections on a tunnel that was moved away from have to end. Default: 600,000. */
  readonly patienceMs?: number | undefined
  /** For whom traffic is carried. Default: members; in an open network everybody, rationed, unless there is a token file. */
  readonly offer?: 'members' | 'everybody' | 'nobody' | undefined
  /** A file with what your own stock frp clients give as `auth.token`. Default: made from a private network's secret. */
  readonly turnTokenFile?: string | undefined
  /** What strangers may have, as `sessions=2,ports=4,clients=128,rate=1MB,day=2GB,udp=3,nodes=8`, or some of these; 0: no limit. */
  readonly rations?: string | undefined
  /** Domains that strangers may have for web services: names, and `*.` before one for all below it. Default: none. */
  readonly allowDomains?: readonly string[] | undefined
  /** Ports handed out to clients that name none, `20000-29999` by default. */
  readonly ports?: string | undefined
  /** Ports that clients may name: ranges and single ports, `1024-65535` by default. */
  readonly allowPorts?: string | undefined
  /** Ports that a client may have at once, 64 by default; 0: as many as it likes. */
  readonly maxPortsPerClient?: number | undefined
  /** Clients may have names below this domain for web services. Default: none. */
  readonly subdomainHost?: string | undefined
  /** Services to expose from the start, each as `[NAME=]PORT` or `[NAME=]HOST:PORT`, with `/udp`, `/http:DOMAIN`, `?limit=1MB` … */
  readonly services?: readonly string[] | undefined
  /** Bytes a day for automatic speed tests, both ways together: a size, `500MB` by default, or `off`. */
  readonly speedtestBudget?: string | undefined
  /** Milliseconds from one automatic speed test of this node to its next, on average; 120,000 by default. */
  readonly speedtestPaceMs?: number | undefined
  /** A command that is run for each change that matters, with it as one JSON object on its standard input. Default: none. */
  readonly onEvent?: string | undefined
  /** Where each change that matters is posted to as one JSON object. Default: nowhere. */
  readonly webhook?: string | undefined
  /** Which news both get: types such as `service.up`, or `service` for all of these. Default: those of how things are reached. */
  readonly tell?: readonly string[] | undefined
  /** How much goes into `moonwalk.log` in the data directory. Default: `info`. */
  readonly log?: 'debug' | 'info' | 'warn' | 'silent' | undefined
}
