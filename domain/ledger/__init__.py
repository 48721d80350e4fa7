"""The books: double entry per legal entity and currency, append-only, in periods that close."""
