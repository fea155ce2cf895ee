import { clockTime, fullTime } from './format.ts'
import { play, replay, showAt } from './replay.ts'

const SPEEDS = [1, 10, 60] as const

/** Where in a recording the page is. Nothing where there is none. */
export function ReplayBar() {
  const held = replay.value
  if (!held) return null
  const [firstMs, lastMs] = [held.frames.at(0)?.atMs ?? 0, held.frames.at(-1)?.atMs ?? 0]
  const at = new Date(held.atMs).toISOString()
  return (
    <section class="replay" aria-label="Recording">
      <b>Recording</b>
      {SPEEDS.map((speed) => (
        <button
          key={speed}
          type="button"
          class="small"
          aria-pressed={held.speed === speed}
          aria-label={`Play ${speed} times as fast`}
          onClick={() => play(held.speed === speed ? 0 : speed)}
        >
          {held.speed === speed ? '❚❚' : '▶'} {speed}×
        </button>
      ))}
      <input
        type="range"
        aria-label="Time"
        aria-valuetext={fullTime(at)}
        min={firstMs}
        max={lastMs}
        step={500}
        value={held.atMs}
        onInput={({ currentTarget: { value } }) => showAt(Number(value))}
      />
      <time dateTime={at} title={fullTime(at)}>
        {clockTime(at)}
      </time>
    </section>
  )
}
