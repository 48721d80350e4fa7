"""What is agreed with partners about their orders (K5), and what a change of it would do."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.agreements import Agreement
from api.context import Info
from api.enums import described
from api.errors import camel
from api.inputs import given, key_of
from api.mutations import PreviewablePayload, mutation
from api.reading import field, read_in
from domain.agreements import service
from domain.agreements.partner_terms import (
    FIELDS,
    LONGEST_RETENTION,
    MOST_LINES,
    MOST_ORDERS_PER_DAY,
    MOST_REQUESTS_PER_MINUTE,
    SHORTEST_RETENTION,
    Creates,
    PartnerTerms,
    parse,
    terms_for,
)
from domain.contacts.tree import organization
from domain.partner_management import effects as judged
from domain.rows import find
from tenants.auth import clock
from tenants.models import BusinessEntity
from tenants.permissions import Permission

described(
    Creates,
    "What an order of a partner becomes.",
    QUOTE="A quote, sent to whoever signs.",
    ORDER="An order at once, where the partner pays all lines and signing is waived by a recorded policy.",
)


@strawberry.type(description="What a partner is promised (N12).")
class PromisedLevels:
    response_ms: int = strawberry.field(description="Milliseconds within which 95 in 100 requests are answered.")
    processing_minutes: int = strawberry.field(description="Minutes until an order that came in is looked at.")
    status_seconds: int = strawberry.field(description="Seconds until a change is sent out for the first time.")
    uptime: Decimal = strawberry.field(description="Percent of requests that are not answered with a fault of ours.")


@strawberry.type(description="What is agreed with a partner about its orders; each term is enforced.")
class PartnerOrderTerms:
    creates: Creates = strawberry.field(description="What an order becomes.")
    required_fields: list[str] = strawberry.field(description="JSON paths that its orders must have beyond the usual.")
    orders_per_day: int | None = strawberry.field(description="New orders per day in Amsterdam; null: no limit.")
    requests_per_minute: int | None = strawberry.field(description="By one key; null: the integration's own limit.")
    most_lines: int = strawberry.field(description="Lines of one order.")
    retention_days: int | None = strawberry.field(
        description="For how long what it sent is kept as it came; null: for as long as the order."
    )
    cancellable_until_hours: int | None = strawberry.field(
        description="Up to how long before the first visit it cancels by itself; null: until the work begins."
    )
    free_cancellations_per_month: int | None = strawberry.field(
        description="Once this many of an account's orders were cancelled in a month, staff cancels; null: no limit."
    )
    sla: PromisedLevels = strawberry.field(description="What it is promised.")


@strawberry.input(description="What a partner is promised; what is left out is the platform's own promise.")
class PromisedLevelsInput:
    response_ms: int | None = strawberry.field(default=strawberry.UNSET, description="50 to 60000.")
    processing_minutes: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 10080.")
    status_seconds: int | None = strawberry.field(default=strawberry.UNSET, description="1 to 86400.")
    uptime: Decimal | None = strawberry.field(default=strawberry.UNSET, description="50 to 100, three decimals.")


@strawberry.input(description="What is agreed about orders; what is left out, or null, takes its default.")
class PartnerOrderTermsInput:
    creates: Creates | None = strawberry.field(default=strawberry.UNSET, description="What an order becomes.")
    required_fields: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description=f"Some of {', '.join(FIELDS)}."
    )
    orders_per_day: int | None = strawberry.field(default=strawberry.UNSET, description=f"0 to {MOST_ORDERS_PER_DAY}.")
    requests_per_minute: int | None = strawberry.field(
        default=strawberry.UNSET, description=f"1 to {MOST_REQUESTS_PER_MINUTE}."
    )
    most_lines: int | None = strawberry.field(default=strawberry.UNSET, description=f"1 to {MOST_LINES}.")
    retention_days: int | None = strawberry.field(
        default=strawberry.UNSET, description=f"{SHORTEST_RETENTION} to {LONGEST_RETENTION}."
    )
    cancellable_until_hours: int | None = strawberry.field(default=strawberry.UNSET, description="0 to 8760.")
    free_cancellations_per_month: int | None = strawberry.field(default=strawberry.UNSET, description="0 to 100000.")
    sla: PromisedLevelsInput | None = strawberry.field(default=strawberry.UNSET, description="What it is promised.")


@strawberry.type(description="One term that is different.")
class TermChange:
    term: str = strawberry.field(description="Its name; those of the promises as sla.responseMs.")
    before: JSON | None = strawberry.field(description="What it was; null: its default.")
    after: JSON | None = strawberry.field(description="What it is; null: its default.")


@strawberry.type(description="How often a field would have been missing.")
class MissingField:
    path: str = strawberry.field(description="The field in the document, * for each line.")
    orders: int = strawberry.field(description="In how many orders.")


@strawberry.type(description="What the terms would have done to the newest 2,000 orders of the last 30 days.")
class TermEffects:
    orders: int = strawberry.field(description="How many there were.")
    refused: int = strawberry.field(
        description="How many would have been refused: for what they lack, or too many lines."
    )
    days_over_limit: int = strawberry.field(description="On how many days more came than may come.")
    missing: list[MissingField] = strawberry.field(description="What they lack, the most frequent first.")


@strawberry.type(description="What savePartnerTerms returns.")
class SavePartnerTermsPayload(PreviewablePayload):
    agreement: Agreement | None = strawberry.field(default=None, description="The agreement in force.")
    terms: PartnerOrderTerms | None = strawberry.field(default=None, description="What is agreed about orders.")
    changes: list[TermChange] = strawberry.field(default_factory=list, description="What is different.")
    effects: TermEffects | None = strawberry.field(default=None, description="What it would have done of late.")


_Entity = Annotated[strawberry.ID, strawberry.argument(description="The business entity.")]
_Partner = Annotated[strawberry.ID, strawberry.argument(description="The partner.")]


@strawberry.type
class PartnerTermsQueries:
    @field(
        "What holds for a partner's orders now: its own agreement's terms, else those of its nearest ancestor with "
        "one, else the platform's.",
        requires=Permission.PARTNERS_READ,
    )
    async def partner_terms(self, info: Info, entity_id: _Entity, organization_id: _Partner) -> PartnerOrderTerms:
        entity, partner = (
            key_of("BusinessEntity", entity_id, "entityId"),
            key_of("Organization", organization_id, "organizationId"),
        )
        async with info.context.read() as session:
            await _require(session, entity, partner)
            return _shown(await terms_for(session, entity, partner))


@strawberry.type
class PartnerTermsMutations:
    @mutation(
        "Agrees anew about a partner's orders; what else is agreed goes on. With `preview: true` nothing is changed "
        "and `changes` and `effects` say what would be.",
        requires=Permission.WORKFLOW_CONFIGURE,
        previewable=True,
    )
    async def save_partner_terms(
        self,
        info: Info,
        entity_id: _Entity,
        organization_id: _Partner,
        terms: Annotated[PartnerOrderTermsInput, strawberry.argument(description="What is agreed.")],
    ) -> SavePartnerTermsPayload:
        entity = key_of("BusinessEntity", entity_id, "entityId")
        partner = key_of("Organization", organization_id, "organizationId")
        async with info.context.write() as session:
            await _require(session, entity, partner)
            before, agreement = await service.save_terms(session, entity, partner, _json(terms))
            after = parse(agreement.terms)
            seen = await judged.effects(session, entity, partner, after, clock.now())
            return SavePartnerTermsPayload(
                agreement=await read_in(session, info, "agreement", agreement.id),
                terms=_shown(after),
                changes=[_change(change) for change in judged.changes(before, after)],
                effects=_effects(seen),
            )


async def _require(session: AsyncSession, entity_id: UUID, partner_id: UUID) -> None:
    """Raises: NotFound at what the actor does not see."""
    await find(session, BusinessEntity, entity_id, field=("entity_id",))
    await organization(session, partner_id, field=("organization_id",))


def _json(terms: PartnerOrderTermsInput) -> dict[str, Any]:
    values = given(terms)
    if values.get("creates") is not None:
        values["creates"] = values["creates"].value
    if values.get("sla") is not None:
        values["sla"] = given(values["sla"])
    return values


def _shown(terms: PartnerTerms) -> PartnerOrderTerms:
    levels = PromisedLevels(
        response_ms=terms.sla.response_ms,
        processing_minutes=terms.sla.processing_minutes,
        status_seconds=terms.sla.status_seconds,
        uptime=terms.sla.uptime,
    )
    return PartnerOrderTerms(
        creates=terms.creates,
        required_fields=list(terms.required_fields),
        orders_per_day=terms.orders_per_day,
        requests_per_minute=terms.requests_per_minute,
        most_lines=terms.most_lines,
        retention_days=terms.retention_days,
        cancellable_until_hours=terms.cancellable_until_hours,
        free_cancellations_per_month=terms.free_cancellations_per_month,
        sla=levels,
    )


def _change(change: judged.Change) -> TermChange:
    name = ".".join(camel(part) for part in change.term.split("."))
    return TermChange(term=name, before=_scalar(change.before), after=_scalar(change.after))


def _scalar(value: Any) -> Any:
    return None if value is None else JSON(value)


def _effects(seen: judged.Effects) -> TermEffects:
    return TermEffects(
        orders=seen.orders,
        refused=seen.refused,
        days_over_limit=seen.days_over_limit,
        missing=[MissingField(path=path, orders=many) for path, many in seen.by_field.items()],
    )
