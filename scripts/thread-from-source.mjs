// The thread that measures latency, from its source: a thread takes no `--import tsx` on Node 20. In what is built it is a text.
import { register } from 'tsx/esm/api'

register()
await import('../src/io/probing/thread.ts')
