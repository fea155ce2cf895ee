import { render } from 'preact'
import './chart.css'
import './dashboard.css'
import './standing.css'
import './peers.css'
import './machines.css'
import './traffic.css'
import './map.css'
import './day.css'
import { followLongTable } from './all-peers.ts'
import { HealthCard, NewsCard, ReachCard } from './cards.tsx'
import { followDay } from './day.ts'
import { DayPage } from './day-page.tsx'
import { carried, clients, link, startFeed, status } from './feed-client.ts'
import { MachinesPage } from './machines-page.tsx'
import { MapPage } from './map-page.tsx'
import { followRoute, route } from './open-page.ts'
import { PeerPage } from './peer-page.tsx'
import { PeersCard } from './peers-table.tsx'
import { startRateHistory } from './rate-history.ts'
import { startReplay } from './replay.ts'
import { ReplayBar } from './replay-bar.tsx'
import { ServicesCard } from './services.tsx'
import { isReplay, takeToken } from './token.ts'
import { paintDocument } from './tone.ts'
import { StandingBar, Strip, Top } from './top.tsx'
import { CarryingCard } from './traffic.tsx'

function Page() {
  return (
    <>
      <Top />
      <StandingBar />
      <ReplayBar />
      {status.value === null ? <main class="waiting">{link.value.type === 'locked' ? '' : 'Waiting for the node…'}</main> : <Main />}
    </>
  )
}

function Main() {
  switch (route.value.page) {
    case 'overview':
      return <Overview />
    case 'day':
      return <DayPage />
    case 'map':
      return <MapPage />
    case 'machines':
      return <MachinesPage />
    case 'peer':
      return <PeerPage peer={route.value.peer} />
  }
}

function Overview() {
  const shown = status.value
  if (!shown) return null
  return (
    <main class="page">
      <Strip />
      <div class="cards">
        <div class="column">
          <ReachCard status={shown} />
          <HealthCard health={shown.health} />
          <NewsCard />
        </div>
        <ServicesCard />
      </div>
      <Carrying />
      <PeersCard />
    </main>
  )
}

function Carrying() {
  return carried.value === null ? null : <CarryingCard clients={[...clients.value.values()]} carried={carried.value} />
}

// The node is asked before the page is drawn: both take their time.
followRoute()
takeToken()
if (isReplay()) void startReplay()
else {
  startFeed()
  followDay()
  followLongTable()
}
startRateHistory()
const page = document.getElementById('page')
if (page) {
  page.replaceChildren()
  render(<Page />, page)
}
paintDocument()
