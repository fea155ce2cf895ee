// Writes all that a node writes again and again, until it is killed. `argv`: the directory.
import { join } from 'node:path'
import { keepControlFile, loadToken } from '../../../src/io/disk/control-file.ts'
import { loadIdentity, renewIdentity } from '../../../src/io/disk/identity.ts'
import { createOperatorStore } from '../../../src/io/disk/operator-store.ts'
import { createTableStore } from '../../../src/io/disk/table-store.ts'
import { NO_OPERATOR_CHANGES } from '../../../src/ports.ts'
import { rowsOf } from './written-rows.ts'

const [, , dir = ''] = process.argv
const table = createTableStore(join(dir, 'ip_table.json'))
const operator = createOperatorStore(join(dir, 'operator.json'))
loadIdentity(dir)
const { token } = loadToken(dir, 'control-token')

await table.read()
for (let round = 0; ; round++) {
  const written = table.write({ rows: rowsOf(round) })
  await operator.writeOperatorChanges({ ...NO_OPERATOR_CHANGES, seeds: rowsOf(round).map(({ host, port }) => `${host}:${port}`) })
  renewIdentity(dir)
  keepControlFile(dir, { url: `http://127.0.0.1:${round}`, token, pid: process.pid }, () => {})
  await written
  if (round === 0) process.stdout.write('ready\n')
}
