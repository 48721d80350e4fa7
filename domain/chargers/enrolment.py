"""Handing chargers their credentials: one by one, or all that a completed order has sold (V6). For the system.

The caller has checked the actor's right; the secret is shown once.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import Article, ArticleCategory
from domain.chargers import credentials, registry
from domain.chargers.errors import (
    AlreadyEnrolled,
    ChargerRetired,
    NoChargersInOrder,
    OrderNotCompleted,
    OthersHandedOver,
    SerialNumbersMissing,
)
from domain.chargers.events import ChargerEnrolled, about
from domain.chargers.models import MOST_CONNECTORS, Charger, ChargerState, ConnectorType, DeviceCredential
from domain.chargers.registry import ConnectorDetails, Location
from domain.contacts.models import Address, Contact, ContactType
from domain.errors import Faults, NotFound, TooMany
from domain.events.record import record_all
from domain.orders.models import Order, OrderStage
from domain.quotes.models import LineItem
from domain.rows import actor_of, find

DEFAULT_POWER_W = 11_000
_KILOWATTS = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d)?) ?kW", re.IGNORECASE)
MOST_CHARGERS = 100
"""Of one order at once."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    charger: Charger
    secret: str | None
    """None where it has credentials already: they are not shown again."""


async def enrol(session: AsyncSession, charger_id: UUID) -> Enrolled:
    """Give a charger its first credentials; one that was never heard of gets new ones instead, the old are void.

    Raises: NotFound, ChargerRetired; InvalidState where it has been connected (rotate its credentials).
    """
    charger = await find(session, Charger, charger_id, lock=True)
    if charger.state == ChargerState.RETIRED:
        raise ChargerRetired(field=("id",))
    if charger.state not in (ChargerState.REGISTERED, ChargerState.ENROLLED):
        raise AlreadyEnrolled(field=("id",))
    await _void(session, charger.id)
    await credentials.disconnect(session, charger.id)
    charger.state = ChargerState.ENROLLED.value
    secret = await credentials.issue(session, charger, actor_of(session).user_id)
    await record_all(session, [(ChargerEnrolled(charger.identity), about(charger))])
    return Enrolled(charger, secret)


async def _void(session: AsyncSession, charger_id: UUID) -> None:
    live = (DeviceCredential.charger_id == charger_id, DeviceCredential.revoked_at.is_(None))
    await session.execute(update(DeviceCredential).where(*live).values(revoked_at=datetime.now(UTC)))


# --- from an order ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of an order that sold charging stations."""

    line: LineItem
    article: Article

    @property
    def count(self) -> int:
        return int(self.line.quantity.to_integral_value(rounding="ROUND_CEILING"))


async def enrol_order(
    session: AsyncSession, order_id: UUID, serial_numbers: Mapping[UUID, Sequence[str]]
) -> list[Enrolled]:
    """A charger with credentials for each station that a completed order sold, at the order's address.

    `serial_numbers` are those of each line item, as many as were sold. Its owner is the end customer, or the account
    where the account is what installs for itself. Again with the same numbers: the chargers of the first time, without
    secrets; others take their place only once those are retired. Raises: NotFound, OrderNotCompleted,
    NoChargersInOrder, SerialNumbersMissing, OthersHandedOver, AlreadyExists.
    """
    order = await find(session, Order, order_id, lock=True, field=("order_id",))
    if order.stage != OrderStage.COMPLETED:
        raise OrderNotCompleted(field=("order_id",))
    sold = await stations(session, order)
    given = {line_id: [_plain(serial) for serial in serials] for line_id, serials in serial_numbers.items()}
    _check_serials(sold, given)
    known = await _known(session, order.id)
    _check_others(sold, given, known)
    place = await _place(session, order)
    made = []
    for each in sold:
        for serial in given.get(each.line.id, ()):
            charger = known.get((each.line.id, serial))
            made.append(Enrolled(charger, None) if charger else await _deliver(session, order, each, serial, place))
    return made


async def stations(session: AsyncSession, order: Order) -> list[Sold]:
    """The lines of an order that sold charging stations. Raises: NoChargersInOrder."""
    query = (
        select(LineItem, Article)
        .join(Article, Article.id == LineItem.article_id)
        .where(
            LineItem.quote_version_id == order.quote_version_id,
            LineItem.category == ArticleCategory.CHARGING_STATION.value,
        )
        .order_by(LineItem.position)
    )
    found = [Sold(line, article) for line, article in await session.execute(query)]
    if not found:
        raise NoChargersInOrder(field=("order_id",))
    if sum(each.count for each in found) > MOST_CHARGERS:
        raise TooMany(maximum=MOST_CHARGERS, field=("order_id",))
    return found


