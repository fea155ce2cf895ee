// What a person can have the node do about one server.
import { useSignal } from '@preact/signals'
import type { PeerAnswerRow, PinAnswer, PingAnswer, SpeedtestAnswer } from '../src/answers.ts'
import { act, type Outcome } from './actions.ts'
import { nowMs, status } from './feed-client.ts'
import { measure } from './format.ts'

type Doing =
  | { readonly type: 'idle' }
  | { readonly type: 'asks'; readonly about: 'pin' | 'removal' }
  | { readonly type: 'runs'; readonly what: string; readonly sinceMs: number }

export function Actions({ row }: { readonly row: PeerAnswerRow }) {
  const doing = useSignal<Doing>({ type: 'idle' })
  const said = useSignal<{ readonly isBad: boolean; readonly text: string } | null>(null)
  const peer = row.id ?? row.address
  async function run<Answer>(what: string, path: string, text: (answer: Answer) => string, body: object = { peer }): Promise<void> {
    doing.value = { type: 'runs', what, sinceMs: Date.now() }
    said.value = null
    const outcome: Outcome<Answer> = await act(path, body)
    doing.value = { type: 'idle' }
    said.value = outcome.type === 'done' ? { isBad: false, text: text(outcome.answer) } : { isBad: true, text: outcome.text }
  }
  const pin = (peers: readonly string[]) => run<PinAnswer>('Pinning', 'api/turn/pin', pinText, { peers })
  const isPinned = status.value?.pins?.includes(peer) === true
  const now = doing.value
  const busy = now.type === 'runs'
  return (
    <section class="card" aria-labelledby="peer-actions">
      <h2 id="peer-actions">Do</h2>
      <div class="buttons">
        <button type="button" disabled={busy} onClick={() => void run<PingAnswer>('Pinging', 'api/ping', pingText)}>
          Ping now
        </button>
        <button type="button" disabled={busy} onClick={() => void run<SpeedtestAnswer>('Speed test', 'api/speedtest', speedText)}>
          Speed test
        </button>
        {isPinned ? (
          <button type="button" disabled={busy} onClick={() => void pin([])}>
            Unpin
          </button>
        ) : (
          row.turn && (
            <button type="button" disabled={busy} onClick={() => (doing.value = { type: 'asks', about: 'pin' })}>
              Pin as TURN
            </button>
          )
        )}
        <button type="button" class="danger" disabled={busy} onClick={() => (doing.value = { type: 'asks', about: 'removal' })}>
          Remove
        </button>
      </div>
      {now.type === 'asks' && now.about === 'pin' && (
        <p class="asks">
          Use {row.name || row.address} as TURN and nobody else, also after restarts? While it is gone, this node is not reached through
          others.{' '}
          <button type="button" class="small" onClick={() => void pin([peer])}>
            Pin it
          </button>{' '}
          <button type="button" class="small" onClick={() => (doing.value = { type: 'idle' })}>
            Don’t
          </button>
        </p>
      )}
      {now.type === 'asks' && now.about === 'removal' && (
        <p class="asks">
          Forget {row.name || row.address}? It comes back if others still know it and it answers.{' '}
          <button
            type="button"
            class="small danger"
            onClick={() => void run<{ address: string }>('Removing', 'api/peers/remove', ({ address }) => `${address} is forgotten.`)}
          >
            Remove it
          </button>{' '}
          <button type="button" class="small" onClick={() => (doing.value = { type: 'idle' })}>
            Keep it
          </button>
        </p>
      )}
      {busy && (
        <p>
          <label>
            {now.what}, {Math.max(0, Math.round((nowMs.value - now.sinceMs) / 1_000))} s <progress />
          </label>
        </p>
      )}
      <p class={said.value?.isBad ? 'bad' : ''} role="status" data-said>
        {said.value?.text}
      </p>
    </section>
  )
}

const pinText = ({ turns: [turn] }: PinAnswer): string =>
  turn ? `${turn.name} is the pinned TURN now.` : 'TURNs are chosen again as the node was started.'

const pingText = ({ rttMs, samples, isLoaded, isRough }: PingAnswer): string =>
  isRough
    ? `At most ${measure(rttMs, 'ms')}: this machine was late at every answer.`
    : `${measure(rttMs, 'ms')}, the best of ${samples.length}${isLoaded ? ', beside a speed test' : ''}.`

const speedText = ({ down, up }: SpeedtestAnswer): string => `Down: ${down.words}. Up: ${up.words}.`
