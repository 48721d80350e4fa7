"""Tariffs, their versions, and where they hold."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import BigInteger, Numeric, Select, and_, cast, func, select
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import JSONB

import api.tariff_enums  # noqa: F401  # describes the enums before they are used here
from api import billing_amounts as explained
from api.reading import (
    Connection,
    DateTimeFilter,
    EnumFilter,
    IDFilter,
    Listing,
    Money,
    Node,
    Sort,
    Source,
    TextFilter,
    TextSearchFilter,
    column,
    computed_list,
    condition,
    embedded,
    expression,
    filters,
    match,
    money,
    read_connection,
    read_one,
    reads,
    related,
    related_connection,
)
from domain.tariffs.models import Tariff as TariffRow
from domain.tariffs.models import TariffAssignment as AssignmentRow
from domain.tariffs.models import TariffVersion as VersionRow
from domain.tariffs.models import VersionStatus
from domain.tariffs.parsing import MOST_WINDOWS
from domain.tariffs.terms import Multiplies
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger
    from api.contacts import Contact
    from api.entities import BusinessEntity
    from api.users import User

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
ContactRef = Annotated["Contact", strawberry.lazy("api.contacts")]
EntityRef = Annotated["BusinessEntity", strawberry.lazy("api.entities")]
UserRef = Annotated["User", strawberry.lazy("api.users")]
TariffRef = Annotated["Tariff", strawberry.lazy("api.tariffs")]
AssignmentRef = Annotated["TariffAssignment", strawberry.lazy("api.tariffs")]
_READ = Permission.TARIFFS_READ


def of_one_entity(listing: Listing, row: Any) -> Source | None:
    """Staff of one business entity walk its index; others' rows are few."""
    if listing.audience is Audience.STAFF and listing.one_entity:
        return Source(where=[row.entity_id == listing.actor.entity_id])
    return None


# --- terms ------------------------------------------------------------------------------------------------------------


def _number(name: str) -> Any:
    return lambda version: cast(version.terms[name].astext, Numeric)


def _amount(name: str) -> Any:
    def amount(version: Any) -> Any:
        cents = cast(version.terms[name].astext, BigInteger)
        said = explained.recorded("tariff.amount", cents, "TariffVersion", version)
        return money(cents, version.terms["currency"].astext, said)

    return amount


def _windows(version: Any) -> Select[Any]:
    written = func.jsonb_array_elements(version.terms["windows"])
    window = written.table_valued(sql_column("value", JSONB), with_ordinality="place", name="part").render_derived()
    value = window.c.value
    return select(
        value["name"].astext.label("name"),
        value["since"].astext.label("since"),
        value["until"].astext.label("until"),
        cast(value["multiplier"].astext, Numeric).label("multiplier"),
    ).order_by(window.c.place)


@reads(None)
@strawberry.type(description="A part of every day, by the clock on the wall in Europe/Amsterdam.")
class TariffWindow:
    name: str = column("What it is called, such as PEAK.")
    since: str = column("The first minute, which is in it: `18:00`.")
    until: str = column("The minute that is not in it any more; before `since`: it goes over midnight.")
    multiplier: Decimal = column("By what it multiplies.")


@reads(VersionRow)
@strawberry.type(description="What a version of a tariff says; all without VAT.")
class TariffTerms:
    currency: str = expression("ISO 4217 code.", lambda v: v.terms["currency"].astext)
    energy_cents_per_kwh: Decimal = expression("Cents per kWh.", _number("energy_cents_per_kwh"))
    time_cents_per_hour: Decimal = expression("Cents per hour.", _number("time_cents_per_hour"))
    idle_cents_per_hour: Decimal | None = expression(
        "Cents per hour in which nothing is charged; null: as any other hour.", _number("idle_cents_per_hour")
    )
    start_fee: Money = expression("Per session.", _amount("start_fee_cents"))
    minimum: Money = expression(
        "The least that energy, time and start fee cost together, before discounts.", _amount("minimum_cents")
    )
    windows: list[TariffWindow] = computed_list(
        "Parts of the day with a multiplier; those that overlap are multiplied.", _windows, limit=MOST_WINDOWS
    )
    multiplies: Multiplies = expression("What they multiply.", lambda v: v.terms["multiplies"].astext)
    multiplier_cap: Decimal | None = expression(
        "The most that all multipliers make together; null: their product.", _number("multiplier_cap")
    )
    emergency_multiplier: Decimal = expression(
        "By what an emergency multiplies, the other multipliers included.", _number("emergency_multiplier")
    )
    damage_reserve: Money = expression(
        "Per session; neither multiplied nor discounted.", _amount("damage_reserve_cents")
    )


# --- tariffs ----------------------------------------------------------------------------------------------------------


@reads(VersionRow)
@strawberry.type(description="One version of a tariff. Sessions keep the version that held when they began.")
class TariffVersion(Node):
    version: int = column("Counted from 1.")
    status: VersionStatus = column("Where it is.")
    valid_from: datetime | None = column("From when it holds, until a later one does; null for a draft.")
    published_at: datetime | None = column("When it was published.")
    created_at: datetime = column("When it was begun.")
    updated_at: datetime = column("When it last changed.")
    terms: TariffTerms = embedded("What it says.")
    tariff: TariffRef | None = related("Its tariff.", on=lambda v, t: t.id == v.tariff_id)


