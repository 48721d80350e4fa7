"""A shop whose bank sends statements."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from stdnum.iso7064 import mod_97_10

from domain.bank.importing import Imported, import_file
from domain.bank.models import BankMatch, BankTransaction, MatchProposal, ProposalState
from domain.bank.order_models import BankFile, BankFileLine
from domain.contacts.models import Contact
from domain.ledger.models import AccountRole
from tenants.actor import SYSTEM
from tests.camt import Sheet, file
from tests.paying import Shop


def creditor(number: str) -> str:
    """The ISO 11649 reference of a number."""
    plain = number.replace("-", "")
    return f"RF{mod_97_10.calc_check_digits(plain + 'RF')}{plain}"


async def numbered(s: Shop, number: int, cents: int, payer: Contact | None = None, **values: Any) -> UUID:
    """An invoice with a number and a payment reference as they are issued."""
    written = f"{s.entity.code}-2026-{number:05d}"
    return await s.invoice(cents, payer, number=written, payment_reference=creditor(written), **values)


async def import_(s: Shop, *sheets: Sheet, version: str = "08") -> list[Imported]:
    async with s.database.session(s.actors["finance"]) as session:
        return await import_file(session, s.entity.id, file(*sheets, version=version))


async def transactions(s: Shop) -> list[BankTransaction]:
    """Of all statements, in order of booking."""
    async with s.database.session(SYSTEM) as session:
        query = select(BankTransaction).where(BankTransaction.entity_id == s.entity.id)
        return list(await session.scalars(query.order_by(BankTransaction.id)))


async def matches(s: Shop, transaction_id: UUID) -> list[BankMatch]:
    """What holds for a transaction now."""
    async with s.database.session(SYSTEM) as session:
        query = select(BankMatch).where(BankMatch.transaction_id == transaction_id, BankMatch.undone_at.is_(None))
        return list(await session.scalars(query.order_by(BankMatch.id)))


async def proposals(s: Shop, transaction_id: UUID) -> list[MatchProposal]:
    """What waits for somebody to say so, the likeliest first."""
    async with s.database.session(SYSTEM) as session:
        query = select(MatchProposal).where(MatchProposal.transaction_id == transaction_id)
        query = query.where(MatchProposal.state == ProposalState.OPEN.value)
        return list(await session.scalars(query.order_by(MatchProposal.score.desc(), MatchProposal.id)))


async def require_bank_agrees(s: Shop, cents: int, suspense: int = 0) -> None:
    """BANK is what moved on the account, SUSPENSE what is not matched, and the books hold."""
    assert await s.booked(AccountRole.BANK) == cents
    assert await s.booked(AccountRole.SUSPENSE) == -suspense
    await s.require_sound_books()


async def lines_of_file(s: Shop, number: str) -> list[BankFileLine]:
    """The lines of a file, in order."""
    async with s.database.session(SYSTEM) as session:
        query = select(BankFileLine).join(BankFile, BankFile.id == BankFileLine.file_id)
        query = query.where(BankFile.entity_id == s.entity.id, BankFile.number == number)
        return list(await session.scalars(query.order_by(BankFileLine.position)))
