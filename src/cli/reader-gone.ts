// Whether whoever reads our output is still there. A pipe tells only when it is written to, which may be in an hour, and Node can not
// ask it otherwise. So on Linux the processes that have its other end are looked for in /proc, and then whether they still have it.
// Of other users' processes nothing is seen, and nothing told.
import { readFileSync, readlinkSync } from 'node:fs'
import { namesIn, orEmpty } from './proc-files.ts'

const LOOK_MS = 250

/** Answers the end of looking. `proc`: where /proc is. */
export function onReaderGone(tell: () => void, fd = 1, proc = '/proc'): () => void {
  const pipe = linkOf(`${proc}/self/fd/${fd}`)
  let readers = pipe.startsWith('pipe:') ? readersOf(pipe, proc) : []
  if (readers.length === 0) return () => {}
  const timer = setInterval(() => {
    if (readers.some((place) => linkOf(place) === pipe)) return
    // It may have been handed on.
    readers = readersOf(pipe, proc)
    if (readers.length > 0) return
    clearInterval(timer)
    tell()
  }, LOOK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** `/proc/PID/fd/N` of each open end that reads. */
const readersOf = (pipe: string, proc: string): readonly string[] =>
  namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      namesIn(`${proc}/${pid}/fd`).flatMap((fd) =>
        linkOf(`${proc}/${pid}/fd/${fd}`) === pipe && reads(`${proc}/${pid}/fdinfo/${fd}`) ? [`${proc}/${pid}/fd/${fd}`] : [],
      ),
    )

/** `flags: 0100000`, octal; its last two bits are the access mode, 0 for reading (proc(5)). */
const reads = (info: string): boolean =>
  (Number.parseInt(/^flags:\s*(\d+)/m.exec(orEmpty(() => readFileSync(info, 'utf8')))?.[1] ?? '1', 8) & 3) === 0
const linkOf = (path: string): string => orEmpty(() => readlinkSync(path))
