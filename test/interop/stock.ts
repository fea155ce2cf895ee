// Stock frp, built from its own modules at exact versions, and processes of it that end with the test.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePorts } from '../../src/cli/demo/free-ports.ts'

export const VERSIONS = ['0.45.0', '0.70.1', '0.71.0'] as const
export type Version = (typeof VERSIONS)[number]
export type Role = 'frps' | 'frpc'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../.cache/interop/', import.meta.url))

/** Two versions of two programs, from nothing, on two cores that do other things too. */
export const BUILD_TIMEOUT_MS = 900_000

/**
 * Builds what is not there yet, in a process of its own: a test that is busy for minutes is taken for dead. Rejects with
 * the sentence that says what is missing.
 */
export async function buildStock(): Promise<void> {
  const options = { timeout: BUILD_TIMEOUT_MS }
  await promisify(execFile)(process.execPath, ['--import', 'tsx', join(here, 'build.ts'), 'stock'], options).catch((error: unknown) => {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new Error(said || `stock frp was not built within ${BUILD_TIMEOUT_MS / 60_000} minutes`)
  })
}

/** The binary of one version, built at the first need. What keeps it from being built is said in one sentence. */
export function stockBinary(version: Version, role: Role): string {
  const binary = join(cache, `${role}-${version}`)
  if (existsSync(binary)) return binary
  mkdirSync(cache, { recursive: true })
  // 0.45.0 reaches into Go's runtime by names that today's linker guards; later ones want their web pages left out by a tag.
  const flags = version === '0.45.0' ? ['-ldflags=-checklinkname=0'] : ['-tags', `${role},noweb`]
  const fresh = `${binary}.${process.pid}`
  buildGo(`stock ${role} ${version}`, join(here, `frp-${version}`), [...flags, '-o', fresh, `github.com/fatedier/frp/cmd/${role}`])
  renameSync(fresh, binary) // whole or not at all, whoever else builds it
  return binary
}

export function buildGo(what: string, folder: string, args: readonly string[]): void {
  try {
    execFileSync('go', ['build', ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, CGO_ENABLED: '0' } })
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().slice(-500) : ''
    const why = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'Go is not installed' : stderr
    throw new Error(`${what} could not be built from the Go module proxy, so nothing can be said about it: ${why}`)
  }
}

export interface Running {
  readonly pid: number
  /**
   * Settles with the `nth` line of its log that matches (the first), from the
   * past too; rejects when it ends or stays silent for 20 s.
   */
  line(pattern: RegExp, nth?: number): Promise<string>
  end(): Promise<void>
}

/** Starts a process and keeps its log. Ended by its pid. */
export function run(binary: string, args: readonly string[]): Running {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(https?|all|no)_proxy$/i.test(key)))
  const child: ChildProcess = spawn(binary, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const lines: string[] = []
  const waiting = new Set<(line: string | null) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const tell of waiting) tell(line)
    })
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      for (const tell of waiting) tell(null)
      resolve()
    })
  })
  return {
    pid: child.pid ?? 0,
    line: (pattern, nth = 1) =>
      new Promise((resolve, reject) => {
        const sought = (): string | undefined => lines.filter((line) => pattern.test(line))[nth - 1]
        const known = sought()
        if (known !== undefined) return resolve(known)
        const timer = setTimeout(() => look(null), 20_000)
        const look = (line: string | null): void => {
          if (line !== null && sought() === undefined) return
          clearTimeout(timer)
          waiting.delete(look)
          if (line !== null) return resolve(line)
          child.kill('SIGKILL') // whoever waited gives up, and would not end it
          reject(new Error(`no line matches ${pattern} in:\n${lines.join('\n')}`))
        }
        waiting.add(look)
      }),
    end: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}

export interface StockSettings {
  readonly mux: boolean
  /** Null: the version's own default. */
  readonly tls: boolean | null
  readonly token: string
  /** A client's choice, from 0.69 on; 1 by default. */
  readonly wire?: 1 | 2
  /**
   * A client's choice: whether 0x17 comes before the handshake. The version's
   * own default (0.45: yes, 0.70: no) where it is left out.
   */
  readonly tlsFirstByte?: '0x16' | '0x17'
  /** A server's own, as PEM; otherwise it makes one up. */
  readonly certificate?: { readonly key: string; readonly cert: string }
  /** A server's ports for domains; none by default. */
  readonly vhosts?: { readonly http: number; readonly https: number }
}

/** A stock frps on that port, or a free one; settles when it listens. */
export async function startFrps(version: Version, settings: StockSettings, wished = 0): Promise<Running & { readonly port: number }> {
  const port = wished === 0 ? await freePort() : wished
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-frps-'))
  const old = version === '0.45.0'
  const file = join(folder, old ? 'frps.ini' : 'frps.toml')
  const { mux, token, certificate, vhosts } = settings
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  if (certificate) {
    writeFileSync(certFile, certificate.cert)
    writeFileSync(keyFile, certificate.key)
  }
  const shown =
    certificate === undefined
      ? ''
      : old
        ? `tls_cert_file = ${certFile}\ntls_key_file = ${keyFile}\n`
        : `transport.tls.certFile = "${certFile}"\ntransport.tls.keyFile = "${keyFile}"\n`
  const domains = vhosts
    ? old
      ? `vhost_http_port = ${vhosts.http}\nvhost_https_port = ${vhosts.https}\n`
      : `vhostHTTPPort = ${vhosts.http}\nvhostHTTPSPort = ${vhosts.https}\n`
    : ''
  writeFileSync(
    file,
    old
      ? `[common]\nbind_addr = 127.0.0.1\nbind_port = ${port}\ntcp_mux = ${mux}\ntoken = ${token}\n${settings.tls ? 'tls_only = true\n' : ''}${shown}${domains}`
      : `bindAddr = "127.0.0.1"\nproxyBindAddr = "127.0.0.1"\nbindPort = ${port}\ntransport.tcpMux = ${mux}\nauth.token = "${token}"\n${settings.tls ? 'transport.tls.force = true\n' : ''}${shown}${domains}`,
  )
  const running = run(stockBinary(version, 'frps'), ['-c', file])
  await running.line(/frps started successfully|frps tcp listen on/)
  return { ...running, port, end: () => running.end().then(() => rmSync(folder, { recursive: true, force: true })) }
}

