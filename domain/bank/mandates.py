"""Mandates: signed, used, lapsed after 36 months without a collection, revoked."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.bank.errors import MandateInForce
from domain.bank.events import MandateRevoked, MandateSigned
from domain.bank.order_models import (
    BankFile,
    BankFileLine,
    FileLineState,
    Mandate,
    MandateScheme,
    MandateState,
    MandateUse,
)
from domain.bank.sepa_text import sepa_id
from domain.contacts.models import Contact, ContactType
from domain.errors import AlreadyExists, InvalidInput, InvalidState, OutOfRange
from domain.events.record import record
from domain.ledger.posting import today
from domain.numbering.service import next_number
from domain.rows import actor_of, find
from domain.validation import iban as iban_of
from domain.validation import name, optional, text
from tenants.models import BusinessEntity

MONTHS_VALID = 36
"""EPC016-06, SEPA Direct Debit Core Rulebook, 4.1: without a collection in that time a mandate must be cancelled."""
LONGEST_REASON = 500
_USED = (FileLineState.PENDING.value, FileLineState.SETTLED.value, FileLineState.RETURNED.value)


class InvalidBic(InvalidInput):
    code = "INVALID_BIC"
    nl = "Geen geldige BIC."
    en = "Not a valid BIC."


class BusinessesOnly(InvalidInput):
    code = "MANDATE_FOR_BUSINESSES"
    nl = "Een B2B-machtiging is alleen voor organisaties."
    en = "A B2B mandate is for organizations only."


async def sign(
    session: AsyncSession,
    *,
    entity_id: UUID,
    contact_id: UUID,
    iban: str,
    account_holder: str,
    signed_on: date,
    scheme: MandateScheme = MandateScheme.CORE,
    use: MandateUse = MandateUse.RECURRENT,
    reference: str | None = None,
    bic: str | None = None,
) -> Mandate:
    """Register a mandate that a payer has signed. Raises: NotFound, InvalidIban, MandateInForce, AlreadyExists."""
    entity = await find(session, BusinessEntity, entity_id, field=("entity_id",))
    contact = await find(session, Contact, contact_id, lock=True, field=("contact_id",))
    if scheme is MandateScheme.B2B and contact.contact_type != ContactType.ORGANIZATION:
        raise BusinessesOnly(field=("scheme",))
    if use is MandateUse.RECURRENT:
        await _refuse_second(session, entity.id, contact.id, scheme)
    mandate = Mandate(
        entity_id=entity.id,
        contact_id=contact.id,
        reference=await _reference(session, entity.id, reference),
        scheme=scheme.value,
        use=use.value,
        state=MandateState.ACTIVE.value,
        iban=iban_of(iban, "iban"),
        bic=_bic(bic),
        account_holder=name(account_holder, "account_holder", maximum=70),
        signed_on=_signed(signed_on),
        registered_by=actor_of(session).user_id,
    )
    session.add(mandate)
    await session.flush()
    happened = MandateSigned(mandate.reference, mandate.scheme)
    await record(session, happened, entity_id=entity.id, subject_id=mandate.id)
    return mandate


async def revoke(session: AsyncSession, mandate_id: UUID, reason: str) -> Mandate:
    """Collect no more by a mandate; what is in a file already stays there. Raises: NotFound, InvalidState."""
    why = text(reason, "reason", maximum=LONGEST_REASON)
    mandate = await find(session, Mandate, mandate_id, lock=True)
    if mandate.state != MandateState.ACTIVE:
        raise InvalidState(current=mandate.state, wanted=MandateState.REVOKED, field=("id",))
    mandate.state, mandate.revoked_at, mandate.revoke_reason = MandateState.REVOKED.value, datetime.now(UTC), why
    await record(session, MandateRevoked(mandate.reference), entity_id=mandate.entity_id, subject_id=mandate.id)
    return mandate


async def _refuse_second(session: AsyncSession, entity_id: UUID, contact_id: UUID, scheme: MandateScheme) -> None:
    """The contact is locked: nobody else signs for it at this moment."""
    query = select(Mandate).where(Mandate.entity_id == entity_id, Mandate.contact_id == contact_id)
    query = query.where(Mandate.scheme == scheme.value, Mandate.use == MandateUse.RECURRENT.value)
    found = (await session.execute(query.where(Mandate.state == MandateState.ACTIVE.value))).scalar_one_or_none()
    if found is not None:
        raise MandateInForce(reference=found.reference, field=("contact_id",))


async def _reference(session: AsyncSession, entity_id: UUID, given: str | None) -> str:
    wanted = optional(name, given, "reference")
    if wanted is None:
        return await next_number(session, entity_id, "mandate", infix="M")
    reference = sepa_id(wanted)
    if reference != wanted:
        raise InvalidInput(field=("reference",))
    taken = select(Mandate.id).where(Mandate.entity_id == entity_id, Mandate.reference == reference)
    if (await session.execute(taken)).first() is not None:
        raise AlreadyExists(field=("reference",))
    return reference


def _bic(given: str | None) -> str | None:
    from stdnum import bic  # knows the countries

    if given is None or not given.strip():
        return None
    if len(given) > 20 or not bic.is_valid(given):
        raise InvalidBic(field=("bic",))
    return str(bic.compact(given))


def _signed(day: date) -> date:
    if not months_after(today(), -MONTHS_VALID) < day <= today():
        first = months_after(today(), -MONTHS_VALID).isoformat()
        raise OutOfRange(minimum=first, maximum=today().isoformat(), field=("signed_on",))
    return day


# --- using ----------------------------------------------------------------------------------------------------------


def months_after(day: date, months: int) -> date:
    """So many months later, or earlier; the last day of the month where it has no such day."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, last))


