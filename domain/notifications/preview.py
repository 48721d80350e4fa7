"""What a message would look like: a template or a draft, filled in with a real subject or with examples.

In a session of whoever asks: what that person may not see cannot be looked at this way either.
"""

from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.errors import NotFound
from domain.leads.models import Lead
from domain.notifications import facts, messages, rendering, templates
from domain.notifications.catalogue import kind_named
from domain.notifications.facts import Facts
from domain.notifications.kinds import Kind
from domain.notifications.messages import Message
from domain.notifications.models import Channel, Language, NotificationTemplate
from domain.notifications.recipients import Recipient
from domain.notifications.templates import GivenTemplate, Wordings
from domain.orders.models import Order
from domain.quotes.models import Quote
from domain.rows import find
from domain.visits.models import Visit
from tenants.settings import Settings

R = TypeVar("R", Quote, Order, Visit, Lead)
_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that a message is about: its kind of id and its key."""

    type: str
    id: UUID


async def preview(
    session: AsyncSession, settings: Settings, draft: GivenTemplate, subject: Subject | None = None
) -> Message:
    """A draft as it would be sent. Raises: what saving it would raise; NotFound for a subject of another kind."""
    draft = templates.checked(draft)
    kind = kind_named(draft.kind, "kind")
    await templates.check_place(session, draft)
    row = NotificationTemplate(subject=draft.subject, text=draft.text, html=draft.html, id=_ID)
    row.channel, row.language = draft.channel.value, draft.language.value
    sender = await messages.sender_of(session, settings, draft.entity_id, draft.brand_id)
    if sender is None:
        raise NotFound(field=("brand_id",))
    values, name = await _values(session, kind, draft.entity_id, subject)
    somebody = Recipient(name, "", "", draft.language, contact_id=_ID)
    link = f"{sender.origin}/" if kind.optional else None
    filled = {**values, **sender.values(somebody)}
    return messages.compose(Wordings(kind, [row]), draft.channel, draft.language, filled, sender, link)


async def draft_of(session: AsyncSession, template_id: UUID) -> GivenTemplate:
    """A version that is kept, as a draft."""
    row = await find(session, NotificationTemplate, template_id, field=("template_id",))
    return GivenTemplate(
        entity_id=row.entity_id,
        kind=row.kind,
        channel=Channel(row.channel),
        language=Language(row.language),
        text=row.text,
        subject=row.subject,
        html=row.html,
        brand_id=row.brand_id,
        organization_id=row.organization_id,
    )


def draft_of_own_words(entity_id: UUID, kind: Kind, channel: Channel, language: Language) -> GivenTemplate:
    """The platform's own text, as a draft to start from."""
    own = templates.own_words(kind, channel, language)
    return GivenTemplate(entity_id, kind.name, channel, language, own.text, own.subject)


async def _values(session: AsyncSession, kind: Kind, entity_id: UUID, subject: Subject | None) -> tuple[Facts, str]:
    """The values, and the name of whom the message would be to."""
    known = rendering.examples(kind)
    if subject is None:
        return known, known["recipient.name"] or ""
    if subject.type != kind.subject_type:
        raise NotFound(field=("subject_id",))
    found, contact_id = await _of(session, subject, entity_id)
    person = await find(session, Contact, contact_id, field=("subject_id",))
    return {**known, **found}, person.name


async def _of(session: AsyncSession, subject: Subject, entity_id: UUID) -> tuple[Facts, UUID]:
    """What is known of the subject, and its customer."""
    field = ("subject_id",)
    match subject.type:
        case "Quote":
            quote = _own(await find(session, Quote, subject.id, field=field), entity_id)
            return await facts.of_quote(session, quote), quote.end_customer_contact_id
        case "Order":
            order = _own(await find(session, Order, subject.id, field=field), entity_id)
            visit = await facts.next_visit(session, order.id)
            found = await facts.of_order(session, order) | await facts.of_visit(session, visit)
            return found | facts.reason(order.cancel_reason or order.hold_reason), order.end_customer_contact_id
        case "Visit":
            visit = _own(await find(session, Visit, subject.id, field=field), entity_id)
            of = await find(session, Order, visit.order_id, field=field)
            return await facts.of_order(session, of) | await facts.of_visit(session, visit), of.end_customer_contact_id
        case "Lead":
            lead = _own(await find(session, Lead, subject.id, field=field), entity_id)
            return facts.of_lead(lead), lead.contact_id
    raise NotFound(field=field)


def _own(row: R, entity_id: UUID) -> R:
    """The row, if it is of the entity in whose name the message would be."""
    if row.entity_id != entity_id:
        raise NotFound(field=("subject_id",))
    return row
