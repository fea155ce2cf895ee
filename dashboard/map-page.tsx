// The map: this node in the middle, the others as far from it as their latency says.
import { computed, signal } from '@preact/signals'
import { peerKey } from '../src/feed/delta.ts'
import { peers, status } from './feed-client.ts'
import { measure } from './format.ts'
import { between, type Dot, serverMap } from './map-layout.ts'
import { type NamePlace, namePlaces } from './map-names.ts'
import { peerHref } from './route.ts'
import { carryingTurns } from './tunnels.ts'

/** Half the drawing's side. */
const HALF = 420
const RADIUS = 380
/** Of a name's letters, in the drawing's units; on a phone, where the drawing is small, they are larger. As `map.css` has them. */
const NAME_SIZE = 13
const PHONE_NAME_SIZE = 26
/** More are not looked at: they would have no room. */
const MOST_NAMES = 80

const map = computed(() => {
  const tunnels = status.value ? carryingTurns(status.value) : []
  return serverMap([...peers.value.values()], tunnels)
})

/** This node's own name has its place first. */
const places = computed(() => {
  const dots = map.value.dots.slice(0, MOST_NAMES).map(({ key, name, x, y }) => ({ key, name, x: x * RADIUS, y: y * RADIUS }))
  const all = [{ key: '', name: selfName(), x: 0, y: 0 }, ...dots]
  return { wide: namePlaces(all, NAME_SIZE), phone: namePlaces(all, PHONE_NAME_SIZE) }
})
const selfName = (): string => [...peers.value.values()].find((row) => row.self)?.name ?? 'this node'

/** The two whose latency is asked for. Empty: this node. */
const from = signal('')
const to = signal('')

export function MapPage() {
  const { dots, rings, left } = map.value
  return (
    <main class="page map-page">
      <section class="card" aria-labelledby="map">
        <header>
          <h2 id="map">Map</h2>
          <span class="soft">
            {dots.length === 0 ? 'Nobody has answered yet.' : `distance from the middle is latency; ${dots.length} shown`}
            {left > 0 && `, ${left} more without a latency or further away`}
          </span>
        </header>
        <svg
          class="map"
          viewBox={`${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`}
          role="img"
          aria-label={`${dots.length} servers around this node; the table on the overview says the same`}
        >
          {dots.length > 0 &&
            rings.map(({ ms, radius }) => (
              <g key={radius}>
                <circle class="ring" r={radius * RADIUS} />
                <text class="ring-label" y={-radius * RADIUS - 4}>
                  {ms} ms
                </text>
              </g>
            ))}
          {dots
            .filter(({ kind }) => kind === 'turn' || kind === 'standby')
            .map(({ key, kind, x, y }) => (
              <line key={key} class={`way ${kind}`} x1="0" y1="0" x2={x * RADIUS} y2={y * RADIUS} />
            ))}
          {dots.map((dot) => (
            <Spot key={dot.key} dot={dot} />
          ))}
          <circle class="spot self" r="9" />
          <Name of="" name={selfName()} isSelf />
        </svg>
        <ul class="legend soft">
          <li class="turn">TURN in use</li>
          <li class="standby">standby</li>
          <li class="offers">offers to carry</li>
          <li class="alive">alive</li>
          <li class="suspect">suspect or new</li>
        </ul>
      </section>
      <Pair />
    </main>
  )
}

function Spot({ dot: { key, name, kind, rttMs, x, y } }: { readonly dot: Dot }) {
  const isPicked = key === from.value || key === to.value
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the two lists below the drawing do the same by keyboard
    <g
      class={`at ${kind} ${isPicked ? 'picked' : ''}`}
      data-dot={name}
      style={{ transform: `translate(${(x * RADIUS).toFixed(1)}px, ${(y * RADIUS).toFixed(1)}px)` }}
      onClick={() => pick(key)}
    >
      <title>
        {name}: {measure(rttMs, 'ms')}
      </title>
      <circle class="spot" r={kind === 'turn' || kind === 'standby' ? 8 : 6} />
      <Name of={key} name={name} />
    </g>
  )
}

const BELOW: NamePlace = { dx: 0, dy: 20, anchor: 'middle' }

/** Who is picked has its name in any case. */
function Name({ of, name, isSelf = false }: { readonly of: string; readonly name: string; readonly isSelf?: boolean }) {
  const isPicked = of !== '' && (of === from.value || of === to.value)
  return (
    <>
      {(['wide', 'phone'] as const).map((screen) => {
        const place = places.value[screen].get(of) ?? (isPicked || isSelf ? BELOW : null)
        return (
          place && (
            <text key={screen} class={`spot-label ${screen} ${isSelf ? 'self' : ''}`} x={place.dx} y={place.dy} text-anchor={place.anchor}>
              {name}
            </text>
          )
        )
      })}
    </>
  )
}

/** The second one picked is where the way goes; a third begins anew from there. */
function pick(key: string): void {
  from.value = to.value
  to.value = key
}

/** The latency between any two. */
function Pair() {
  const rows = [...peers.value.values()].filter(({ state }) => state !== 'offline').toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const rowOf = (key: string) => peers.value.get(key) ?? rows.find(({ self }) => self)
  const [a, b] = [rowOf(from.value), rowOf(to.value)]
  const known = a && b && a !== b ? between(a, b) : null
  const choice = (label: string, held: typeof from) => (
    <select
      aria-label={label}
      value={held.value}
      onChange={({ currentTarget: { value } }) => {
        held.value = value
      }}
    >
      <option value="">this node</option>
      {rows
        .filter(({ self }) => !self)
        .map((row) => (
          <option key={peerKey(row)} value={peerKey(row)}>
            {row.name || row.address}
          </option>
        ))}
    </select>
  )
  return (
    <section class="card pair" aria-labelledby="pair">
      <h2 id="pair">Between two</h2>
      <div class="buttons">
        From {choice('from', from)} to {choice('to', to)}
      </div>
      <p class="big" role="status" data-between>
        {a === b
          ? 'Choose another, here or on the map.'
          : known === null
            ? 'Not known: one of them has told no coordinate.'
            : betweenText(known)}
      </p>
      {b && !b.self && (
        <p>
          <a href={peerHref(peerKey(b))}>All about {b.name || b.address}</a>
        </p>
      )}
    </section>
  )
}

const betweenText = ({ ms, offPct }: { readonly ms: number; readonly offPct: number | null }): string =>
  offPct === null ? `${measure(ms, 'ms')}, measured` : `about ${measure(ms, 'ms')}, give or take ${offPct} %`
