/** What a TURN is set to in tests and in the bench, where it does not matter. */
export const SERVER_DEFAULTS = {
  bindHost: '127.0.0.1',
  ports: { first: 20_000, last: 29_999 },
  allowPorts: { first: 1_024, last: 65_535 },
  maxPortsPerClient: 0,
  maxPoolCount: 5,
  maxClients: 100,
  keepaliveMs: 10_000,
  silenceMs: 10_000,
  tell: () => {},
} as const
