// The settings: what each is called and means. Loaded by every command, so it stays light.

export interface Setting {
  /** As commander takes it. */
  readonly flag: string
  /** A further flag, for false. */
  readonly off?: string
  readonly meaning: string
  /** What stands where it is not given, for people. */
  readonly usual: string
  /** Given as a list: the flag may be repeated, the variable separates by commas. */
  readonly isList?: true
  /** A whole number. */
  readonly isCount?: true
  /** True where the flag stands; `true` or `false` elsewhere. */
  readonly isSwitch?: true
}

/** By the key in the configuration file. Each has a variable too: `variableOf(key)`. */
export const SETTINGS = {
  data: {
    flag: '--data <dir>',
    meaning: 'everything the node writes lies in it',
    usual: '$XDG_STATE_HOME/moonwalk, else ~/.local/state/moonwalk',
  },
  table: { flag: '--table <file>', meaning: 'the IP table', usual: 'DIR/ip_table.json' },
  name: { flag: '--name <name>', meaning: 'what people see', usual: 'the host name' },
  listen: {
    flag: '--listen <host:port>',
    off: '--no-listen',
    meaning: 'the one public port; port 0 picks one; false: nothing is opened to the outside',
    usual: '0.0.0.0:8088',
  },
  advertise: {
    flag: '--advertise <host[:port]>',
    meaning: 'an address to try first for how others reach this node',
    usual: 'learnt from peers',
  },
  addresses: {
    flag: '--addresses <which>',
    meaning:
      'which addresses may be contacted and kept: public; lan: private ranges too, named by a person or a neighbour; any: loopback too',
    usual: 'lan',
  },
  seeds: {
    flag: '--join <invitation|host[:port]>',
    meaning: 'an invitation into a private network, or known addresses; never forgotten; port 8088 unless named',
    usual: 'none',
    isList: true,
  },
  network: {
    flag: '--open',
    meaning: 'be in an open network, as those of P2PRC are: anybody may join it and see its servers',
    usual: 'private',
  },
  turns: {
    flag: '--turn <source>',
    meaning: 'where a TURN may be found: moonwalk, none or frp://HOST:PORT[?token-file=FILE&tls=force|off&ca=FILE&name=NAME&wire=1|2]',
    usual: 'moonwalk',
    isList: true,
  },
  tunnels: {
    flag: '--tunnels <count>',
    meaning: 'to how many TURNs a node behind NAT holds tunnels at once',
    usual: '2',
    isCount: true,
  },
  turnMode: {
    flag: '--turn-mode <mode>',
    meaning: 'which TURNs are the best: latency, throughput (as measured), or pinned: those of --pin and nobody else, in their order',
    usual: 'latency; pinned where there is a --pin',
  },
  pins: {
    flag: '--pin <node>',
    meaning: 'a TURN to hold a tunnel to, the best first: a name, an id, the beginning of one, HOST:PORT, or frp://HOST:PORT',
    usual: 'none',
    isList: true,
  },
  patienceMs: {
    flag: '--patience-ms <ms>',
    meaning: 'how many milliseconds connections on a tunnel that was moved away from have to end',
    usual: '600000',
    isCount: true,
  },
  offer: {
    flag: '--offer <whom>',
    off: '--no-offer',
    meaning: 'for whom traffic is carried: members, everybody (strangers are rationed) or nobody',
    usual: 'members; everybody in an open network, unless there is a token file',
  },
  turnTokenFile: {
    flag: '--turn-token-file <file>',
    meaning: 'holds what your own stock frp clients give as auth.token, to be trusted like members',
    usual: "made from a private network's secret",
  },
  rations: {
    flag: '--rations <limits>',
    meaning: 'what strangers may have: sessions=2,ports=4,clients=128,rate=1MB,day=2GB,udp=3,nodes=8, or some of these; 0: no limit',
    usual: 'those',
  },
  ports: { flag: '--ports <a-b>', meaning: 'ports handed out to clients that name none', usual: '20000-29999' },
  allowPorts: {
    flag: '--allow-ports <a-b>',
    meaning:
      'ports that clients may name: ranges and single ports, separated by commas; strangers only where it is given, else those of --ports',
    usual: '1024-65535',
  },
  maxPortsPerClient: {
    flag: '--max-ports-per-client <count>',
    meaning: 'ports that a client may have at once; 0: as many as it likes',
    usual: '64',
    isCount: true,
  },
  subdomainHost: { flag: '--subdomain-host <domain>', meaning: 'clients may have names below this domain for web services', usual: 'none' },
  allowDomains: {
    flag: '--allow-domains <domain>',
    meaning: 'a domain that strangers may have for a web service; *.DOMAIN: any below it',
    usual: 'none',
    isList: true,
  },
  services: {
    flag: '--expose <spec>',
    meaning: '[NAME=]PORT or [NAME=]HOST:PORT, with /udp, /http:DOMAIN or /https:DOMAIN, and options behind a ?, told below',
    usual: 'none',
    isList: true,
  },
  control: {
    flag: '--control <host:port>',
    meaning: 'dashboard, feed, API and metrics; port 0 picks one; on loopback, else see --control-insecure',
    usual: '127.0.0.1:8089',
  },
  controlHosts: {
    flag: '--control-hosts <name>',
    meaning: "a host name that the control port answers to beside loopback's, as of a reverse proxy",
    usual: 'none',
    isList: true,
  },
  controlInsecure: {
    flag: '--control-insecure',
    meaning: 'let --control be an address that others can reach, though they can read along: there is no TLS',
    usual: 'false',
    isSwitch: true,
  },
  speedtestBudget: {
    flag: '--speedtest-budget <size>',
    meaning: 'bytes a day that automatic speed tests may use, both ways together, or off',
    usual: '500MB',
  },
  speedtestPaceMs: {
    flag: '--speedtest-pace-ms <ms>',
    meaning: 'milliseconds from one automatic speed test of this node to its next, on average',
    usual: '120000',
    isCount: true,
  },
  onEvent: {
    flag: '--on-event <command>',
    meaning: 'a command that is run for each change that matters, with it as one JSON object on its standard input',
    usual: 'none',
  },
  webhook: {
    flag: '--webhook <url>',
    meaning: 'where each change that matters is posted to as one JSON object',
    usual: 'none',
  },
  tell: {
    flag: '--tell <type>',
    meaning: 'which news --on-event and --webhook get: types such as service.up, or service for all of these',
    usual: 'reachability, services, TURN, peers, warnings',
    isList: true,
  },
  log: { flag: '--log <level>', meaning: 'how much goes into DIR/moonwalk.log: debug, info, warn or silent', usual: 'info' },
} as const satisfies Readonly<Record<string, Setting>>

export type ConfigKey = keyof typeof SETTINGS
export const CONFIG_KEYS = Object.keys(SETTINGS) as readonly ConfigKey[]

/** The environment's name for a key: `MOONWALK_ALLOW_PORTS` for `allowPorts`. */
export const variableOf = (key: string): string => `MOONWALK_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
