"""HTTP beside GraphQL: each module lists its `ROUTES`."""
