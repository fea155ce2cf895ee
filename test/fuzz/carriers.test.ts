import { test } from 'vitest'
import { campaign, inputsOf } from './campaign.ts'
import { carrierTargets } from './carrier-targets.ts'

test.each(carrierTargets)('$inputs strange inputs as $name are read or refused', async (target) =>
  campaign(target, inputsOf(target.inputs)),
)