export interface StockProxy {
  readonly name: string
  readonly localPort: number
  readonly remotePort: number
  readonly type?: 'tcp' | 'udp' | 'http' | 'https'
  /** For http and https, instead of the port. */
  readonly domains?: readonly string[]
  /** For http: locations, a name and a password, a Host to put in place of the user's, a header to add. */
  readonly http?: {
    readonly locations?: readonly string[]
    readonly user?: string
    readonly password?: string
    readonly host?: string
    readonly header?: readonly [name: string, value: string]
  }
  readonly encrypted?: boolean
  readonly compressed?: boolean
  readonly limit?: string
  /** From 0.47 on. */
  readonly limitMode?: 'client' | 'server'
  readonly group?: { readonly name: string; readonly key: string }
  /** The client's `user`, which it puts in front of the name. */
  readonly user?: string
}

/** What of a proxy is not always there, in the words of either format. */
function optional({ limit, limitMode, group }: StockProxy, old: boolean): string {
  const lines: readonly (readonly [ini: string, toml: string, value: string | undefined])[] = [
    ['bandwidth_limit', 'transport.bandwidthLimit', limit],
    ['bandwidth_limit_mode', 'transport.bandwidthLimitMode', limitMode],
    ['group', 'loadBalancer.group', group?.name],
    ['group_key', 'loadBalancer.groupKey', group?.key],
  ]
  return lines
    .flatMap(([ini, toml, value]) => (value === undefined ? [] : [old ? `${ini} = ${value}\n` : `${toml} = "${value}"\n`]))
    .join('')
}

/** Where the proxy can be found, as one version's configuration says it. */
function placeText(old: boolean, { remotePort, domains, http = {} }: StockProxy): string {
  if (domains === undefined) return old ? `remote_port = ${remotePort}\n` : `remotePort = ${remotePort}\n`
  const { locations, user, password, host, header } = http
  const lines: readonly (readonly [ini: string, toml: string, value: string | readonly string[] | undefined])[] = [
    ['custom_domains', 'customDomains', domains],
    ['locations', 'locations', locations],
    ['http_user', 'httpUser', user],
    ['http_pwd', 'httpPassword', password],
    ['host_header_rewrite', 'hostHeaderRewrite', host],
    [`header_${header?.[0]}`, `requestHeaders.set.${header?.[0]}`, header?.[1]],
  ]
  return lines
    .filter(([, , value]) => value !== undefined)
    .map(([ini, toml, value]) => (old ? `${ini} = ${[value].flat().join(',')}\n` : `${toml} = ${JSON.stringify(value)}\n`))
    .join('')
}

/** A stock frpc that logs in at `port`; settles when its proxy has started, or its log says another line. */
export async function startFrpc(
  version: Version,
  port: number,
  settings: StockSettings,
  proxy: StockProxy,
  line = /start proxy success/,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-frpc-'))
  const old = version === '0.45.0'
  const file = join(folder, old ? 'frpc.ini' : 'frpc.toml')
  const { mux, tls, token, wire = 1, tlsFirstByte } = settings
  const unannounced = tlsFirstByte === '0x16'
  const { name, localPort, type = 'tcp', encrypted = false, compressed = false, user = '' } = proxy
  const place = placeText(old, proxy)
  writeFileSync(
    file,
    old
      ? `[common]\nserver_addr = 127.0.0.1\nserver_port = ${port}\ntcp_mux = ${mux}\ntoken = ${token}\nuser = ${user}\n${tls === null ? '' : `tls_enable = ${tls}\n`}${tlsFirstByte ? `disable_custom_tls_first_byte = ${unannounced}\n` : ''}
[${name}]\ntype = ${type}\nlocal_ip = 127.0.0.1\nlocal_port = ${localPort}\n${place}use_encryption = ${encrypted}\nuse_compression = ${compressed}\n${optional(proxy, old)}`
      : `serverAddr = "127.0.0.1"\nserverPort = ${port}\ntransport.tcpMux = ${mux}\nauth.token = "${token}"\nuser = "${user}"\n${tls === null ? '' : `transport.tls.enable = ${tls}\n`}${tlsFirstByte ? `transport.tls.disableCustomTLSFirstByte = ${unannounced}\n` : ''}${wire === 2 ? 'transport.wireProtocol = "v2"\n' : ''}
[[proxies]]\nname = "${name}"\ntype = "${type}"\nlocalIP = "127.0.0.1"\nlocalPort = ${localPort}\n${place}transport.useEncryption = ${encrypted}\ntransport.useCompression = ${compressed}\n${optional(proxy, old)}`,
  )
  const running = run(stockBinary(version, 'frpc'), ['-c', file])
  await running.line(line)
  return { ...running, end: () => running.end().then(() => rmSync(folder, { recursive: true, force: true })) }
}

const given = new Set<number>()

/** Never the same one twice: an frps whose two ports are one takes our client for a visitor of its domains. */
export async function freePort(): Promise<number> {
  for (;;) {
    const [port] = await freePorts(1)
    if (port === undefined || given.has(port)) continue
    given.add(port)
    return port
  }
}
