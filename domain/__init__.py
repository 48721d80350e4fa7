"""The business: one package per area. Knows no GraphQL, no HTTP server and no job queue."""
