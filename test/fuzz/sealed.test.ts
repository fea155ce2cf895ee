import { test } from 'vitest'
import { campaign, inputsOf } from './campaign.ts'
import { sealedTargets } from './sealed-targets.ts'

test.each(sealedTargets)('$inputs strange inputs as $name are read or refused', async (target) => campaign(target, inputsOf(target.inputs)))
