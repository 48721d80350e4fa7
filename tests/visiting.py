"""Teams, and orders whose visits wait or are planned, in a database of the test's own: all entities share the teams."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.models import Order
from domain.planning.arrival import AMSTERDAM, moment
from domain.teams.days_off import public
from domain.teams.models import Team, TeamHours
from domain.visits.models import Visit
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.quoting import Market, market

NIJKERK = (52.2217, 5.4837, "3861")
AMERSFOORT = (52.1561, 5.3878, "3811")
BARNEVELD = (52.1400, 5.5850, "3771")
GRONINGEN = (53.2194, 6.5665, "9711")
NEAR = (NIJKERK, AMERSFOORT, BARNEVELD)
_COPIED = [column.name for column in Order.__table__.columns if column.name not in ("id", "number", "sequence")]


def monday() -> date:
    """A Monday ahead of two weeks without a holiday."""
    day = datetime.now(AMSTERDAM).date()
    day += timedelta(days=14 - day.weekday())
    while public(day, day + timedelta(days=13)):
        day += timedelta(days=7)
    return day


_NOTHING = (
    "DELETE FROM slot_hold",
    "DELETE FROM absence",
    "UPDATE visit SET status = 'CANCELLED', outcome = 'CANCELLED', team_id = NULL, route_order = NULL",
    "UPDATE team SET active = false",
    "DELETE FROM plan",
)


@dataclass
class Work:
    """Two entities' visits and the teams that they share."""

    database: Database
    markets: list[Market]
    planners: list[Actor]
    orders: list[UUID]
    """One of each entity, which others are copies of."""
    teams: list[UUID] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        """A planner of the first entity."""
        return self.planners[0]

    async def clear(self) -> None:
        """No team works, no visit waits, and no plan is made."""
        async with self.database.session(SYSTEM) as session:
            for statement in _NOTHING:
                await session.execute(text(statement))
        self.teams.clear()

    async def team(self, **values: Any) -> UUID:
        """A team that works from Monday to Friday, 8 to 17."""
        hours = (values.pop("starts", time(8)), values.pop("ends", time(17)))
        async with self.database.session(SYSTEM) as session:
            team = Team(name=factories.unique("Team "), base_city="Nijkerk", **({"skills": ["EV"]} | values))
            session.add(team)
            await session.flush()
            week = [{"team_id": team.id, "weekday": d, "starts": hours[0], "ends": hours[1]} for d in range(5)]
            await session.execute(insert(TeamHours), week)
            self.teams.append(team.id)
            return team.id

    async def visits(
        self, count: int = 1, *, entity: int = 0, places: Sequence[tuple[float, float, str]] = NEAR, **values: Any
    ) -> list[UUID]:
        """So many orders with one visit each, in turn at these places; required unless `values` plan them."""
        async with self.database.session(SYSTEM) as session:
            orders = await self._orders(session, entity, count)
            rows = [
                self._visit(entity, order, places[number % len(places)]) | values for number, order in enumerate(orders)
            ]
            made = await session.scalars(insert(Visit).returning(Visit.id, sort_by_parameter_order=True), rows)
            return list(made)

    async def pair(self, **values: Any) -> tuple[UUID, UUID]:
        """An order of two visits; `values` of the second."""
        [first] = await self.visits()
        async with self.database.session(SYSTEM) as session:
            order_id = (await session.scalars(select(Visit.order_id).where(Visit.id == first))).one()
            row = self._visit(0, order_id, NIJKERK) | {"position": 2} | values
            second = (await session.scalars(insert(Visit).returning(Visit.id), [row])).one()
        return first, second

    async def change(self, visit_id: UUID, **values: Any) -> None:
        async with self.database.session(SYSTEM) as session:
            await session.execute(update(Visit).where(Visit.id == visit_id).values(**values))

    async def visit(self, visit_id: UUID) -> Visit:
        async with self.database.session(SYSTEM) as session:
            return (await session.scalars(select(Visit).where(Visit.id == visit_id))).one()

    def _visit(self, entity: int, order_id: UUID, place: tuple[float, float, str]) -> dict[str, Any]:
        sold = self.markets[entity]
        return {
            "entity_id": sold.entity.id,
            "order_id": order_id,
            "end_customer_contact_id": sold.customer.id,
            "position": 1,
            "kind": "INSTALLATION",
            "minutes": 90,
            "skills": ["EV"],
            "latitude": place[0],
            "longitude": place[1],
            "pc4": place[2],
        }

    async def _orders(self, session: AsyncSession, entity: int, count: int) -> list[UUID]:
        table = Order.__table__
        model = (await session.execute(select(table).where(table.c.id == self.orders[entity]))).mappings().one()
        last = uuid4().int % 1_000_000_000
        rows = [
            {name: model[name] for name in _COPIED} | {"number": factories.unique("T-"), "sequence": last + n}
            for n in range(count)
        ]
        return list(await session.scalars(insert(Order).returning(Order.id, sort_by_parameter_order=True), rows))


def planned(team: UUID, day: date, *, at: int = 8 * 60 + 30, order: int = 0, minutes: int = 90) -> dict[str, Any]:
    """Values of a visit that is planned for a team and day, from so many minutes after midnight."""
    block = "MORNING" if at < 12 * 60 else "AFTERNOON"
    times = {"starts_at": moment(day, at), "ends_at": moment(day, at + minutes)}
    return {"status": "PLANNED", "team_id": team, "day": day, "block": block, "route_order": order, **times}


def promised(values: dict[str, Any]) -> dict[str, Any]:
    """The same, promised to the customer."""
    return values | {"promised_at": datetime.now().astimezone()}


async def work(database: Database) -> Work:
    """Two entities with a planner each, without teams and without visits that wait."""
    markets = [await market(database, agreement={}) for _ in range(2)]
    orders = [await sold.ordered() for sold in markets]
    async with database.session(SYSTEM) as session:
        planners = [await factories.actor_with(session, Role.PLANNER, sold.entity) for sold in markets]
    made = Work(database, markets, planners, orders)
    await made.clear()
    return made
