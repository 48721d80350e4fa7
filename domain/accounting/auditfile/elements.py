"""XML as text, written as it comes."""

import re
from datetime import date
from uuid import UUID
from xml.sax.saxutils import escape

from domain.accounting.bookings import euros

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""

Value = str | int | date | UUID | None


def element(name: str, value: Value, longest: int = 999) -> str:
    """An element with a text, cut to what it may hold; nothing where there is none."""
    if value is None or value == "":
        return ""
    if isinstance(value, UUID):
        value = value.hex
    said = value.isoformat() if isinstance(value, date) else str(value)
    return f"<{name}>{escape(_NO_XML.sub('', said)[:longest])}</{name}>"


def amount(name: str, cents: int) -> str:
    return f"<{name}>{euros(cents)}</{name}>"


def sided(cents: int, name: str = "amnt") -> str:
    """An amount without sign and its side, positive is debit: `<amnt>1.00</amnt><amntTp>D</amntTp>`."""
    return f"{amount(name, abs(cents))}<{name}Tp>{'D' if cents >= 0 else 'C'}</{name}Tp>"


def within(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"
