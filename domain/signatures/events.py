"""What parties do. Payloads name the party's role and nothing of its lines: all parties may read them."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _PartyActed(Payload):
    subject_type = "Quote"
    number: str
    quote_version: int
    party: str
    pending: list[str]


@dataclass(frozen=True)
class QuoteSigned(_PartyActed):
    """A party signed its lines."""

    type = "quote.signed"


@dataclass(frozen=True)
class QuoteAcknowledged(_PartyActed):
    """A party that pays nothing took note."""

    type = "quote.acknowledged"


@dataclass(frozen=True)
class QuoteDeclined(_PartyActed):
    """A party declined; its reason is with its signature."""

    type = "quote.declined"
