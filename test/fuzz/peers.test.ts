import { test } from 'vitest'
import { campaign, inputsOf } from './campaign.ts'
import { peerTargets } from './peer-targets.ts'

test.each(peerTargets)('$inputs strange inputs as $name are read or refused', async (target) => campaign(target, inputsOf(target.inputs)))
