/**
 * The thread's program (`thread.ts`) as one text: `scripts/build.mjs` puts it here, so that it runs wherever the bundle does, in
 * somebody else's bundle too. Null in the source, where the program is run from its file.
 */
export const THREAD_SOURCE: string | null = null