def _check_serials(sold: Sequence[Sold], given: Mapping[UUID, Sequence[str]]) -> None:
    """As many as were sold of each line, and of no other line."""
    with Faults() as faults:
        for id in given.keys() - {each.line.id for each in sold}:
            faults.add(NotFound(field=("serial_numbers", list(given).index(id), "line_item_id")))
        for each in sold:
            serials = {serial for serial in given.get(each.line.id, ()) if serial}
            if len(serials) != each.count or len(given.get(each.line.id, ())) != each.count:
                faults.add(
                    SerialNumbersMissing(
                        position=each.line.position,
                        wanted=each.count,
                        given=len(serials),
                        field=("serial_numbers",),
                    )
                )


def _plain(serial: str) -> str:
    """As it is recorded."""
    return " ".join(unicodedata.normalize("NFC", serial).split())


def _check_others(
    sold: Sequence[Sold], given: Mapping[UUID, Sequence[str]], known: Mapping[tuple[UUID | None, str], Charger]
) -> None:
    """Of what was handed over before, nothing but what is named again is still there."""
    with Faults() as faults:
        for each in sold:
            others = [
                charger.identity
                for (line_id, serial), charger in known.items()
                if line_id == each.line.id
                and serial not in given.get(each.line.id, ())
                and charger.state != ChargerState.RETIRED
            ]
            if others:
                named = ", ".join(sorted(others))
                faults.add(OthersHandedOver(position=each.line.position, identities=named, field=("serial_numbers",)))


async def _known(session: AsyncSession, order_id: UUID) -> dict[tuple[UUID | None, str], Charger]:
    rows = (await session.execute(select(Charger).where(Charger.order_id == order_id))).scalars()
    return {(row.line_item_id, row.serial_number or ""): row for row in rows}


async def _deliver(session: AsyncSession, order: Order, sold: Sold, serial: str, place: Location) -> Enrolled:
    details = Specifications.of(sold.article)
    charger = await registry.register(
        session,
        entity_id=order.entity_id,
        vendor=details.vendor,
        model=details.model,
        serial_number=serial,
        max_power_w=details.power_w,
        connectors=[ConnectorDetails(number + 1, details.connector) for number in range(details.connectors)],
        owner_contact_id=await _owner_of(session, order),
        location=place,
        order_id=order.id,
        line_item_id=sold.line.id,
        channel=order.channel_organization_ids,
    )
    return await enrol(session, charger.id)


async def _owner_of(session: AsyncSession, order: Order) -> UUID:
    """The end customer; the organization that ordered where the end customer is one of its own people."""
    customer = await find(session, Contact, order.end_customer_contact_id)
    works_for = customer.parent_organization_id
    own = customer.contact_type == ContactType.PERSON and works_for == order.account_contact_id
    return works_for if works_for is not None and own else customer.id


async def _place(session: AsyncSession, order: Order) -> Location:
    if order.service_address_id is None:
        return Location()
    address = await find(session, Address, order.service_address_id)
    number = f"{address.house_number}{'-' if address.house_number_addition else ''}{address.house_number_addition}"
    return Location(
        street=f"{address.street} {number}".strip(),
        postal_code=address.postal_code,
        city=address.city,
        country=address.country,
        latitude=address.latitude if address.longitude is not None else None,
        longitude=address.longitude if address.latitude is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Specifications:
    """What the catalog says of a station; what it does not say is what most are."""

    vendor: str
    model: str
    power_w: int
    connector: ConnectorType
    connectors: int

    @classmethod
    def of(cls, article: Article) -> "Specifications":
        said: Mapping[str, Any] = article.specifications
        vendor = str(said.get("vendor") or said.get("brand") or article.name.split(" ", 1)[0])
        kind = str(said.get("connector", "")).upper().replace(" ", "")
        return cls(
            vendor=vendor,
            model=str(said.get("model") or article.name),
            power_w=_watts(said, f"{article.name} {article.sku}"),
            connector=ConnectorType(kind) if kind in ConnectorType.__members__ else ConnectorType.TYPE2,
            connectors=_count(said.get("connectors")),
        )


def _watts(said: Mapping[str, Any], name: str) -> int:
    for key, factor in (("max_power_w", 1), ("power_w", 1), ("power_kw", 1000), ("powerKw", 1000)):
        value = said.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value * factor <= 2_000_000:
            return int(Decimal(str(value)) * factor)
    named = _KILOWATTS.search(name)
    return int(Decimal(named[1].replace(",", ".")) * 1000) if named else DEFAULT_POWER_W


def _count(value: Any) -> int:
    return value if type(value) is int and 1 <= value <= MOST_CONNECTORS else 1
