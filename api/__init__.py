"""What the outside sees: GraphQL, one file per area. No business rule and no SQL of its own."""
