// An EventSource as browsers have it: it can send no header of ours, and comes back by itself with Last-Event-ID.
import { EventSource } from 'eventsource'

const { url } = JSON.parse(process.argv.at(-1))
const source = new EventSource(url)
source.addEventListener('open', () => console.log(JSON.stringify({ connected: 'open' })))
source.addEventListener('error', (event) => console.log(JSON.stringify({ away: event.code ?? 0 })))
source.addEventListener('next', (event) => {
  const [update] = Object.values(JSON.parse(event.data).data)
  console.log(JSON.stringify({ update, id: event.lastEventId }))
})
