// One server: where it is, what is known of it, how old that is and where it is from, and what can be done about it.
import { Fragment } from 'preact'
import type { PeerAnswerRow } from '../src/answers.ts'
import { allPeers } from './all-peers.ts'
import { Copy } from './copy.tsx'
import { nowMs } from './feed-client.ts'
import { age, fullTime } from './format.ts'
import { Actions } from './peer-actions.tsx'
import { Figures } from './peer-figures.tsx'
import { namesOf, viaText } from './peer-rows.ts'
import { PeerServices } from './peer-services.tsx'
import { Events, LastDay } from './peer-story.tsx'
import { isReplay } from './token.ts'

export function PeerPage({ peer }: { readonly peer: string }) {
  const row = allPeers.value.get(peer)
  return (
    <main class="page peer-page">
      <p>
        <a href="#/">← All servers</a>
      </p>
      {row ? <Peer key={peer} row={row} /> : <p class="card empty">No server {peer} is in the table now.</p>}
    </main>
  )
}

function Peer({ row }: { readonly row: PeerAnswerRow }) {
  const names = namesOf(allPeers.value.values())
  const { id, name, address, addresses, state, self, turn, via, lastProof, dialect } = row
  return (
    <>
      <header class="peer-head">
        <h2>{name || address}</h2> <span class={`dot ${state}`} aria-hidden="true" /> {self ? 'this node' : state}
        <span class="soft" title={fullTime(lastProof)}>
          {lastProof === null ? 'never seen' : `last seen ${age(lastProof, nowMs.value)} ago`}
        </span>
      </header>
      <div class="cards">
        <section class="card" aria-labelledby="peer-where">
          <h2 id="peer-where">Where</h2>
          <dl class="pairs">
            <dt>Address</dt>
            <dd>
              <span class="mono">{address}</span> <Copy text={address} what="its address" />
            </dd>
            {addresses
              .filter((other) => other !== address)
              .map((other) => (
                <Fragment key={other}>
                  <dt>Also at</dt>
                  <dd>
                    <span class="mono">{other}</span> <Copy text={other} what={`its address ${other}`} />
                  </dd>
                </Fragment>
              ))}
            <dt>Reached</dt>
            <dd>{via === null ? 'directly' : `through ${viaText(via, names)}`}</dd>
            <dt>Id</dt>
            <dd>
              {id === null ? (
                'it has none'
              ) : (
                <>
                  <span class="mono id">{id}</span> <Copy text={id} what="its id" />
                </>
              )}
            </dd>
            <dt>Speaks</dt>
            <dd>{dialect}</dd>
            <dt>TURN</dt>
            <dd>{turn ? 'offers to carry traffic for others' : 'does not carry for others'}</dd>
          </dl>
        </section>
        <Figures row={row} />
        {!self && !isReplay() && <Actions row={row} />}
        {(self || !isReplay()) && <PeerServices row={row} />}
      </div>
      <LastDay id={row.id ?? row.address} />
      <Events row={row} />
    </>
  )
}
