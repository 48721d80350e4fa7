"""Messages to mapped webhooks: kept byte for byte before anything is done with them, then read and submitted.

async with database.session(SYSTEM) as session:
    message = await keep(session, hook, arrived)        # committed first: what was accepted is never lost
outcome = await process(database, locator, message.id)  # any number of times; an order exists once
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.agreements.partner_terms import terms_for
from domain.contacts.addresses import Locates
from domain.errors import DomainError, DomainErrors, Unavailable
from domain.partner_orders import exceptions
from domain.partner_orders.document import PartnerOrderDocument, json_path, parse
from domain.partner_orders.models import ExceptionKind, ExceptionState, PartnerOrderException, Way
from domain.partner_orders.receipt import Receipt
from domain.partner_orders.submit import prepare, submit
from domain.rows import find
from domain.validation import text as checked_text
from domain.ways_in import mapping as mappings
from domain.ways_in.errors import MessageForgotten, MessageUnreadable
from domain.ways_in.models import InboundMessage, MappedWebhook, MessageState
from tenants.acting import acting_as
from tenants.actor import SYSTEM, Actor, actor
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role

MOST_BYTES = 262_144
LONGEST_REASON = 500
KEPT = timedelta(days=90)
"""How long messages are kept as they came where no agreement says otherwise."""
FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000
_LEFT_BEHIND = timedelta(minutes=1)
_SWEPT = 200
_MOST_ATTEMPTS = 5
_KEPT_HEADERS = ("content-type", "content-encoding", "user-agent", "x-request-id", "webhook-id", "idempotency-key")
_MOST_FAULTS = 50


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it came; `headers` have names in lower case."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()[:100]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a message: a receipt where it is an order, else why not."""

    message_id: UUID
    state: MessageState
    receipt: Receipt | None = None
    faults: tuple[DomainError, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A message with the mapping that reads it, taken out of the database."""

    id: UUID
    state: MessageState
    entity_id: UUID
    organization_id: UUID
    mapping: Any
    version: int
    content_type: str
    body: bytes
    name: str

    @property
    def by(self) -> Actor:
        """The partner's own system, with what a user of the partner may do."""
        made = actor(Role.PARTNER_USER, self.entity_id, organization_id=self.organization_id)
        return replace(made, name=f"Webhook {self.name}")


async def keep(session: AsyncSession, hook: MappedWebhook, arrived: Arrived) -> Kept:
    """Keep a message of a proven sender. For the system; commit before it is answered."""
    message = InboundMessage(
        entity_id=hook.entity_id,
        organization_id=hook.organization_id,
        mapped_webhook_id=hook.id,
        content_type=arrived.content_type,
        headers={name: arrived.headers[name][:400] for name in _KEPT_HEADERS if name in arrived.headers},
        body=arrived.body,
        is_text=_is_text(arrived.body),
        body_sha256=hashlib.sha256(arrived.body).hexdigest(),
        size=len(arrived.body),
    )
    session.add(message)
    await session.flush()
    return _kept(message, hook)


def _is_text(body: bytes) -> bool:
    try:
        return "\0" not in body.decode()
    except UnicodeDecodeError:
        return False


async def refuse(session: AsyncSession, hook: MappedWebhook, code: str) -> None:
    """Count a request that did not prove who sent it, so that the partner can see that there were some.

    A flood of them counts what it can without waiting for one another.
    """
    mine = select(MappedWebhook.id).where(MappedWebhook.id == hook.id).with_for_update(skip_locked=True)
    if (await session.execute(mine)).first() is None:
        return
    counted = {"refused": MappedWebhook.refused + 1, "last_refused_at": clock.now(), "last_refused_code": code}
    await session.execute(update(MappedWebhook).where(MappedWebhook.id == hook.id).values(**counted))


async def again(database: Database, locator: Locates, id: UUID) -> Outcome:
    """Read a message that was kept earlier. Raises: NotFound, MessageForgotten."""
    async with database.session(SYSTEM) as session:
        message = await find(session, InboundMessage, id)
        kept = _kept(message, await find(session, MappedWebhook, message.mapped_webhook_id))
    return await process(database, locator, kept)


async def give_up(database: Database, id: UUID) -> None:
    """Count a reading that ended with a fault of ours; after some it waits in the queue for somebody."""
    async with database.session(SYSTEM) as session:
        row = await find(session, InboundMessage, id, lock=True)
        row.attempts += 1
        if row.attempts < _MOST_ATTEMPTS or row.state != MessageState.RECEIVED:
            return
        row.state, row.faults, row.finished_at = MessageState.FAILED.value, [told(Unavailable())], clock.now()
        await session.flush()
        await _open(session, row, ExceptionKind.REFUSED, (Unavailable(),))


async def process(database: Database, locator: Locates, message: Kept, *, began: datetime | None = None) -> Outcome:
    """Read a kept message by the mapping as it is now, and submit the order; one that is an order already is not read.

    What is wrong with the message is in the outcome and in the exception queue.
    """
    if message.state is MessageState.SUBMITTED:
        return Outcome(message.id, message.state)
    try:
        document = read(message.mapping, message.content_type, message.body)
    except (DomainError, DomainErrors) as refused:
        return await _failed(database, message, ExceptionKind.MAPPING_FAILED, refused.errors)
    located = await prepare(locator, document)
    try:
        async with database.session(SYSTEM) as session:
            return await _submit(session, message, document, located, began)
    except (DomainError, DomainErrors) as refused:
        number = document.partner_order_id
        return await _failed(database, message, ExceptionKind.REFUSED, refused.errors, number=number)


def read(mapping: Any, content_type: str, body: bytes) -> PartnerOrderDocument:
    """The document in a message. Raises DomainError or DomainErrors: every fault, under the document's paths."""
    applied = mappings.apply(mappings.checked(mapping), decoded(content_type, body))
    found: list[DomainError] = list(applied.faults)
    try:
        document = parse(applied.document)
    except (DomainError, DomainErrors) as refused:
        known = {each.field for each in found}
        found += [each for each in refused.errors if each.field not in known]
    if found:
        raise DomainErrors(found[:_MOST_FAULTS])
    return document


def decoded(content_type: str, body: bytes) -> Any:
    """JSON, or the fields of a form, a repeated one as a list. Raises: MessageUnreadable."""
    try:
        if content_type != FORM:
            return orjson.loads(body)
        found: dict[str, Any] = {}
        for name, value in parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS):
            found[name] = value if name not in found else [*_list(found[name]), value]
        return found
    except ValueError:
        kind = {"nl": "geldig formulier", "en": "valid form"} if content_type == FORM else {"nl": "JSON", "en": "JSON"}
        raise MessageUnreadable(format=kind) from None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


