"""The pieces a mail is read as. Places are offsets of characters in the text of their part."""

from dataclasses import dataclass, field
from enum import StrEnum


class PartKind(StrEnum):
    TEXT = "TEXT"
    HTML = "HTML"
    PDF = "PDF"


class RegionKind(StrEnum):
    BODY = "BODY"
    """What the sender wrote."""
    FORWARDED = "FORWARDED"
    """What somebody else wrote and the sender passes on."""
    QUOTED = "QUOTED"
    """What was said before, kept below an answer."""
    SIGNATURE = "SIGNATURE"
    """From the closing words on: who writes, and what lawyers add."""
    HEADER = "HEADER"
    """Lines that say who wrote the passage below."""


@dataclass(frozen=True, slots=True)
class Region:
    kind: RegionKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """`tables` are those that the format itself marks; `regions` cover the text without gaps."""

    kind: PartKind
    text: str
    tables: tuple[Table, ...] = ()
    name: str | None = None
    """Of the file it was attached as."""
    forwarded: bool = False
    """Whether it is of a mail that was attached to this one."""
    regions: tuple[Region, ...] = field(default=())


class ProblemCode(StrEnum):
    """What of a mail could not be read."""

    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_PARTS = "TOO_MANY_PARTS"
    TOO_MUCH_TEXT = "TOO_MUCH_TEXT"
    MALFORMED = "MALFORMED"
    UNREADABLE_PDF = "UNREADABLE_PDF"
    ENCRYPTED_PDF = "ENCRYPTED_PDF"
    PDF_WITHOUT_TEXT = "PDF_WITHOUT_TEXT"
    UNREAD_ATTACHMENT = "UNREAD_ATTACHMENT"


@dataclass(frozen=True, slots=True)
class Problem:
    code: ProblemCode
    detail: str = ""
