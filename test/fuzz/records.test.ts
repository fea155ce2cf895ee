import { expect, test } from 'vitest'
import { campaign, inputsOf } from './campaign.ts'
import { changesTable, NEWS, recordTargets } from './record-targets.ts'

test.each(recordTargets)('of $inputs $name not one changes a table', async (target) => campaign(target, inputsOf(target.inputs)))

test('what owners have said and nobody has heard yet does', () => expect(NEWS.map(changesTable)).toEqual([true, true, true]))
