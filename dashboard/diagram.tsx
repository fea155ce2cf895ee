import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Entry } from '../src/feed/news.ts'
import { type DrawnEdge, hotEdges } from './hot-edges.ts'

type StateNews = Extract<Entry, { type: 'state.entered' }>

/** A machine's diagram with the active states lit, and the way it last went. */
export function Diagram({
  machine,
  active,
  last,
}: {
  readonly machine: string
  readonly active: readonly string[]
  readonly last: StateNews | undefined
}) {
  const holder = useRef<HTMLDivElement>(null)
  const problem = useSignal<string | null>(null)
  const drawn = useSignal(false)

  useEffect(() => {
    void draw(machine, holder.current).then((failed) => {
      problem.value = failed
      drawn.value = failed === null
    })
  }, [machine])

  useEffect(() => {
    const svg = holder.current?.querySelector('svg')
    if (!svg) return
    for (const state of svg.querySelectorAll('[data-state]'))
      state.classList.toggle('active', active.includes(state.getAttribute('data-state') ?? ''))
    const edges = [...svg.querySelectorAll('[data-edge]')]
    const hot = last ? hotEdges(edges.map(drawnEdge), last) : []
    for (const edge of edges) edge.classList.toggle('hot', hot.includes(edge.getAttribute('data-edge') ?? ''))
  }, [drawn.value, active.join(' '), last?.seq])

  const leaf = active.at(-1) ?? 'not running'
  return (
    <figure class="diagram">
      <figcaption>
        <b>{machine}</b> is <span class="state-name">{leaf}</span>
      </figcaption>
      <div ref={holder} class="drawing" />
      {problem.value && <p class="empty">{problem.value}</p>}
    </figure>
  )
}

async function draw(machine: string, holder: HTMLElement | null): Promise<string | null> {
  const answer = await fetch(`api/diagrams/${machine}.svg`).catch(() => null)
  if (!answer?.ok || !holder) return 'The diagram could not be loaded.'
  // The page brings the same rules in its own style sheet, and allows no others.
  const text = (await answer.text()).replace(/<style>[^<]*<\/style>/, '')
  const svg = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement
  holder.replaceChildren(svg)
  return null
}

const drawnEdge = (edge: Element): DrawnEdge => ({
  id: edge.getAttribute('data-edge') ?? '',
  from: edge.getAttribute('data-from') ?? '',
  to: edge.getAttribute('data-to') ?? '',
  events: (edge.getAttribute('data-event') ?? '').split(' '),
})