def lapses_on(signed_on: date, last_collected_on: date | None) -> date:
    """The first day on which a mandate holds no more."""
    return months_after(last_collected_on or signed_on, MONTHS_VALID)


def usable(mandate: Mandate, on: date) -> bool:
    """Whether a collection may be asked by it for a day."""
    if mandate.state != MandateState.ACTIVE or mandate.signed_on > on:
        return False
    if mandate.use == MandateUse.ONE_OFF and mandate.last_collected_on is not None:
        return False
    return on < lapses_on(mandate.signed_on, mandate.last_collected_on)


def sequence_type(mandate: Mandate, *, used: bool) -> str:
    """`OOFF`, `FRST` for the first collection of a recurrent mandate, `RCUR` after it."""
    if mandate.use == MandateUse.ONE_OFF:
        return "OOFF"
    return "RCUR" if used else "FRST"


async def in_force(
    session: AsyncSession, entity_id: UUID, contact_ids: Iterable[UUID], scheme: MandateScheme, on: date
) -> Mapping[UUID, Mandate]:
    """The mandate of each payer that may be used for a day, locked."""
    query = select(Mandate).where(Mandate.entity_id == entity_id, Mandate.contact_id.in_(list(contact_ids)))
    query = query.where(Mandate.scheme == scheme.value, Mandate.state == MandateState.ACTIVE.value)
    query = query.order_by(Mandate.id).with_for_update().execution_options(populate_existing=True)
    found: dict[UUID, Mandate] = {}
    for mandate in await session.scalars(query):
        if usable(mandate, on):
            found.setdefault(mandate.contact_id, mandate)
    return found


async def restate_use(session: AsyncSession, ids: Iterable[UUID]) -> None:
    """Bring the last day of use in line with the files, after one was made or cancelled."""
    await session.flush()
    for mandate_id in set(ids):
        mandate = await find(session, Mandate, mandate_id, lock=True)
        last = select(func.max(BankFile.executes_on)).join(BankFileLine, BankFileLine.file_id == BankFile.id)
        last = last.where(BankFileLine.mandate_id == mandate_id, BankFileLine.state.in_(_USED))
        mandate.last_collected_on = (await session.execute(last)).scalar()


async def used(session: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    """Those by which something was collected, or is about to be."""
    query = select(BankFileLine.mandate_id).where(BankFileLine.mandate_id.in_(list(ids)))
    return {id for id in await session.scalars(query.where(BankFileLine.state.in_(_USED)).distinct()) if id}
