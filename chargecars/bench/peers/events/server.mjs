// graphql-ws over ws, without compression: each line on standard input is an update, handed to every subscriber.
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

const schema = buildSchema(`
  type Query { ready: Boolean }
  scalar JSON
  type Event { type: String! payload: JSON! }
  type Order { id: ID! number: String! stage: String! progress: Int! }
  type OrderUpdate { cursor: String! event: Event! order: Order! }
  type Subscription { orderUpdated(id: ID): OrderUpdate! }
`)

const subscribers = new Set()

// An async iterator over what comes in, as a subscription's source has to be one.
function updates() {
  const waiting = []
  let wake = null
  const take = (update) => {
    if (wake) {
      wake({ value: update, done: false })
      wake = null
    } else waiting.push(update)
  }
  subscribers.add(take)
  return {
    next: () =>
      waiting.length
        ? Promise.resolve({ value: waiting.shift(), done: false })
        : new Promise((resolve) => (wake = resolve)),
    return: () => {
      subscribers.delete(take)
      return Promise.resolve({ value: undefined, done: true })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

schema.getSubscriptionType().getFields().orderUpdated.subscribe = updates

const http = createServer((request, response) => response.end('ready'))
useServer({ schema }, new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false }))
createInterface({ input: process.stdin }).on('line', (line) => {
  const update = { orderUpdated: JSON.parse(line) }
  for (const take of subscribers) take(update)
})
http.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 2048 })
