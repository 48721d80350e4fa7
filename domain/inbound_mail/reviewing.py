"""Looking at what was read in a mail: what is in doubt is confirmed or corrected field by field, and learned from.

`session` is the platform's; what the actor may do is checked as the actor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.addresses import Locates
from domain.errors import (
    DomainError,
    DomainErrors,
    Duplicate,
    Faults,
    InvalidInput,
    InvalidState,
    Required,
    Stale,
    TooMany,
)
from domain.inbound_mail import answering, events, receiving
from domain.inbound_mail.errors import MailErased, MustBeLookedAt, NotAField
from domain.inbound_mail.events import tell
from domain.inbound_mail.models import EmailOrder, EmailOrderState, InboundMail, InboundMailState
from domain.inbound_mail.submitting import Ready, ready, submitted, values_of
from domain.jobs.service import enqueue
from domain.mail_reading.fields import PRODUCTS, is_path, product_field
from domain.partner_orders import exceptions
from domain.partner_orders.document import json_path
from domain.rows import find
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.auth import clock

LEARN = "inbound_mail.learn"
MOST_FIELDS = 250
LONGEST_VALUE = 4_000
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody says that a field is; None: it is not of the order."""

    path: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Looked:
    """An order as it is after somebody looked, before it is submitted."""

    values: Mapping[str, Any]
    corrected: Mapping[str, Any]


async def looked_at(
    session: AsyncSession, actor: Actor, id: UUID, given: Sequence[Correction], version: int | None
) -> Looked:
    """Check that every field in doubt was looked at. Raises: NotFound, InvalidState, Stale, DomainErrors."""
    row = await _in_review(session, actor, id, version)
    corrected = _corrections(given)
    values = {path: value for path, value in {**values_of(row), **corrected}.items() if value is not None}
    with Faults() as faults:
        for path in row.asked:
            if path not in corrected and not _is_settled(path, row, corrected, values):
                faults.add(_unanswered(row, path))
    return Looked(values, corrected)


async def prepared(locator: Locates, looked: Looked) -> Ready:
    """The order, checked and located, outside of any transaction. Raises: DomainErrors, each at its path."""
    try:
        return await ready(locator, looked.values)
    except (DomainError, DomainErrors) as refused:
        raise _placed(refused) from None


async def review(
    session: AsyncSession, actor: Actor, id: UUID, looked: Looked, given: Ready, version: int | None
) -> EmailOrder:
    """Submit an order as it was looked at, on behalf of who looked, and learn from what was corrected."""
    row = await _in_review(session, actor, id, version)
    row.corrected = {**row.corrected, **looked.corrected}
    row.reviewed_by, row.reviewed_at = actor.user_id, clock.now()
    try:
        receipt = await submitted(session, row, given, actor)
    except (DomainError, DomainErrors) as refused:
        raise _placed(refused) from None
    await answering.after_review(session, row, receipt)
    await enqueue(session, LEARN, {"email_order_id": id}, entity_id=row.entity_id, key=str(id), queue=receiving.QUEUE)
    return row


async def reject(
    session: AsyncSession, actor: Actor, id: UUID, reason: str, *, tell_partner: bool, version: int | None
) -> EmailOrder:
    """It is no order, or none that can be processed. `reopen` undoes it."""
    row = await _in_review(session, actor, id, version)
    said = validation.text(reason, "reason", maximum=LONGEST_REASON)
    row.state, row.reason = EmailOrderState.REJECTED.value, said
    row.reviewed_by, row.reviewed_at = actor.user_id, clock.now()
    row.version += 1
    await session.flush()
    await exceptions.resolve_about(session, row.id, f"rejected: {said}"[:500])
    await tell(session, row, events.EmailOrderRejected(row.inbound_mail_id))
    if tell_partner:
        await answering.after_review(session, row, None)
    return row