@filters(VersionRow)
@strawberry.input(description="Which versions.")
class TariffVersionFilter:
    status: EnumFilter[VersionStatus] | None = match("By where they are.")
    valid_from: DateTimeFilter | None = match("By when they begin to hold.")


VERSION_SORT = Sort(VersionRow, created_at="When it was begun.", version="By number.", default="-created_at")


@reads(AssignmentRow, source=of_one_entity)
@strawberry.type(
    description="Where a tariff holds, and when. At a charger its own comes before its owner's, and that before the "
    "business entity's; of a tariff the version that holds at the time."
)
class TariffAssignment(Node):
    valid_from: datetime | None = expression(
        "First moment; null: it was taken back before.", lambda a: func.lower(a.valid)
    )
    valid_until: datetime | None = expression("End, not included; null: open.", lambda a: func.upper(a.valid))
    undone_at: datetime | None = column("When it was taken back.")
    created_at: datetime = column("When it was assigned.")
    tariff: TariffRef | None = related("The tariff.", on=lambda a, t: t.id == a.tariff_id)
    entity: EntityRef | None = related("Whose chargers.", on=lambda a, e: e.id == a.entity_id)
    charger: ChargerRef | None = related("At this charger; null: at all.", on=lambda a, c: c.id == a.charger_id)
    owner: ContactRef | None = related(
        "At the chargers of this owner; null: at a charger, or at all.", on=lambda a, c: c.id == a.owner_contact_id
    )
    replaces: AssignmentRef | None = related("What held there before.", on=lambda a, b: b.id == a.replaces_id)


@filters(AssignmentRow)
@strawberry.input(description="Which assignments.")
class TariffAssignmentFilter:
    tariff_id: IDFilter | None = match("Of a tariff.", node="Tariff")
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    charger_id: IDFilter | None = match("At a charger.", node="Charger")
    owner_id: IDFilter | None = match("At the chargers of an owner.", node="Contact", name="owner_contact_id")
    in_force: bool | None = condition("Whether it holds now.", lambda a, value: a.valid.op("@>")(func.now()) == value)


ASSIGNMENT_SORT = Sort(AssignmentRow, created_at="When it was assigned.", default="-created_at")


def _held(version: Any) -> Any:
    return and_(version.status == VersionStatus.PUBLISHED.value, version.valid_from <= func.now())


@reads(TariffRow, source=of_one_entity)
@strawberry.type(description="What charging costs; the prices are those of its versions.")
class Tariff(Node):
    code: str = column("Unique within the business entity.")
    name: str = column("What it is called.")
    published_at: datetime | None = column("When its first version was published; null: it cannot be assigned yet.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it last changed.")
    entity: EntityRef | None = related("Whose it is.", on=lambda t, e: e.id == t.entity_id)
    owner: ContactRef | None = related(
        "At whose chargers alone it holds; null: the business entity's.", on=lambda t, c: c.id == t.owner_contact_id
    )
    in_force: TariffVersion | None = related(
        "The version that holds now.",
        on=lambda t, v: and_(
            v.tariff_id == t.id, v.status == VersionStatus.PUBLISHED.value, v.valid_from <= func.now()
        ),
        order_by=lambda v: v.valid_from.desc(),
    )
    draft: TariffVersion | None = related(
        "The version that is being written.",
        on=lambda t, v: and_(v.tariff_id == t.id, v.status == VersionStatus.DRAFT.value),
    )
    versions: Connection[TariffVersion] = related_connection(
        "All versions.", on=lambda t, v: v.tariff_id == t.id, filter=TariffVersionFilter, order=VERSION_SORT
    )
    assignments: Connection[TariffAssignment] = related_connection(
        "Where it holds.", on=lambda t, a: a.tariff_id == t.id, filter=TariffAssignmentFilter, order=ASSIGNMENT_SORT
    )


def _published(row: Any, value: Any) -> Any:
    return row.published_at.is_not(None) == value


@filters(TariffRow)
@strawberry.input(description="Which tariffs.")
class TariffFilter:
    entity_id: IDFilter | None = match("By business entity.", node="BusinessEntity")
    owner_id: IDFilter | None = match("By owner.", node="Contact", name="owner_contact_id")
    code: TextFilter | None = match("By code.")
    name: TextSearchFilter | None = match("By name.")
    published: bool | None = condition("Whether anything of them is published.", _published)


TARIFF_SORT = Sort(TariffRow, created_at="When it was made.", code="By code.", name="By name.", default="-created_at")


@strawberry.type
class TariffQueries:
    tariff: Tariff | None = read_one("A tariff.", requires=_READ)
    tariffs: Connection[Tariff] = read_connection(
        "Tariffs: staff see all of their business entities; others what is published and the entity's own, or of the "
        "owner of a charger that they see.",
        filter=TariffFilter,
        order=TARIFF_SORT,
        requires=_READ,
    )
    tariff_assignments: Connection[TariffAssignment] = read_connection(
        "Where tariffs hold and held.", filter=TariffAssignmentFilter, order=ASSIGNMENT_SORT, requires=_READ
    )


TYPES = (Tariff, TariffVersion, TariffAssignment)
