"""From events to notifications: who is told what when something has happened.

`react` runs in the transaction in which the reaction to the event is ticked off, so each is told once.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact, ContactType
from domain.events.models import Event
from domain.leads.models import Lead
from domain.notifications import facts, recipients, visits
from domain.notifications.catalogue import KINDS
from domain.notifications.facts import Facts
from domain.notifications.kinds import RecipientRole
from domain.notifications.service import About, notify
from domain.notifications.telling import Cause, about_of, tell_account, tell_contact, tell_partner, tell_staff
from domain.orders.models import Order, OrderStage
from domain.quotes.models import PartyRole, PartyState, Quote, QuoteParty, QuoteStatus, QuoteVersion, Requirement
from domain.webhooks.models import WebhookEndpoint
from tenants.auth import clock

TOO_OLD = timedelta(days=3)
"""Who was not told within this time is not told any more: it is history, and on the timeline."""
_OPEN = (QuoteStatus.SENT, QuoteStatus.PARTIALLY_SIGNED)


async def react(session: AsyncSession, event: Event) -> None:
    """Tell whoever has to know of an event. A session of the system."""
    if event.created_at < clock.now() - TOO_OLD or (cause := CAUSES.get(event.type)) is None:
        return
    await cause(session, event)


# --- quotes -------------------------------------------------------------------------------------------------------


async def _quote_sent(session: AsyncSession, event: Event) -> None:
    quote = await session.get(Quote, event.subject_id)
    if quote is None or quote.status not in _OPEN or quote.current_version != event.payload["quote_version"]:
        return
    await tell_signers(
        session, quote, "quote.sent", "quote.sent.partner", about_of(event, quote), but=event.actor_user_id
    )


async def tell_signers(
    session: AsyncSession, quote: Quote, to_customer: str, to_partner: str, about: About, *, but: UUID | None = None
) -> None:
    """Tell every party that has yet to act on the version in force."""
    values = await facts.of_quote(session, quote)
    for party in await _waiting_parties(session, quote):
        contact = await session.get(Contact, party.contact_id)
        is_customer = party.role == PartyRole.CUSTOMER or contact is None or contact.contact_type == ContactType.PERSON
        if is_customer:
            await tell_contact(session, to_customer, party.contact_id, about, values)
        else:
            await tell_partner(session, to_partner, party.contact_id, about, values, but=but)


async def _waiting_parties(session: AsyncSession, quote: Quote) -> list[QuoteParty]:
    query = (
        select(QuoteParty)
        .join(QuoteVersion, QuoteVersion.id == QuoteParty.quote_version_id)
        .where(QuoteParty.quote_id == quote.id, QuoteVersion.number == quote.current_version)
        .where(QuoteParty.state == PartyState.PENDING, QuoteParty.requirement != Requirement.WAIVED)
    )
    return list(await session.scalars(query))


async def _quote_signed(session: AsyncSession, event: Event) -> None:
    quote = await session.get(Quote, event.subject_id)
    if quote is None or event.payload["party"] != PartyRole.CUSTOMER:
        return
    about, values = about_of(event, quote), await facts.of_quote(session, quote)
    await tell_contact(session, "quote.signed", quote.end_customer_contact_id, about, values)
    await tell_account(session, "quote.signed.partner", quote, about, values, event)


async def _quote_declined(session: AsyncSession, event: Event) -> None:
    quote = await session.get(Quote, event.subject_id)
    if quote is not None:
        about, values = about_of(event, quote), await facts.of_quote(session, quote)
        await tell_account(session, "quote.declined.partner", quote, about, values, event)
        await tell_staff(session, "quote.declined.staff", about, values, event)


def _to_the_customer(kind: str) -> Cause:
    async def cause(session: AsyncSession, event: Event) -> None:
        quote = await session.get(Quote, event.subject_id)
        if quote is not None:
            values = await facts.of_quote(session, quote) | facts.reason(event.payload.get("reason"))
            await tell_contact(session, kind, quote.end_customer_contact_id, about_of(event, quote), values)

    return cause


# --- orders -------------------------------------------------------------------------------------------------------


def _of_order(kind: str, *more: str) -> Cause:
    """The customer and the partner; staff and teams where there is a kind for them."""

    async def cause(session: AsyncSession, event: Event) -> None:
        order = await session.get(Order, event.subject_id)
        if order is not None:
            await _tell_of_order(session, event, order, (kind, f"{kind}.partner", *more))

    return cause


async def _stage_changed(session: AsyncSession, event: Event) -> None:
    order = await session.get(Order, event.subject_id)
    kind = {OrderStage.SCHEDULED: "order.scheduled", OrderStage.COMPLETED: "order.completed"}.get(
        OrderStage(event.payload["stage"])
    )
    if order is None or kind is None or order.stage != event.payload["stage"]:
        return
    # Of visits that were planned or booked the customer is told one by one.
    known = kind == "order.scheduled" and await visits.are_told(session, order.id)
    await _tell_of_order(session, event, order, (f"{kind}.partner",) if known else (kind, f"{kind}.partner"))


async def _tell_of_order(session: AsyncSession, event: Event, order: Order, kinds: Iterable[str]) -> None:
    about = about_of(event, order)
    values = await facts.of_order(session, order) | facts.reason(event.payload.get("reason"))
    values |= await facts.of_visit(session, await facts.next_visit(session, order.id))
    for name in kinds:
        match KINDS[name].to:
            case RecipientRole.CUSTOMER:
                await tell_contact(session, name, order.end_customer_contact_id, about, values)
            case RecipientRole.PARTNER:
                await tell_account(session, name, order, about, values, event)
            case RecipientRole.TECHNICIAN:
                await notify(session, name, await recipients.technicians(session, order.team_ids), about, values)
            case RecipientRole.STAFF | RecipientRole.USER:
                await tell_staff(session, name, about, values, event, planners=True)


# --- leads --------------------------------------------------------------------------------------------------------


def _of_lead(kind: str) -> Cause:
    async def cause(session: AsyncSession, event: Event) -> None:
        lead = await session.get(Lead, event.subject_id)
        if lead is not None:
            await tell_staff(session, kind, about_of(event, lead), facts.of_lead(lead), event)

    return cause


async def _lead_assigned(session: AsyncSession, event: Event) -> None:
    lead = await session.get(Lead, event.subject_id)
    if lead is not None:
        partner_id, about = UUID(event.payload["organization_id"]), about_of(event, lead)
        await tell_partner(session, "lead.assigned", partner_id, about, facts.of_lead(lead), but=event.actor_user_id)


async def _lead_task(session: AsyncSession, event: Event) -> None:
    lead = await session.get(Lead, event.subject_id)
    if lead is not None:
        task = {"task.title": event.payload["title"], "task.text": event.payload["task"]}
        await tell_staff(session, "lead.task", about_of(event, lead), facts.of_lead(lead) | task, event)


# --- integrations, logins -----------------------------------------------------------------------------------------


async def _webhook_failed(session: AsyncSession, event: Event) -> None:
    """Once a day for an endpoint, however many of its deliveries fail."""
    day = event.created_at.date().isoformat()
    await _tell_of_webhook(session, event, "webhook.failing", f"webhook:{event.subject_id}:{day}")


async def _webhook_disabled(session: AsyncSession, event: Event) -> None:
    if event.payload.get("reason") in ("FAILING", "GONE"):
        await _tell_of_webhook(session, event, "webhook.disabled", f"event:{event.id}")


async def _tell_of_webhook(session: AsyncSession, event: Event, kind: str, key: str) -> None:
    endpoint = await session.get(WebhookEndpoint, event.subject_id)
    if endpoint is None:
        return
    values: Facts = {"webhook.url": endpoint.url, "webhook.error": event.payload.get("error")}
    about = About(endpoint.entity_id, "WebhookEndpoint", endpoint.id, key)
    people = (
        await recipients.staff(session, endpoint.entity_id)
        if endpoint.organization_id is None
        else await recipients.partner_people(session, endpoint.entity_id, endpoint.organization_id)
    )
    await notify(session, kind, people, about, values)


async def _login_changed(session: AsyncSession, event: Event) -> None:
    who = await recipients.user(session, event.entity_id, event.subject_id)
    if who is not None:
        await notify(session, event.type, [who], about_of(event), {})


CAUSES: dict[str, Cause] = {
    "quote.sent": _quote_sent,
    "quote.signed": _quote_signed,
    "quote.acknowledged": _quote_signed,
    "quote.declined": _quote_declined,
    "quote.withdrawn": _to_the_customer("quote.withdrawn"),
    "quote.expired": _to_the_customer("quote.expired"),
    "order.received": _of_order("order.received", "order.received.staff"),
    "order.stage_changed": _stage_changed,
    "order.cancelled": _of_order("order.cancelled", "order.cancelled.staff", "order.cancelled.technician"),
    "order.held": _of_order("order.held"),
    "order.resumed": _of_order("order.resumed"),
    "order.reopened": _of_order("order.resumed"),
    **visits.CAUSES,
    "lead.submitted": _of_lead("lead.received"),
    "lead.partner_assigned": _lead_assigned,
    "lead.task_due": _lead_task,
    "lead.follow_up_failed": _of_lead("lead.follow_up_failed"),
    "webhook.delivery_failed": _webhook_failed,
    "webhook.endpoint_disabled": _webhook_disabled,
    "user.password_changed": _login_changed,
    "user.second_factor_enabled": _login_changed,
    "user.second_factor_disabled": _login_changed,
}
"""By type of event."""