async def reopen(session: AsyncSession, actor: Actor, id: UUID) -> EmailOrder:
    """Have a rejected order looked at again; one that waits already stays as it is."""
    row = await mine(session, actor, id)
    if row.state == EmailOrderState.REVIEW:
        return row
    if row.state != EmailOrderState.REJECTED:
        raise InvalidState(current=row.state, wanted="reopenEmailOrder", field=("id",))
    row.state, row.reason, row.reviewed_by, row.reviewed_at = EmailOrderState.REVIEW.value, "", None, None
    row.version += 1
    await session.flush()
    await tell(session, row, events.EmailOrderReopened(row.inbound_mail_id))
    return row


async def read_again(session: AsyncSession, actor: Actor, id: UUID) -> InboundMail:
    """Read a mail that was ignored or could not be read; one that waits already stays as it is."""
    async with acting_as(session, actor):
        await find(session, InboundMail, id)
    mail = await find(session, InboundMail, id, lock=True)
    if mail.state == InboundMailState.RECEIVED:
        return mail
    if mail.state == InboundMailState.READ:
        raise InvalidState(current=mail.state, wanted="readInboundMail", field=("id",))
    if mail.raw is None:
        raise MailErased(field=("id",))
    mail.state, mail.ignored = InboundMailState.RECEIVED.value, None
    await session.flush()
    await tell(session, mail, events.InboundMailReopened())
    await receiving.ask_to_read(session, mail)
    return mail


async def mine(session: AsyncSession, actor: Actor, id: UUID) -> EmailOrder:
    """The order, locked, where the actor sees it. Raises: NotFound."""
    async with acting_as(session, actor):
        await find(session, EmailOrder, id)
    return await find(session, EmailOrder, id, lock=True)


async def _in_review(session: AsyncSession, actor: Actor, id: UUID, version: int | None) -> EmailOrder:
    row = await mine(session, actor, id)
    if row.state != EmailOrderState.REVIEW:
        raise InvalidState(current=row.state, wanted="reviewEmailOrder", field=("id",))
    if version is not None and version != row.version:
        raise Stale(field=("version",))
    return row


def _corrections(given: Sequence[Correction]) -> dict[str, Any]:
    if len(given) > MOST_FIELDS:
        raise TooMany(maximum=MOST_FIELDS, field=("fields",))
    corrected: dict[str, Any] = {}
    with Faults() as faults:
        for index, each in enumerate(given):
            if not is_path(each.path):
                faults.add(NotAField(path=each.path[:100], field=("fields", index, "path")))
            elif each.path in corrected:
                faults.add(Duplicate(field=("fields", index, "path")))
            else:
                corrected[each.path] = faults.take(_value, each, "fields", index, "value")
    return corrected


def _value(given: Correction) -> str | int | None:
    """Numbers of pieces as numbers; empty is none."""
    if given.value is None or not given.value.strip():
        return None
    text = validation.text(given.value.strip(), maximum=LONGEST_VALUE)
    is_quantity = given.path.endswith(".quantity")
    return int(text) if is_quantity and text.isascii() and text.isdigit() and len(text) < 10 else text


def _is_settled(path: str, row: EmailOrder, corrected: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """A missing list of products is there once one product is; a field of a product that was taken out is gone."""
    if path == PRODUCTS:
        return any(product_field(each) for each in values)
    product = product_field(path)
    if product is None:
        return False
    line = [each for each in row.fields if (of := product_field(each)) and of[0] == product[0]]
    others = [each for each in line if each != path]
    return bool(others) and all(each in corrected and corrected[each] is None for each in others)


def _unanswered(row: EmailOrder, path: str) -> InvalidInput:
    found = row.fields.get(path)
    if found is None:
        return Required(field=("fields", path))
    return MustBeLookedAt(value=str(found["value"])[:100], field=("fields", path))


def _placed(refused: DomainError | DomainErrors) -> DomainErrors:
    """Faults of the document, at the JSON path in the mutation's `fields`."""
    errors = []
    for error in refused.errors:
        path = str(error.field[0]) if error.field and str(error.field[0]).startswith("$") else json_path(error.field)
        error.field = ("fields", path)
        errors.append(error)
    return DomainErrors(errors)
