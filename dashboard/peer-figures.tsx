// What is known of one server in figures: each with its age and where it is from.
import type { ComponentChildren } from 'preact'
import type { PeerAnswerRow } from '../src/answers.ts'
import { nowMs } from './feed-client.ts'
import { age, DASH, fullTime, measure } from './format.ts'

export function Figures({ row }: { readonly row: PeerAnswerRow }) {
  const { rttMs, rttAt, measured, rttErrorPct, minMs, medianMs, p95Ms, jitterMs, lossPct } = row
  const { connectMs, connectAt, serverBusy, loadedMs, loadedAt, downMbps, upMbps, speedAt } = row
  return (
    <section class="card" aria-labelledby="peer-figures">
      <h2 id="peer-figures">Figures</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          <Figure name="RTT" value={measure(rttMs, 'ms')} at={rttAt}>
            {measured === 'estimated' ? `estimated, ± ${rttErrorPct ?? '?'} %` : measured === 'self' ? 'measured here' : 'not measured yet'}
          </Figure>
          <Figure name="Least, median, p95" value={[minMs, medianMs, p95Ms].map((ms) => measure(ms)).join(', ')} at={rttAt}>
            measured here
          </Figure>
          <Figure name="Jitter" value={measure(jitterMs, 'ms')} at={rttAt}>
            measured here
          </Figure>
          <Figure name="Loss" value={lossPct === null ? DASH : `${Math.round(lossPct)} %`} at={rttAt}>
            measured here
          </Figure>
          <Figure name="TCP handshake" value={measure(connectMs, 'ms')} at={connectAt}>
            {serverBusy ? 'its server is busy, not the path' : 'measured here'}
          </Figure>
          <Figure name="RTT under load" value={measure(loadedMs, 'ms')} at={loadedAt}>
            beside a speed test
          </Figure>
          <Figure name="Down" value={measure(downMbps, 'Mbit/s')} at={speedAt}>
            speed test
          </Figure>
          <Figure name="Up" value={measure(upMbps, 'Mbit/s')} at={speedAt}>
            speed test
          </Figure>
        </tbody>
      </table>
    </section>
  )
}

interface FigureShown {
  readonly name: string
  readonly value: string
  readonly at: string | null
  readonly children: ComponentChildren
}

const Figure = ({ name, value, at, children }: FigureShown) => (
  <tr>
    <th scope="row">{name}</th>
    <td class="strong">{value}</td>
    <td class="soft" title={fullTime(at)}>
      {value === DASH ? '' : children}
      {value !== DASH && at !== null && `, ${age(at, nowMs.value)} ago`}
    </td>
  </tr>
)
