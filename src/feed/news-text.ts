import { NO_ANSWER_YET } from '../domain/seed-fault.ts'
import type { News } from './news.ts'
import { proxyTitle } from './proxy-title.ts'

/** One entry as one line for people, without its time. */
export function newsText(news: News): string {
  switch (news.type) {
    case 'state.entered':
      return `${news.machine}${news.instance === '' ? '' : ` ${news.instance}`}: ${news.from === '' ? 'started as' : `${news.from} →`} ${news.state} (${news.event})`
    case 'node.listening':
      return news.address === null ? 'Nothing is opened to the outside.' : `Listening at ${news.address}.`
    case 'node.reachability':
      return news.verdict === 'unknown'
        ? 'Whether others can reach this node is not known.'
        : `Others reach this node ${news.verdict === 'public' ? 'directly' : 'through its TURN'} at ${news.address ?? 'an unknown address'}${news.by === null ? '' : `, proven by ${shortId(news.by)}`}.`
    case 'node.stopped':
      return 'The node has stopped.'
    case 'seed.failed':
      return news.why === NO_ANSWER_YET
        ? `Joining through ${news.address}: no answer yet.`
        : `Joining through ${news.address} failed: ${news.why}; it is tried again.`
    case 'peer.added':
      return `${named(news)} joined the table.`
    case 'peer.changed':
      return `${named(news)} changed.`
    case 'peer.suspected':
      return `${named(news)} is suspected: ${news.why}.`
    case 'peer.cleared':
      return `${named(news)} answers again.`
    case 'peer.reachedByOthers':
      return `${named(news)} is reached by ${news.by.split(' ').map(shortId).join(' and ')}, not from here.`
    case 'peer.removed':
      return `${named(news)} was removed: ${news.why}.`
    case 'peer.measured':
      return `${shortId(news.peer)} answered in ${news.rttMs.toFixed(2)} ms.`
    case 'speed.measured':
      return `${shortId(news.peer)}: ${news.downMbps.toFixed(1)} Mbit/s down, ${news.upMbps.toFixed(1)} Mbit/s up.`
    case 'speed.refused':
      return `${shortId(news.peer)} refused a speed test: ${news.why}.`
    case 'turn.chosen':
      return `TURN: ${named(news)}, ${news.reason}.`
    case 'turn.lost':
      return `The TURN ${news.name} was lost: ${news.why}.`
    case 'turn.broke':
      return `The tunnel through ${news.name} broke off: ${news.why}; logging in there again.`
    case 'turn.unfit':
      return `The TURN ${news.name} can't be used: ${news.why}.`
    case 'turn.draining':
      return `This TURN takes no more clients; ${news.clients === 1 ? 'one is' : `${news.clients} are`} told to go elsewhere.`
    case 'service.up':
      return `Service ${news.service} is up at ${news.public}.`
    case 'service.down':
      return `Service ${news.service} is down: ${news.why}.`
    case 'client.arrived':
      return `Carrying for ${clientAt(news)} now (${news.member ? `node ${shortId(news.member)}, ` : ''}frp ${news.version}).`
    case 'client.left':
      return `No longer carrying for ${clientAt(news)}: ${news.why}.`
    case 'client.refused':
      return `A client from ${news.remote} was refused: ${news.why}.`
    case 'proxy.opened':
      return `Port ${news.port} is open for ${proxyTitle(news.proxy)} of ${clientAt(news)}.`
    case 'proxy.refused':
      return `${proxyTitle(news.proxy)} of ${clientAt(news)} was refused: ${news.why}.`
    case 'proxy.closed':
      return `Port ${news.port} is closed again; ${proxyTitle(news.proxy)} of ${clientAt(news)} had it.`
    case 'warned':
      return `${news.text}. ${news.fix}`
  }
}

const named = ({ name, address }: { readonly name: string; readonly address: string }): string => `${name} (${address})`

/** A client by where it is, since the id of its session says nothing to anybody; that it is a node of the table is told as it arrives. */
const clientAt = ({ client, remote }: { readonly client: string; readonly remote: string }): string => `${remote} (${shortId(client)})`

/** An id by its first eight characters; anything else, such as an address, whole. */
export const shortId = (id: string): string => (/^[0-9a-f]{16,}$/.test(id) ? id.slice(0, 8) : id)
