// Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/

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
      ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
    ])
    .concat('')
    .join('\n')

export const label = (pairs: Readonly<Record<string, string>>): string =>
  `{${Object.entries(pairs)
    .map(([key, value]) => `${key}="${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
    .join(',')}}`
