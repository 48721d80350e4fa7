"""The append-only log of everything that happened: timeline, audit trail, outbox."""