async def left_behind(session: AsyncSession) -> list[UUID]:
    """Messages whose process ended before they were read."""
    old = InboundMessage.created_at < clock.now() - _LEFT_BEHIND
    query = select(InboundMessage.id).where(InboundMessage.state == MessageState.RECEIVED, old)
    return list((await session.execute(query.order_by(InboundMessage.id).limit(_SWEPT))).scalars())


async def failed_of(session: AsyncSession, webhook_id: UUID, after: UUID | None = None) -> list[UUID]:
    """Messages of a webhook that failed, the oldest first, some at a time."""
    query = select(InboundMessage.id).where(
        InboundMessage.mapped_webhook_id == webhook_id,
        InboundMessage.state == MessageState.FAILED,
        InboundMessage.forgotten_at.is_(None),
    )
    query = query if after is None else query.where(InboundMessage.id > after)
    return list((await session.execute(query.order_by(InboundMessage.id).limit(_SWEPT))).scalars())


async def dismiss(session: AsyncSession, by: Actor, id: UUID, reason: str) -> InboundMessage:
    """It needs no order; what is open about it is dismissed. Reading it again undoes this. For the system."""
    why = checked_text(reason, "reason", maximum=LONGEST_REASON)
    message = await mine(session, by, id)
    if message.state == MessageState.FAILED:
        message.state = MessageState.DISMISSED.value
        await session.flush()
        await _dismiss_exceptions(session, message.id, why)
    return message


async def mine(session: AsyncSession, by: Actor, id: UUID) -> InboundMessage:
    """The message, locked, where the actor sees it. Raises: NotFound."""
    async with acting_as(session, by):
        await find(session, InboundMessage, id)
    return await find(session, InboundMessage, id, lock=True)


# --- one message --------------------------------------------------------------------------------------------------


def _kept(message: InboundMessage, hook: MappedWebhook) -> Kept:
    if message.body is None:
        raise MessageForgotten(field=("id",))
    return Kept(
        id=message.id,
        state=MessageState(message.state or MessageState.RECEIVED),
        entity_id=message.entity_id,
        organization_id=message.organization_id,
        mapping=hook.mapping,
        version=hook.mapping_version,
        content_type=message.content_type,
        body=message.body,
        name=hook.name,
    )


