// Runs in a process of its own that has few descriptors: takes all of them, gives an event to a command, and prints what came of it.
import { openSync } from 'node:fs'
import { eventCommand } from '../../../src/io/outside/event-command.ts'

try {
  for (;;) openSync('/dev/null', 'r')
} catch {
  console.log(await eventCommand('true')('{}', new AbortController().signal))
}
