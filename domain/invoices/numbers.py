"""Invoice numbers without gaps, per entity and year, and the payment references made of them."""

from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from stdnum.iso7064 import mod_97_10

from domain.invoices.models import InvoiceKind
from domain.numbering.models import Counter

_SERIES = {
    InvoiceKind.INVOICE: ("invoice", ""),
    InvoiceKind.CREDIT_NOTE: ("invoice", ""),
    InvoiceKind.SELF_BILLING: ("self_billing", "SB"),
    InvoiceKind.SELF_BILLING_CREDIT: ("self_billing", "SB"),
}
"""Invoices and their credit notes are one series; documents in a partner's name are another."""
LONGEST_BODY = 21
"""Of a creditor reference, behind its check digits."""


async def draw(
    session: AsyncSession, entity_id: UUID, prefix: str, kind: InvoiceKind, year: int, many: int
) -> list[str]:
    """The next numbers of a series; its counter stays locked until the transaction ends, which gives them back."""
    series, infix = _SERIES[kind]
    drawn = insert(Counter).values(entity_id=entity_id, kind=series, year=year, last=many)
    drawn = drawn.on_conflict_do_update(
        index_elements=["entity_id", "kind", "year"], set_={"last": Counter.last + many}
    )
    last: int = (await session.execute(drawn.returning(Counter.last))).scalar_one()
    return [number_of(prefix, infix, year, number) for number in range(last - many + 1, last + 1)]


def number_of(prefix: str, infix: str, year: int, number: int) -> str:
    """`CC-2026-00123`, with an infix `CC-SB-2026-00123`."""
    return "-".join(part for part in (prefix, infix, str(year), f"{number:05d}") if part)


def payment_reference(number: str) -> str:
    """The creditor reference of ISO 11649 for an invoice number: `RF` and two check digits in front of it."""
    body = "".join(character for character in number.upper() if character.isalnum() and character.isascii())
    kept = body[-LONGEST_BODY:]
    return f"RF{mod_97_10.calc_check_digits(f'{kept}RF')}{kept}"


def clamped(day: date, year: int) -> date:
    """The day, or the last one of the year whose number was drawn: midnight passes while one waits for a counter."""
    return min(day, date(year, 12, 31))
