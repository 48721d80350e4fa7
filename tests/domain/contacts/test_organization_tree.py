"""The channel tree: versioned in time, never circular, and the ground of who sees what."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime, Integer, literal, select, text, update
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import queries, tree
from domain.contacts.errors import (
    MoveInFuture,
    MoveTooEarly,
    NotAnOrganization,
    OrganizationCycle,
    TreeTooDeep,
)
from domain.contacts.models import Contact, OrganizationParent
from domain.errors import DomainError, NotFound
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import BusinessEntity, Membership
from tenants.permissions import Role
from tests import factories

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 40
SIZE = 5


@dataclass
class World:
    """An entity with a tenant admin and organizations that are as old as START."""

    entity: BusinessEntity
    admin: Actor
    organizations: list[UUID] = field(default_factory=list)


async def world(database: Database, size: int = SIZE) -> World:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        made = World(entity, await factories.actor_with(session, Role.TENANT_ADMIN, entity))
        for _ in range(size):
            made.organizations.append((await factories.organization(session, entity)).id)
        old = update(Contact).where(Contact.id.in_(made.organizations)).values(created_at=START)
        await session.execute(old)
    return made


async def move(database: Database, admin: Actor, moved: UUID, parent: UUID | None, at: datetime | None = None) -> None:
    async with database.session(SYSTEM) as session:
        await tree.move(session, admin, moved, parent, at)


async def tree_at(
    database: Database, actor: Actor, at: datetime | None = None, root: UUID | None = None, depth: int | None = None
) -> list[tuple[UUID, UUID | None, int]]:
    own = literal(actor.organization_id, PgUUID)
    query = queries.organization_tree(
        literal(root, PgUUID), literal(at, DateTime(timezone=True)), literal(depth, Integer), own
    )
    async with database.session(actor) as session:
        return [(row.organization_id, row.parent_id, row.depth) for row in (await session.execute(query)).all()]


# --- as of any time ---------------------------------------------------------------------------------------------------


class Model:
    """The tree in plain Python: per organization the days on which its parent changed."""

    def __init__(self) -> None:
        self.history: dict[int, list[tuple[int, int | None]]] = {n: [(0, None)] for n in range(SIZE)}

    def parent(self, child: int, day: int) -> int | None:
        return [parent for start, parent in self.history[child] if start <= day][-1]

    def chain(self, node: int, day: int) -> list[int]:
        """From the root down; stops where it comes round."""
        found = [node]
        while (above := self.parent(found[0], day)) is not None and above not in found:
            found.insert(0, above)
        return found

    def move(self, child: int, parent: int | None, day: int) -> type[DomainError] | None:
        """The refusal that is expected, or None after changing the model."""
        last_day, last_parent = self.history[child][-1]
        if parent == last_parent:
            return None
        if day < last_day or (day == last_day and last_parent is not None):
            return MoveTooEarly
        if parent is not None and any(child in self.chain(parent, at) for at in range(day, DAYS + 1)):
            return OrganizationCycle
        self.history[child].append((day, parent))
        return None

    def tree(self, day: int) -> set[tuple[int, int | None, int]]:
        return {(node, self.parent(node, day), len(self.chain(node, day)) - 1) for node in range(SIZE)}


MOVES = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.none() | st.integers(0, SIZE - 1), st.integers(0, DAYS)), max_size=12
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, days=st.sets(st.integers(0, DAYS), max_size=4))
async def test_the_tree_as_of_any_time_is_what_it_was(
    database: Database, moves: list[tuple[int, int | None, int]], days: set[int]
) -> None:
    made, model = await world(database), Model()
    ids = made.organizations
    number = {id: n for n, id in enumerate(ids)}
    for child, parent, day in moves:
        expected = model.move(child, parent, day)
        target = ids[parent] if parent is not None else None
        assert await refusal(move(database, made.admin, ids[child], target, on(day))) is expected
    for day in {0, DAYS, *days}:
        seen = await tree_at(database, made.admin, on(day))
        assert {(number[c], number.get(p) if p else None, depth) for c, p, depth in seen} == model.tree(day)
    await assert_chains(database, made, [[ids[n] for n in model.chain(n, DAYS)] for n in range(SIZE)])


async def refusal(work: Awaitable[None]) -> type[DomainError] | None:
    try:
        await work
    except DomainError as refused:
        return type(refused)
    return None


def on(day: int) -> datetime:
    return START + timedelta(days=day)


async def assert_chains(database: Database, made: World, expected: list[list[UUID]]) -> None:
    async with database.session(SYSTEM) as session:
        for id, chain in zip(made.organizations, expected, strict=True):
            row = await session.get(Contact, id)
            assert row is not None
            assert row.chain_organization_ids == row.channel_organization_ids == chain


async def test_preorder_depth_and_root(database: Database) -> None:
    made = await world(database, 4)
    a, b, c, d = made.organizations
    for child, parent in ((b, a), (c, b), (d, a)):
        await move(database, made.admin, child, parent)
    whole = await tree_at(database, made.admin)
    assert whole[0] == (a, None, 0)
    assert whole.index((c, b, 2)) == whole.index((b, a, 1)) + 1
    assert await tree_at(database, made.admin, root=b) == [(b, None, 0), (c, b, 1)]
    assert {row[0] for row in await tree_at(database, made.admin, root=a, depth=1)} == {a, b, d}
    assert await tree_at(database, made.admin, root=a, depth=0) == [(a, None, 0)]


# --- refusals ---------------------------------------------------------------------------------------------------------


async def test_two_opposite_moves_at_once_make_no_cycle(database: Database) -> None:
    made = await world(database, 2)
    a, b = made.organizations
    outcomes = await asyncio.gather(
        move(database, made.admin, a, b), move(database, made.admin, b, a), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", "OrganizationCycle"]


async def test_a_ring_of_moves_at_once_leaves_one_out(database: Database) -> None:
    made = await world(database, 3)
    a, b, c = made.organizations
    outcomes = await asyncio.gather(
        *(move(database, made.admin, x, y) for x, y in ((a, b), (b, c), (c, a))), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["NoneType", "NoneType", "OrganizationCycle"]


async def test_not_below_itself(database: Database) -> None:
    made = await world(database, 1)
    with pytest.raises(OrganizationCycle):
        await move(database, made.admin, made.organizations[0], made.organizations[0])


async def test_a_cycle_in_the_past_is_refused_as_well(database: Database) -> None:
    made = await world(database, 2)
    a, b = made.organizations
    await move(database, made.admin, a, b, on(1))
    await move(database, made.admin, a, None, on(10))
    with pytest.raises(OrganizationCycle):
        await move(database, made.admin, b, a, on(5))
    await move(database, made.admin, b, a, on(10))


async def test_neither_in_the_future_nor_before_the_last_change(database: Database) -> None:
    made = await world(database, 3)
    a, b, c = made.organizations
    with pytest.raises(MoveInFuture):
        await move(database, made.admin, a, b, datetime.now(UTC) + timedelta(minutes=5))
    await move(database, made.admin, a, b, on(5))
    with pytest.raises(MoveTooEarly):
        await move(database, made.admin, a, c, on(5))
    with pytest.raises(MoveTooEarly):
        await move(database, made.admin, b, c, START - timedelta(days=1))


async def test_moving_to_where_it_is_changes_nothing(database: Database) -> None:
    made = await world(database, 2)
    a, b = made.organizations
    await move(database, made.admin, a, b, on(1))
    await move(database, made.admin, a, b)
    async with database.session(SYSTEM) as session:
        rows = await session.execute(select(OrganizationParent).filter_by(organization_id=a))
        assert len(rows.all()) == 1
        events = await session.execute(
            text("SELECT count(*) FROM event WHERE subject_id = :id AND type = 'organization.moved'"), {"id": a}
        )
        assert events.scalar_one() == 1  # fmt: skip


async def test_the_tree_has_a_deepest_level(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_DEPTH", 3)
    made = await world(database, 4)
    a, b, c, d = made.organizations
    await move(database, made.admin, b, a)
    await move(database, made.admin, d, c)
    with pytest.raises(TreeTooDeep):
        await move(database, made.admin, c, b)


async def test_both_ends_have_to_be_visible(database: Database) -> None:
    mine, other = await world(database, 1), await world(database, 1)
    with pytest.raises(NotFound) as refused:
        await move(database, mine.admin, mine.organizations[0], other.organizations[0])
    assert refused.value.field == ("parent_id",)
    with pytest.raises(NotFound) as refused:
        await move(database, mine.admin, other.organizations[0], None)
    assert refused.value.field == ("id",)


async def test_a_person_has_no_place_in_the_tree(database: Database) -> None:
    made = await world(database, 1)
    async with database.session(SYSTEM) as session:
        somebody = (await factories.person(session, made.entity)).id
    with pytest.raises(NotAnOrganization):
        await move(database, made.admin, somebody, made.organizations[0])


# --- who sees what after a move ---------------------------------------------------------------------------------------


async def visible(database: Database, actor: Actor) -> set[UUID]:
    async with database.session(actor) as session:
        return set((await session.execute(select(Contact.id))).scalars())


async def partner(session: AsyncSession, made: World, id: UUID) -> Actor:
    organization = await session.get(Contact, id, populate_existing=True)
    assert organization is not None
    return await factories.actor_with(session, Role.PARTNER_ADMIN, made.entity, organization=organization)


async def test_a_move_takes_the_subtree_its_persons_and_users_along(database: Database) -> None:
    made = await world(database, 4)
    old, new, moved, below = made.organizations
    await move(database, made.admin, moved, old)
    await move(database, made.admin, below, moved)
    async with database.session(SYSTEM) as session:
        organization = await session.get(Contact, below)
        employee = (await factories.person(session, made.entity, organization=organization)).id
        customer = (await factories.person(session, made.entity, partner=organization)).id
        actors: dict[str, Any] = {
            name: await partner(session, made, id) for name, id in (("old", old), ("new", new), ("below", below))
        }
    await move(database, made.admin, moved, new)
    assert await visible(database, actors["old"]) == {old, customer}
    assert await visible(database, actors["new"]) == {new, moved, below, employee}
    assert await visible(database, actors["below"]) == {below, employee, customer}
    assert [row[0] for row in await tree_at(database, actors["new"])] == [new, moved, below]
    assert [row[0] for row in await tree_at(database, actors["old"])] == [old]
    async with database.session(SYSTEM) as session:
        membership = await session.execute(select(Membership).filter_by(user_id=actors["below"].user_id))
        assert membership.scalar_one().channel_organization_ids == [new, moved, below]


async def test_a_partner_sees_neither_beside_nor_above_itself_at_any_time(database: Database) -> None:
    made = await world(database, 3)
    top, mine, beside = made.organizations
    await move(database, made.admin, beside, mine, on(1))
    await move(database, made.admin, beside, top, on(20))
    await move(database, made.admin, mine, top, on(3))
    async with database.session(SYSTEM) as session:
        actor = await partner(session, made, mine)
    for day in (0, 2, 10, 30):
        assert [row[0] for row in await tree_at(database, actor, on(day))] == [mine]
    assert await tree_at(database, actor, root=top) == []
    assert await tree_at(database, actor, root=beside) == []
