"""Exports hold what their asker sees, once, whatever happens while they are written."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from domain.bulk import exporting, operations
from domain.bulk.errors import FilesGone, TooManyOperations
from domain.bulk.models import BulkOperation, BulkPiece, BulkState, BulkSubject, PieceRole
from domain.bulk.subjects.exports import EXPORTS
from domain.errors import InvalidState, NotFound, PermissionDenied
from domain.events.models import Event
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.domain.bulk.company import Company
from tests.domain.partner_orders.trade import trade


@pytest.fixture
async def company(database: Database) -> Company:
    return Company(await trade(database))


@pytest.fixture
async def sold(company: Company) -> Company:
    """Two orders on the dealer's account and one without a partner."""
    await company.trade.market.ordered()
    await company.trade.market.ordered()
    await company.trade.market.ordered(partner=False)
    return company


async def test_every_subject_can_be_written_for_staff_and_partners(company: Company) -> None:
    await company.trade.send()
    for actor in (company.staff, company.trade.market.actors["master_admin"]):
        for subject in EXPORTS:
            row = await company.row(await company.export(subject, actor))
            assert (row.state, row.failed, row.position) == (BulkState.DONE, 0, row.total), subject
            assert len(await company.lines(row.id)) == row.position


async def test_a_partner_gets_its_own_orders_and_nothing_that_it_does_not_see(sold: Company) -> None:
    market = sold.trade.market
    whole = await sold.lines(await sold.export(BulkSubject.ORDERS, sold.staff))
    own = await sold.lines(await sold.export(BulkSubject.ORDERS, market.actors["dealer"]))
    assert (len(whole), len(own)) == (3, 2)
    assert {line["number"] for line in own} < {line["number"] for line in whole}
    everything = {line["sku"] for order in whole for line in order["lines"]}
    for order in own:
        assert order["customer"]["email"] == market.customer.email
        assert {line["sku"] for line in order["lines"]} < everything  # the customer's own lines are not the dealer's


async def test_staff_can_narrow_an_export_to_a_partner(sold: Company) -> None:
    dealer = sold.trade.market.dealer.id
    async with sold.database.session(SYSTEM) as session:
        wanted = sold.wanted(BulkSubject.ORDERS, dealer)
        made = await operations.ask_for_export(session, sold.staff, wanted)
    await exporting.export(sold.database, sold.staff, made.id, sold.tell)
    assert len(await sold.lines(made.id)) == 2
    assert made.organization_id is None


async def test_what_was_written_before_a_crash_is_not_written_again(
    sold: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PIECE", 1)
    keep, kept = exporting._keep, 0

    async def dying(*given: Any) -> bool:
        nonlocal kept
        kept += 1
        if kept == 2:
            raise ConnectionError("the worker died")
        return await keep(*given)

    monkeypatch.setattr(exporting, "_keep", dying)
    async with sold.database.session(SYSTEM) as session:
        id = (await operations.ask_for_export(session, sold.staff, sold.wanted(BulkSubject.ORDERS))).id
    with pytest.raises(ConnectionError):
        await exporting.export(sold.database, sold.staff, id, sold.tell)
    assert (await sold.row(id)).position == 1
    await exporting.export(sold.database, sold.staff, id, sold.tell)
    numbers = [line["number"] for line in await sold.lines(id)]
    assert (len(numbers), len(set(numbers))) == (3, 3)
    assert sold.told[-1] == (3, 3)


async def test_a_worker_that_comes_to_late_writes_nothing(sold: Company) -> None:
    async with sold.database.session(SYSTEM) as session:
        id = (await operations.ask_for_export(session, sold.staff, sold.wanted(BulkSubject.ORDERS))).id
    stale = await exporting.begun(sold.database, id)
    assert stale is not None
    await exporting.export(sold.database, sold.staff, id, sold.tell)
    row = type("Row", (), {"key": UUID(int=1), "line": "{}"})
    assert not await exporting._keep(sold.database, stale, [row])  # type: ignore[list-item]  # what it takes of a row
    assert len(await sold.lines(id)) == 3


async def test_since_and_until_bound_by_when_it_was_made(sold: Company) -> None:
    now = datetime.now(UTC)
    assert await sold.lines(await sold.export(BulkSubject.ORDERS, sold.staff, since=now + timedelta(hours=1))) == []
    past = await sold.export(BulkSubject.ORDERS, sold.staff, until=now + timedelta(hours=1), since=now - timedelta(1))
    assert len(await sold.lines(past)) == 3


async def test_who_may_not_read_the_records_may_not_export_them(company: Company) -> None:
    market = company.trade.market
    async with company.database.session(SYSTEM) as session:
        planner = await factories.actor_with(session, Role.PLANNER, market.entity)
        for actor in (planner, market.actors["customer"]):
            with pytest.raises(PermissionDenied):
                await operations.ask_for_export(session, actor, company.wanted(BulkSubject.ORDERS))


async def test_others_find_nothing(company: Company) -> None:
    market = company.trade.market
    id = await company.export(BulkSubject.ORDERS, market.actors["dealer"])
    async with company.database.session(SYSTEM) as session:
        other = await factories.organization(session, market.entity)
        stranger = await factories.actor_with(session, Role.PARTNER_ADMIN, market.entity, organization=other)
        for actor in (stranger, market.actors["master_admin"], market.actors["customer"]):
            with pytest.raises(NotFound):
                await operations.downloaded(session, actor, id, PieceRole.RESULT)


async def test_asking_writing_and_downloading_stand_in_the_log(company: Company) -> None:
    id = await company.export(BulkSubject.CONTACTS, company.staff)
    async with company.database.session(SYSTEM) as session:
        await operations.downloaded(session, company.staff, id, PieceRole.RESULT)
        query = select(Event.type).where(Event.subject_id == id).order_by(Event.created_at)
        types = list(await session.scalars(query))
    assert types == [f"bulk_operation.{word}" for word in ("created", "started", "done", "downloaded")]


async def test_no_more_than_some_at_once_and_one_that_was_stopped_stays_so(company: Company) -> None:
    async with company.database.session(SYSTEM) as session:
        wanted = company.wanted(BulkSubject.ORDERS)
        made = [
            await operations.ask_for_export(session, company.staff, wanted) for _ in range(operations.MOST_UNDER_WAY)
        ]
        with pytest.raises(TooManyOperations):
            await operations.ask_for_export(session, company.staff, wanted)
        await operations.cancel(session, company.staff, made[0].id)
        with pytest.raises(InvalidState):
            await operations.cancel(session, company.staff, made[0].id)
    await exporting.export(company.database, company.staff, made[0].id, company.tell)
    assert (await company.row(made[0].id)).state == BulkState.CANCELLED


async def test_files_go_after_their_time(company: Company) -> None:
    id = await company.export(BulkSubject.CONTACTS, company.staff)
    async with company.database.session(SYSTEM) as session:
        row = await session.get_one(BulkOperation, id)
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        await session.flush()
        await operations.forget_files(session)
        left = select(func.count()).where(BulkPiece.operation_id == id)
        assert (await session.execute(left)).scalar_one() == 0
        with pytest.raises(FilesGone):
            await operations.downloaded(session, company.staff, id, PieceRole.RESULT)
