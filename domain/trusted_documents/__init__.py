"""The GraphQL documents that a client may send."""
