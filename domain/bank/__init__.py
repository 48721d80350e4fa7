"""The bank: statements that come in and are matched, mandates, and files of collections and payouts that go out."""
