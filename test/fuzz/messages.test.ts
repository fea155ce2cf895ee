import { test } from 'vitest'
import { campaign, inputsOf } from './campaign.ts'
import { messageTargets } from './message-targets.ts'

test.each(messageTargets)('$inputs strange inputs as $name are read or refused', async (target) =>
  campaign(target, inputsOf(target.inputs)),
)
