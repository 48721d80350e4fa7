// A portal's client: npm graphql-ws, which connects again by itself and resumes from the last cursor it has seen.
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const { url, token, query } = JSON.parse(process.argv.at(-1))
const payload = { query, variables: { after: null } }
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: () => ({ Authorization: `Bearer ${token}` }),
  retryAttempts: 50,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
  shouldRetry: () => true,
  on: {
    connected: (socket, acknowledged, again) => {
      payload.variables.after ??= acknowledged.cursor
      console.log(JSON.stringify({ connected: again ? 'again' : 'first' }))
    },
  },
})
client.subscribe(payload, {
  next: ({ data, errors }) => {
    const [update] = Object.values(data ?? {})
    if (update) payload.variables.after = update.cursor
    console.log(JSON.stringify({ update, errors }))
  },
  error: (error) => console.log(JSON.stringify({ error: String(error?.reason ?? error) })),
  complete: () => console.log(JSON.stringify({ complete: true })),
})
