#!/usr/bin/env node
// The command: arguments, environment, signals and exit codes.
import { run } from './cli/program.ts'

process.exitCode = await run(process.argv, process.env)
