import { useSignal } from '@preact/signals'

const SHOWN_MS = 1_500

/** A button that copies. `what`: said to those who hear the page. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const said = useSignal<'copied' | 'failed' | null>(null)
  const copy = async () => {
    said.value = (await copied(text)) ? 'copied' : 'failed'
    setTimeout(() => {
      said.value = null
    }, SHOWN_MS)
  }
  return (
    <button type="button" class="small" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      {said.value === 'copied' ? 'Copied' : said.value === 'failed' ? 'Not allowed' : 'Copy'}
    </button>
  )
}

/** A line for a terminal. */
export const CommandLine = ({ line }: { readonly line: string }) => (
  <span class="command">
    <code>{line}</code> <Copy text={line} what={`the line ${line}`} />
  </span>
)

// Over plain http from another machine there is no clipboard to write to.
const copied = async (text: string): Promise<boolean> =>
  (await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  )) ?? false
