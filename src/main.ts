#!/usr/bin/env node
// The command: arguments, environment, signals and exit codes.
import { run } from './cli/program.ts'

// Whoever read our output has read enough, as in `| head`. A node goes on all the same.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    if (process.argv[2] !== 'up') process.exit()
  })

process.exitCode = await run(process.argv, process.env)
