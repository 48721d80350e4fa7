"""Moments as the protocol writes them."""

from datetime import UTC, datetime


def read(text: str) -> datetime | None:
    """A moment of ISO 8601, in UTC where it names no zone; None for what is none."""
    if len(text) < 16 or text[10] not in "Tt ":
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def written(moment: datetime) -> str:
    """As chargers understand it: milliseconds and Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
