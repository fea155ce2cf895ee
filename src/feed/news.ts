// News: the one language of the log, the live feed, `moonwalk events` and the tests' stories. One entry is one thing that
// happened, in the past tense. New members may be added; a member's meaning never changes.

export type News =
  /**
   * A machine entered another state. `state` and `from` are paths, such as `tunnelling.up`; `from` is empty at the start.
   * `instance`: which one of several that run of this machine, such as a client's address; empty where there is only one.
   */
  | {
      readonly type: 'state.entered'
      readonly machine: string
      readonly instance: string
      readonly state: string
      readonly from: string
      readonly event: string
    }
  | { readonly type: 'node.listening'; readonly address: string | null }
  /** Whether others can connect to this node, and at which address. `by`: the id or address of who proved it. */
  | {
      readonly type: 'node.reachability'
      readonly verdict: 'public' | 'tunnelled' | 'unknown'
      readonly address: string | null
      readonly by: string | null
    }
  | { readonly type: 'node.stopped' }
  /** A known address did not let this node in. Told once for each reason; it is tried again and again. */
  | { readonly type: 'seed.failed'; readonly address: string; readonly why: string }
  | { readonly type: 'peer.added'; readonly peer: string; readonly name: string; readonly address: string }
  | { readonly type: 'peer.changed'; readonly peer: string; readonly name: string; readonly address: string }
  | { readonly type: 'peer.suspected'; readonly peer: string; readonly name: string; readonly address: string; readonly why: string }
  | { readonly type: 'peer.cleared'; readonly peer: string; readonly name: string; readonly address: string }
  /** This node can't reach it and others do. `by`: their ids, with a space between. */
  | {
      readonly type: 'peer.reachedByOthers'
      readonly peer: string
      readonly name: string
      readonly address: string
      readonly by: string
    }
  | { readonly type: 'peer.removed'; readonly peer: string; readonly name: string; readonly address: string; readonly why: string }
  | {
      readonly type: 'peer.measured'
      readonly peer: string
      readonly rttMs: number
      readonly jitterMs: number | null
      readonly lossPct: number
    }
  | { readonly type: 'speed.measured'; readonly peer: string; readonly downMbps: number; readonly upMbps: number }
  | { readonly type: 'speed.refused'; readonly peer: string; readonly why: string }
  | { readonly type: 'turn.chosen'; readonly peer: string; readonly name: string; readonly address: string; readonly reason: string }
  | { readonly type: 'turn.lost'; readonly peer: string; readonly name: string; readonly why: string }
  /** The tunnel through it was reset or closed by the other end, and this node logs in there again. */
  | { readonly type: 'turn.broke'; readonly peer: string; readonly name: string; readonly why: string }
  /** A stock frps of the configuration can't be used. Told once for each reason. */
  | { readonly type: 'turn.unfit'; readonly peer: string; readonly name: string; readonly why: string }
  /** This node as a TURN goes: so many clients are told to go elsewhere. */
  | { readonly type: 'turn.draining'; readonly clients: number }
  | { readonly type: 'service.up'; readonly service: string; readonly public: string }
  | { readonly type: 'service.down'; readonly service: string; readonly why: string }
  /** This node as a TURN: a client's session and its proxies. `remote`: where the client connects from, `host:port`. */
  | {
      readonly type: 'client.arrived'
      readonly client: string
      readonly remote: string
      readonly version: string
      /** The id that it has proven, by which the table knows it; null: none. `client` is a session's. */
      readonly member: string | null
    }
  | { readonly type: 'client.left'; readonly client: string; readonly remote: string; readonly why: string }
  | { readonly type: 'client.refused'; readonly remote: string; readonly why: string }
  | { readonly type: 'proxy.opened'; readonly client: string; readonly remote: string; readonly proxy: string; readonly port: number }
  | { readonly type: 'proxy.refused'; readonly client: string; readonly remote: string; readonly proxy: string; readonly why: string }
  | { readonly type: 'proxy.closed'; readonly client: string; readonly remote: string; readonly proxy: string; readonly port: number }
  /** Something a person should know; `fix` says what to do. */
  | { readonly type: 'warned'; readonly text: string; readonly fix: string }

/**
 * As it goes out: numbered from 1 in this run of the node, with the wall time. What one client or peer tells too often is left out
 * (src/feed/news-limit.ts): its numbers are missing.
 */
export type Entry = News & { readonly seq: number; readonly at: string }
