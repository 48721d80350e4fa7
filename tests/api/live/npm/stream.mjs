// npm graphql-sse, in distinct connections mode.
import { createClient } from 'graphql-sse'

const { url, token, query } = JSON.parse(process.argv.at(-1))
const client = createClient({ url, headers: { Authorization: `Bearer ${token}` }, retryAttempts: 0 })
client.subscribe(
  { query },
  {
    next: ({ data, errors }) => console.log(JSON.stringify({ update: Object.values(data ?? {})[0], errors })),
    error: (error) => console.log(JSON.stringify({ error: String(error) })),
    complete: () => console.log(JSON.stringify({ complete: true })),
  },
)
console.log(JSON.stringify({ connected: 'asked' }))
