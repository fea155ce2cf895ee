// Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/
import { tame } from '../../domain/tame.ts'

export type MetricFamily = readonly [
  name: string,
  kind: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
]

export const metricFamilies = (families: readonly MetricFamily[]): string =>
  families
    .flatMap(([name, kind, help, samples]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${kind}`,
      // Two names may look the same once tamed, and no series may be there twice.
      ...samples
        .filter(([labels], i) => samples.findIndex(([other]) => other === labels) === i)
        .map(([labels, value]) => `${name}${labels} ${value}`),
    ])
    .concat('')
    .join('\n')

/** A label's values are strangers' in part, and a scraper keeps them for ever. */
const MAX_LABEL_CHARS = 200

export const label = (pairs: Readonly<Record<string, string>>): string =>
  `{${Object.entries(pairs)
    .map(([key, value]) => `${key}="${tame(value, MAX_LABEL_CHARS).replace(/[\\"]/g, '\\$&')}"`)
    .join(',')}}`
