"""Plans, packs and subscriptions: what is offered, and what was bought."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import Date, cast, func, select

import api.tariff_enums  # noqa: F401  # describes the enums before they are used here
from api import billing_amounts as explained
from api.reading import (
    BigInt,
    Connection,
    Each,
    EnumFilter,
    Explained,
    IDFilter,
    Money,
    Node,
    Sort,
    TextFilter,
    column,
    condition,
    expression,
    filters,
    match,
    money,
    read_connection,
    reads,
    related,
    related_connection,
)
from api.tariffs import of_one_entity
from domain.tariffs.models import BenefitUse as UseRow
from domain.tariffs.models import ChargingOffer as OfferRow
from domain.tariffs.models import ChargingSubscription as SubscriptionRow
from domain.tariffs.models import EnergyPack as PackRow
from domain.tariffs.models import OfferKind
from domain.tariffs.models import PlanMembership as MembershipRow
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.charging_sessions import ChargingSession
    from api.contacts import Contact
    from api.entities import BusinessEntity

ChargingSessionRef = Annotated["ChargingSession", strawberry.lazy("api.charging_sessions")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
_READ = Permission.TARIFFS_READ


def _price(name: str, kind: str) -> Any:
    return explained.as_recorded("chargingOffer.amount", name, kind)


@reads(OfferRow, source=of_one_entity)
@strawberry.type(description="A plan, pack or subscription that a business entity offers. Prices are without VAT.")
class ChargingOffer(Node):
    kind: OfferKind = column("What it is.")
    code: str = column("Unique within the business entity.")
    name: str = column("What it is called.")
    price: Money = expression(
        "Per month of a plan or subscription, once of a pack.", _price("price_cents", "ChargingOffer")
    )
    discount_percent: Decimal = column("Of a plan: off every session. Of a pack: off the price of its energy.")
    energy_wh: BigInt | None = column("What a pack holds.")
    cap: Money | None = expression(
        "What a subscription covers per calendar month.",
        lambda o: money(
            o.cap_cents, o.currency, explained.recorded("chargingOffer.amount", o.cap_cents, "ChargingOffer", o)
        ),
    )
    priority: bool = column("Whether who is in the plan goes before others.")
    active: bool = column("Whether it can be bought.")
    created_at: datetime = column("When it was first offered.")
    updated_at: datetime = column("When it last changed.")
    entity: EntityRef | None = related("Who offers it.", on=lambda o, e: e.id == o.entity_id)


@filters(OfferRow)
@strawberry.input(description="Which offers.")
class ChargingOfferFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    kind: EnumFilter[OfferKind] | None = match("By kind.")
    code: TextFilter | None = match("By code.")
    active: bool | None = match("Whether they can be bought.")


OFFER_SORT = Sort(OfferRow, created_at="When it was first offered.", code="By code.", default="-created_at")


# --- what was bought --------------------------------------------------------------------------------------------------


@reads(UseRow)
@strawberry.type(description="What a session took from a pack, or of a month of a subscription.")
class BenefitUse(Node):
    wh: BigInt | None = column("Wh from a pack.")
    covered: Money | None = expression(
        "What of it the subscription covered, without VAT.",
        lambda u: money(u.cents, "EUR", explained.recorded("chargingOffer.amount", u.cents, "BenefitUse", u)),
    )
    month: date | None = column("The month of the subscription that it counts for: its first day.")
    created_at: datetime = column("When it was reckoned, last.")
    charging_session: ChargingSessionRef | None = related("The session.", on=lambda u, s: s.id == u.charging_session_id)


USE_SORT = Sort(UseRow, created_at="When it was reckoned.", default="-created_at")


@filters(UseRow)
@strawberry.input(description="Which uses.")
class BenefitUseFilter:
    month: date | None = match("By the first day of the month.")


@reads(MembershipRow, source=of_one_entity)
@strawberry.type(description="Somebody is in a plan, at the terms at which it was joined.")
class PlanMembership(Node):
    monthly_price: Money = expression("Per month, without VAT.", _price("monthly_cents", "PlanMembership"))
    discount_percent: Decimal = column("Off every session.")
    priority: bool = column("Whether it goes before others.")
    valid_from: datetime | None = expression("From when; null: it never held.", lambda m: func.lower(m.valid))
    valid_until: datetime | None = expression("Until when, not included; null: on.", lambda m: func.upper(m.valid))
    created_at: datetime = column("When it was joined.")
    entity: EntityRef | None = related("Whose plan.", on=lambda m, e: e.id == m.entity_id)
    contact: ContactRef | None = related("Who is in it.", on=lambda m, c: c.id == m.contact_id)
    offer: ChargingOffer | None = related("The plan, as it is offered now.", on=lambda m, o: o.id == m.offer_id)


@reads(PackRow, source=of_one_entity)
@strawberry.type(description="Energy that somebody has bought.")
class EnergyPack(Node):
    energy_wh: BigInt = column("What was bought.")
    remaining_wh: BigInt = column("What sessions have left of it.")
    discount_percent: Decimal = column("Off the price of its energy, multipliers included.")
    price: Money = expression("What it cost, without VAT.", _price("price_cents", "EnergyPack"))
    bought_at: datetime = column("When; sessions that began before do not take of it.")
    cancelled_at: datetime | None = column("When it was given back.")
    created_at: datetime = column("When it was registered.")
    entity: EntityRef | None = related("Who sold it.", on=lambda p, e: e.id == p.entity_id)
    contact: ContactRef | None = related("Whose it is.", on=lambda p, c: c.id == p.contact_id)
    offer: ChargingOffer | None = related("The pack, as it is offered now.", on=lambda p, o: o.id == p.offer_id)
    uses: Connection[BenefitUse] = related_connection(
        "What sessions took.", on=lambda p, u: u.pack_id == p.id, filter=BenefitUseFilter, order=USE_SORT
    )


def _covered(subscription: Any) -> Any:
    use = UseRow.__table__.alias()
    this_month = cast(func.date_trunc("month", func.timezone("Europe/Amsterdam", func.now())), Date)
    return select(use.c.cents.label("value"), use.c.id.label("key")).where(
        use.c.subscription_id == subscription.id, use.c.month == this_month
    )


def _covered_amount(subscription: Any) -> Any:
    rows = _covered(subscription)
    part = rows.subquery()
    total = select(func.coalesce(func.sum(part.c.value), 0)).scalar_subquery()
    said = Explained("chargingSubscription.covered", [Each("session", rows.order_by("key"), "BenefitUse")])
    return money(total, subscription.currency, said)


@reads(SubscriptionRow, source=of_one_entity)
@strawberry.type(description="Somebody charges for a price per month, up to a cap.")
class ChargingSubscription(Node):
    monthly_price: Money = expression("Per month, without VAT.", _price("monthly_cents", "ChargingSubscription"))
    cap: Money = expression(
        "What it covers per calendar month, without VAT.", _price("cap_cents", "ChargingSubscription")
    )
    covered: Money = expression("What sessions of this month have taken of it.", _covered_amount)
    valid_from: datetime | None = expression("From when; null: it never held.", lambda s: func.lower(s.valid))
    valid_until: datetime | None = expression("Until when, not included; null: on.", lambda s: func.upper(s.valid))
    created_at: datetime = column("When it was taken.")
    entity: EntityRef | None = related("Who offers it.", on=lambda s, e: e.id == s.entity_id)
    contact: ContactRef | None = related("Whose it is.", on=lambda s, c: c.id == s.contact_id)
    offer: ChargingOffer | None = related("As it is offered now.", on=lambda s, o: o.id == s.offer_id)
    uses: Connection[BenefitUse] = related_connection(
        "What sessions took.", on=lambda s, u: u.subscription_id == s.id, filter=BenefitUseFilter, order=USE_SORT
    )


# --- lists ------------------------------------------------------------------------------------------------------------


def _in_force(row: Any, value: Any) -> Any:
    return row.valid.op("@>")(func.now()) == value


@filters(MembershipRow)
@strawberry.input(description="Which memberships.")
class PlanMembershipFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By who is in it.", node="Contact")
    in_force: bool | None = condition("Whether they hold now.", _in_force)


@filters(PackRow)
@strawberry.input(description="Which packs.")
class EnergyPackFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By whose they are.", node="Contact")
    left: bool | None = condition(
        "Whether anything is left.", lambda p, value: ((p.remaining_wh > 0) & p.cancelled_at.is_(None)) == value
    )


@filters(SubscriptionRow)
@strawberry.input(description="Which subscriptions.")
class ChargingSubscriptionFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    contact_id: IDFilter | None = match("By whose they are.", node="Contact")
    in_force: bool | None = condition("Whether they hold now.", _in_force)


MEMBERSHIP_SORT = Sort(MembershipRow, created_at="When it was joined.", default="-created_at")
PACK_SORT = Sort(PackRow, created_at="When it was registered.", remaining_wh="By what is left.", default="-created_at")
SUBSCRIPTION_SORT = Sort(SubscriptionRow, created_at="When it was taken.", default="-created_at")


@strawberry.type
class ChargingOfferQueries:
    charging_offers: Connection[ChargingOffer] = read_connection(
        "What is offered to drivers; they see what can be bought.",
        filter=ChargingOfferFilter,
        order=OFFER_SORT,
        requires=_READ,
    )
    plan_memberships: Connection[PlanMembership] = read_connection(
        "Who is or was in which plan; drivers see their own.",
        filter=PlanMembershipFilter,
        order=MEMBERSHIP_SORT,
        requires=_READ,
    )
    energy_packs: Connection[EnergyPack] = read_connection(
        "Packs that were bought; drivers see their own.", filter=EnergyPackFilter, order=PACK_SORT, requires=_READ
    )
    charging_subscriptions: Connection[ChargingSubscription] = read_connection(
        "Subscriptions; drivers see their own.",
        filter=ChargingSubscriptionFilter,
        order=SUBSCRIPTION_SORT,
        requires=_READ,
    )


TYPES = (ChargingOffer, PlanMembership, EnergyPack, ChargingSubscription, BenefitUse)
