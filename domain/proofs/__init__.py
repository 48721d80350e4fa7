"""Evidence: canonical JSON, Merkle trees over salted lines, and chained records under the server's Ed25519 key."""
