// What passes: the lines below a service, and the card of those carried for others.
import type { CarriedAnswer, ClientAnswer, ProxyAnswer, TrafficAnswer } from '../src/answers.ts'
import { bytesText, rateText } from '../src/feed/byte-text.ts'
import { proxyTitle } from '../src/feed/proxy-title.ts'
import { nowMs } from './feed-client.ts'
import { age, DASH, fullTime } from './format.ts'
import { HISTORY_SECONDS, rateHistory } from './rate-history.ts'

const MAX_PROXIES = 100

/** Nothing where nothing has come for it. */
export function ServiceTraffic({ name, traffic }: { readonly name: string; readonly traffic: TrafficAnswer | undefined }) {
  if (traffic === undefined) return null
  const { connectionsNow, connectionsEver, bytesIn, bytesOut, inBytesPerSecond, outBytesPerSecond, lastError } = traffic
  return (
    <>
      <dl class="traffic">
        <dt title="connections of users">Users</dt>
        <dd>
          <b>{connectionsNow}</b> now
        </dd>
        <dd>{connectionsEver} ever</dd>
        <dt title="from users to the service">In</dt>
        <Rate bytesPerSecond={inBytesPerSecond} />
        <dd>{bytesText(bytesIn)}</dd>
        <dt title="from the service to users">Out</dt>
        <Rate bytesPerSecond={outBytesPerSecond} />
        <dd>{bytesText(bytesOut)}</dd>
      </dl>
      <Spark rates={rateHistory.value.get(name) ?? []} />
      {lastError !== null && <LastError {...lastError} />}
    </>
  )
}

/** The last minute as a line; its top is the most of that minute. */
function Spark({ rates }: { readonly rates: readonly number[] }) {
  const most = Math.max(0, ...rates)
  if (most === 0) return null
  const first = HISTORY_SECONDS - rates.length
  const points = rates.map((rate, i) => `${first + i},${(19 - (18 * rate) / most).toFixed(1)}`)
  return (
    <svg class="spark" viewBox={`0 0 ${HISTORY_SECONDS - 1} 20`} preserveAspectRatio="none" role="img" aria-label="the last minute">
      <title>the last minute, at most {rateText(most)}</title>
      <polygon points={`${first},20 ${points.join(' ')} ${HISTORY_SECONDS - 1},20`} />
      <polyline points={points.join(' ')} />
    </svg>
  )
}

const Rate = ({ bytesPerSecond }: { readonly bytesPerSecond: number }) => (
  <dd class={bytesPerSecond > 0 ? 'flowing' : 'soft'}>{bytesPerSecond > 0 ? rateText(bytesPerSecond) : 'quiet'}</dd>
)

const LastError = ({ text, at }: { readonly text: string; readonly at: string }) => (
  <div class="last-error" title={fullTime(at)}>
    <span class="soft">last error {age(at, nowMs.value)} ago:</span> {text}
  </div>
)

export function CarryingCard({ clients, carried }: { readonly clients: readonly ClientAnswer[]; readonly carried: CarriedAnswer }) {
  if (carried.clients === 0 && carried.connectionsEver === 0) return null
  const shown = cut(clients, MAX_PROXIES)
  const left = carried.proxies - shown.reduce((sum, { proxies }) => sum + proxies.length, 0)
  return (
    <section class="card carrying" aria-labelledby="carrying">
      <header>
        <h2 id="carrying">Carrying for others</h2>
        <span class="soft">
          {carried.clients} {carried.clients === 1 ? 'client' : 'clients'}, {carried.connectionsNow} connections now,{' '}
          {carried.connectionsEver} ever; in {bytesText(carried.bytesIn)}, out {bytesText(carried.bytesOut)}
        </span>
      </header>
      {clients.length === 0 ? (
        <p class="empty">Nobody now.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section class="scroll" aria-label="Carried clients and their proxies" tabIndex={0}>
          <table>
            <caption class="unseen">Clients whose proxies this node carries</caption>
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">Proxy</th>
                <th scope="col">Port</th>
                <th scope="col" class="num" title="connections of users">
                  Now
                </th>
                <th scope="col" class="num">
                  Ever
                </th>
                <th scope="col" class="num" title="from users to the client">
                  In
                </th>
                <th scope="col" class="num">
                  Out
                </th>
                <th scope="col" class="num">
                  In/s
                </th>
                <th scope="col" class="num">
                  Out/s
                </th>
              </tr>
            </thead>
            {shown.map((client) => (
              <Client key={client.id} client={client} />
            ))}
          </table>
        </section>
      )}
      {left > 0 && <p class="empty left-out">and {left} more: “moonwalk status” shows the busiest.</p>}
    </section>
  )
}

function Client({ client: { id, name, address, version, dialect, since, proxies } }: { readonly client: ClientAnswer }) {
  return (
    <tbody data-client={id}>
      {(proxies.length === 0 ? [null] : proxies).map((proxy, i) => (
        <tr key={proxy?.name ?? ''}>
          {i === 0 && (
            <th scope="rowgroup" rowSpan={Math.max(1, proxies.length)} title={`run id ${id}`}>
              {name ?? id.slice(0, 8)}{' '}
              <span class="chip" title={`frp ${version}`}>
                {dialect === 'moonwalk' ? dialect : `frp ${version}`}
              </span>
              <div class="soft">
                <span class="mono">{address}</span>, <span title={fullTime(since)}>here {age(since, nowMs.value)}</span>
              </div>
            </th>
          )}
          {proxy === null ? <td colSpan={8}>no proxy</td> : <ProxyCells proxy={proxy} />}
        </tr>
      ))}
    </tbody>
  )
}

function ProxyCells({ proxy }: { readonly proxy: ProxyAnswer }) {
  const { name, kind, port, connectionsNow, connectionsEver, bytesIn, bytesOut, inBytesPerSecond, outBytesPerSecond, lastError } = proxy
  const rate = (bytesPerSecond: number) => (
    <td class={`num ${bytesPerSecond > 0 ? 'flowing' : 'soft'}`}>{bytesPerSecond > 0 ? rateText(bytesPerSecond) : DASH}</td>
  )
  return (
    <>
      <td class="proxy-name" title={name}>
        {proxyTitle(name)}
        {lastError !== null && <LastError {...lastError} />}
      </td>
      <td class="mono">
        {port}/{kind}
      </td>
      <td class="num strong">{connectionsNow}</td>
      <td class="num">{connectionsEver}</td>
      <td class="num">{bytesText(bytesIn)}</td>
      <td class="num">{bytesText(bytesOut)}</td>
      {rate(inBytesPerSecond)}
      {rate(outBytesPerSecond)}
    </>
  )
}

/** The first clients, with at most so many proxies in all. */
function cut(clients: readonly ClientAnswer[], most: number): readonly ClientAnswer[] {
  let left = most
  return clients.flatMap((client) => {
    if (left <= 0) return []
    const proxies = client.proxies.slice(0, left)
    left -= Math.max(1, proxies.length)
    return [{ ...client, proxies }]
  })
}
