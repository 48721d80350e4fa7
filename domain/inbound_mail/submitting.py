"""Making a partner's order of what was read in a mail, by itself or after somebody looked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.addresses import Locates
from domain.errors import DomainError, DomainErrors
from domain.inbound_mail import events
from domain.inbound_mail.events import tell
from domain.inbound_mail.models import EmailDoubt, EmailOrder, EmailOrderState
from domain.mail_reading.fields import document_of
from domain.partner_orders import exceptions
from domain.partner_orders.document import PartnerOrderDocument, json_path, parse
from domain.partner_orders.models import ExceptionKind, Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.submit import Located, prepare, submit
from tenants.actor import SYSTEM, Actor

BY_ITSELF = replace(SYSTEM, name="E-mail")
_WORDS = {
    "nl": "Een bestelling per mail wacht op controle ({why}).",
    "en": "An order by mail waits to be looked at ({why}).",
}


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that can be submitted: the document, and where its address is."""

    document: PartnerOrderDocument
    located: Located


async def ready(locator: Locates, values: Mapping[str, Any]) -> Ready:
    """Of values by JSON path; outside of any transaction. Raises: DomainError, DomainErrors."""
    document = parse(document_of(values))
    return Ready(document, await prepare(locator, document))


async def submitted(session: AsyncSession, row: EmailOrder, given: Ready, by: Actor) -> Receipt:
    """Submit a locked order. Raises: what `submit` does."""
    receipt = await submit(
        session,
        entity_id=row.entity_id,
        organization_id=row.organization_id,
        document=given.document,
        located=given.located,
        way=Way.EMAIL,
        source_id=row.id,
        by=by,
    )
    row.state, row.partner_order_id = EmailOrderState.SUBMITTED.value, receipt.id
    row.reference, row.faults = given.document.partner_order_id, []
    row.version += 1
    await session.flush()
    await exceptions.resolve_about(session, row.id, "submitted")
    automatic = by is BY_ITSELF
    happened = events.EmailOrderSubmitted(row.inbound_mail_id, receipt.id, automatic, len(row.corrected))
    await tell(session, row, happened)
    return receipt


async def refused(session: AsyncSession, row: EmailOrder, error: DomainError | DomainErrors) -> None:
    """What was read is no valid order: somebody has to look, and is told why."""
    row.faults = faults_of(error)
    row.asked = sorted({*row.asked, *(fault["path"] for fault in row.faults if fault["path"] in row.fields)})
    row.doubts = [*(each for each in row.doubts if each != EmailDoubt.REFUSED), EmailDoubt.REFUSED.value]
    row.version += 1
    await session.flush()
    await needs_review(session, row)


async def needs_review(session: AsyncSession, row: EmailOrder) -> None:
    """Tell that somebody has to look: an event, and an item of the queue of exceptions."""
    happened = events.EmailOrderNeedsReview(row.inbound_mail_id, row.position, list(row.doubts), list(row.asked))
    await tell(session, row, happened)
    why = ", ".join(row.doubts)
    await exceptions.open_(
        session,
        entity_id=row.entity_id,
        organization_id=row.organization_id,
        kind=ExceptionKind.REFUSED if EmailDoubt.REFUSED in row.doubts else ExceptionKind.LOW_CONFIDENCE,
        message={language: words.format(why=why) for language, words in _WORDS.items()},
        detail={"email_order_id": str(row.id), "asked": list(row.asked), "doubts": list(row.doubts)},
        source_id=row.id,
    )


def faults_of(error: DomainError | DomainErrors) -> list[dict[str, Any]]:
    return [
        {
            "code": each.code,
            "path": each.field[0] if each.field and str(each.field[0]).startswith("$") else json_path(each.field),
            "message": {"nl": each.message("nl"), "en": each.message("en")},
        }
        for each in error.errors[:50]
    ]


def values_of(row: EmailOrder) -> dict[str, Any]:
    """By JSON path what the order says: as read, else as corrected."""
    read = {path: found["value"] for path, found in row.fields.items()}
    return {path: value for path, value in {**read, **row.corrected}.items() if value is not None}