async def _submit(
    session: AsyncSession, message: Kept, document: PartnerOrderDocument, located: Any, began: datetime | None
) -> Outcome:
    row = await find(session, InboundMessage, message.id, lock=True)
    if row.state == MessageState.SUBMITTED:
        return Outcome(message.id, MessageState.SUBMITTED)
    receipt = await submit(
        session,
        entity_id=message.entity_id,
        organization_id=message.organization_id,
        document=document,
        located=located,
        way=Way.WEBHOOK,
        source_id=message.id,
        by=message.by,
        body_sha256=bytes.fromhex(row.body_sha256),
        began=began,
    )
    row.state, row.faults, row.finished_at = MessageState.SUBMITTED.value, [], clock.now()
    row.mapping_version, row.attempts = message.version, row.attempts + 1
    row.partner_order_id, row.partner_order_key = receipt.partner_order_id, receipt.id
    await session.flush()
    await exceptions.resolve_about(session, message.id, _DONE, (ExceptionKind.MAPPING_FAILED, ExceptionKind.REFUSED))
    return Outcome(message.id, MessageState.SUBMITTED, receipt)


async def _failed(
    database: Database,
    message: Kept,
    kind: ExceptionKind,
    faults: tuple[DomainError, ...],
    number: str | None = None,
) -> Outcome:
    """Keep why, and put it into the queue; a message that is an order already stays one."""
    async with database.session(SYSTEM) as session:
        row = await find(session, InboundMessage, message.id, lock=True)
        if row.state == MessageState.SUBMITTED:
            return Outcome(message.id, MessageState.SUBMITTED)
        row.state, row.faults, row.finished_at = MessageState.FAILED.value, [told(f) for f in faults], clock.now()
        row.mapping_version, row.attempts = message.version, row.attempts + 1
        row.partner_order_id = number or row.partner_order_id
        await session.flush()
        await _open(session, row, kind, faults)
    return Outcome(message.id, MessageState.FAILED, faults=faults)


def told(fault: DomainError) -> dict[str, Any]:
    """A fault as it is kept."""
    words = {"message_nl": fault.message("nl"), "message_en": fault.message("en")}
    return {"code": fault.code, "field": json_path(fault.field), **words}


async def _open(
    session: AsyncSession, row: InboundMessage, kind: ExceptionKind, faults: tuple[DomainError, ...]
) -> None:
    """One item per message, however often it is read."""
    other = ExceptionKind.REFUSED if kind is ExceptionKind.MAPPING_FAILED else ExceptionKind.MAPPING_FAILED
    await exceptions.resolve_about(session, row.id, _NOW[kind], (other,))
    await exceptions.open_(
        session,
        entity_id=row.entity_id,
        organization_id=row.organization_id,
        kind=kind,
        message=_WORDS[kind],
        detail={
            "faults": [{"code": each.code, "field": json_path(each.field)} for each in faults],
            "partner_order_id": row.partner_order_id,
        },
        source_id=row.id,
    )


_WORDS = {
    ExceptionKind.MAPPING_FAILED: {
        "nl": "Een bericht van een inkomende webhook kon niet als order worden gelezen; het is bewaard.",
        "en": "A message to an inbound webhook could not be read as an order; it is kept.",
    },
    ExceptionKind.REFUSED: {
        "nl": "Een order uit een bericht van een inkomende webhook is geweigerd; het bericht is bewaard.",
        "en": "An order in a message to an inbound webhook was refused; the message is kept.",
    },
}
_NOW = {
    ExceptionKind.MAPPING_FAILED: "Nu niet meer leesbaar. / Cannot be read any more.",
    ExceptionKind.REFUSED: "Nu leesbaar, en geweigerd. / Can be read now, and was refused.",
}
_DONE = "Opnieuw gelezen en ingediend. / Read again and submitted."


async def _dismiss_exceptions(session: AsyncSession, id: UUID, why: str) -> None:
    query = select(PartnerOrderException.id).where(
        PartnerOrderException.source_id == id, PartnerOrderException.state == ExceptionState.OPEN
    )
    for each in (await session.execute(query)).scalars().all():
        await exceptions.dismiss(session, each, why)


async def forget_old(session: AsyncSession) -> int:
    """Erase what was sent longer ago than the partner's agreement has it kept, else KEPT; the number of messages."""
    kept = InboundMessage.forgotten_at.is_(None)
    owners = select(InboundMessage.entity_id, InboundMessage.organization_id).where(kept).distinct()
    forgotten = 0
    for entity_id, organization_id in (await session.execute(owners)).all():
        terms = await terms_for(session, entity_id, organization_id)
        days = timedelta(days=terms.retention_days) if terms.retention_days else KEPT
        old = kept & (InboundMessage.created_at < clock.now() - days)
        theirs = (InboundMessage.entity_id == entity_id) & (InboundMessage.organization_id == organization_id)
        erased = update(InboundMessage).where(theirs & old).values(body=None, faults=[], forgotten_at=func.now())
        forgotten += len((await session.execute(erased.returning(InboundMessage.id))).all())
    return forgotten
