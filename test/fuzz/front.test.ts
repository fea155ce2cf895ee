import { test } from 'vitest'
import { campaign, inputsOf } from './campaign.ts'
import { frontTargets } from './front-targets.ts'

test.each(frontTargets)('$inputs strange inputs as $name are read or refused', async (target) => campaign(target, inputsOf(target.inputs)))
