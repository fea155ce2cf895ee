import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { type DrawnEdge, hotEdges } from './hot-edges.ts'
import type { StateNews } from './state-times.ts'
import { ask } from './token.ts'

interface DiagramShown {
  readonly machine: string
  /** Which one of several is shown; null: the only one, or all. */
  readonly who: string | null
  /** Several are shown at once. */
  readonly isSeveral: boolean
  readonly active: readonly string[]
  readonly last: StateNews | undefined
  /** Stands between the caption and the drawing. */
  readonly children: ComponentChildren
}

/** A machine's diagram with the active states lit, and the way it last went. */
export function Diagram({ machine, who, isSeveral, active, last, children }: DiagramShown) {
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
        <b>{machine}</b> {who !== null && <>of {who} </>}
        {isSeveral ? (
          'of several'
        ) : (
          <>
            is <span class="state-name">{leaf}</span>
          </>
        )}
      </figcaption>
      {children}
      <div ref={holder} class="drawing" />
      {problem.value && <p class="empty">{problem.value}</p>}
    </figure>
  )
}

async function draw(machine: string, holder: HTMLElement | null): Promise<string | null> {
  const answer = await ask(`api/diagrams/${machine}.svg`)
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
