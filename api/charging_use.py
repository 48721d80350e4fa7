"""How chargers are used, for their owners: sessions, energy and occupancy by hour, day and charger."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.reading import BigInt, argument, column, read_list, reads, related
from domain.sessions import analytics
from tenants.audience import Audience
from tenants.permissions import Permission

if TYPE_CHECKING:
    from api.chargers import Charger

ChargerRef = Annotated["Charger", strawberry.lazy("api.chargers")]
_ALL = [Audience.STAFF, Audience.SYSTEM, Audience.PARTNER, Audience.CUSTOMER]


@reads(None, audiences=_ALL)
@strawberry.type(description="How chargers were used, by sessions that have ended. What it earned: `chargingRevenue…`.")
class ChargingUse:
    hour: int | None = column("Of the day, 0 to 23 on the clock in Amsterdam; null where it is not by hour.")
    day: date | None = column("In Amsterdam; null where it is not by day.")
    sessions: int = column("How many sessions lay in it, whole or in part.")
    energy_wh: BigInt = column("Energy, in Wh.")
    connected_seconds: BigInt = column("Time that a car was connected.")
    charging_seconds: BigInt = column("What of it was neither paused nor after the last energy.")
    occupancy: float = column("Per cent of the time of the connectors that a car was connected.")
    charger: ChargerRef | None = related(
        "The charger; null where it is not by charger.", on=lambda u, c: c.id == u.charger_id
    )


_ARGUMENTS = {
    "since": argument(date, "First day, in Amsterdam."),
    "until": argument(date, "First day that is not included any more."),
    "entity_id": argument(strawberry.ID | None, "Of this business entity.", node="BusinessEntity"),
    "charger_id": argument(strawberry.ID | None, "Of this charger.", node="Charger"),
    "owner_id": argument(strawberry.ID | None, "Of chargers of this owner.", node=["Contact", "Organization"]),
}
_WHOSE = "of staff's entities, of a channel's chargers, or of those that you own"


@strawberry.type
class ChargingUseQueries:
    charging_use: list[ChargingUse] = read_list(
        f"How chargers were used, in one row: {_WHOSE}.",
        rows=analytics.in_all,
        arguments=_ARGUMENTS,
        requires=Permission.CHARGING_READ,
    )
    charging_use_by_hour: list[ChargingUse] = read_list(
        f"How chargers were used in each hour of the day: {_WHOSE}.",
        rows=analytics.by_hour,
        arguments=_ARGUMENTS,
        requires=Permission.CHARGING_READ,
    )
    charging_use_by_day: list[ChargingUse] = read_list(
        f"How chargers were used per day, the latest first: {_WHOSE}. At most 1000 days.",
        rows=analytics.by_day,
        arguments=_ARGUMENTS,
        requires=Permission.CHARGING_READ,
    )
    charging_use_by_charger: list[ChargingUse] = read_list(
        f"How each charger was used, the most energy first: {_WHOSE}. At most 1000 chargers.",
        rows=analytics.by_charger,
        arguments=_ARGUMENTS,
        requires=Permission.CHARGING_READ,
    )


TYPES = (ChargingUse,)
