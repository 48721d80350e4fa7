"""What happens to quotes. Payloads hold no line and no amount: every party to the quote may read them."""

from dataclasses import dataclass

from domain.events.record import Payload


@dataclass(frozen=True)
class _QuoteEvent(Payload):
    subject_type = "Quote"


@dataclass(frozen=True)
class QuoteCreated(_QuoteEvent):
    """A quote exists as a draft."""

    type = "quote.created"
    internal = True
    number: str
    lead_id: str | None


@dataclass(frozen=True)
class QuoteRevised(_QuoteEvent):
    """A new version is being prepared, or a draft was replaced; parties still see the version in force."""

    type = "quote.revised"
    internal = True
    number: str
    quote_version: int
    reason: str


@dataclass(frozen=True)
class QuoteSent(_QuoteEvent):
    """A version is in force: it is sealed, and parties see it and may sign it."""

    type = "quote.sent"
    number: str
    quote_version: int
    document_hash: str
    expires_at: str
    pending: list[str]


@dataclass(frozen=True)
class QuoteWithdrawn(_QuoteEvent):
    """We withdrew the quote."""

    type = "quote.withdrawn"
    number: str
    reason: str


@dataclass(frozen=True)
class DraftWithdrawn(_QuoteEvent):
    """A quote that was never sent was withdrawn."""

    type = "quote.draft_withdrawn"
    internal = True
    number: str
    reason: str


@dataclass(frozen=True)
class QuoteExpired(_QuoteEvent):
    """Nobody signed in time."""

    type = "quote.expired"
    number: str
    quote_version: int
