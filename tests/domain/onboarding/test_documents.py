"""Documents: versions, verification, what expires, and what happens to a live partner then."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.documents.models import Document
from domain.errors import DomainErrors, InvalidState, NotFound
from domain.numbering.service import AMSTERDAM
from domain.onboarding import documents, expiring, going_live, tasks
from domain.onboarding.documents import Given
from domain.onboarding.models import PartnerDocument, PartnerOnboarding, PartnerTask
from domain.partner_orders import integration
from domain.partner_orders.models import IntegrationStatus
from tenants.actor import SYSTEM
from tenants.auth import clock
from tests.domain.onboarding.test_way import administrator
from tests.domain.onboarding.world import World

PDF = b"%PDF-1.7 a policy"
INSURED = {"kind": "LIABILITY_INSURANCE", "content": PDF, "insured_cents": 250_000_000}


@pytest.fixture
async def partner(a_world: World) -> PartnerOnboarding:
    """A contractor, who has to be insured."""
    return await a_world.accepted(category="B2B_CONTRACTOR", orders_per_month=9)


async def add(world: World, row: PartnerOnboarding, **given: Any) -> PartnerDocument:
    assert row.organization_id
    async with world.database.session(SYSTEM) as session:
        return await documents.add(
            session, world.admin, world.entity.id, row.organization_id, Given(**(INSURED | given))
        )


async def verified(world: World, row: PartnerOnboarding, **given: Any) -> PartnerDocument:
    made = await add(world, row, **given)
    async with world.database.session(SYSTEM) as session:
        return await documents.verify(session, world.admin, made.id)


async def states(world: World, row: PartnerOnboarding) -> list[str]:
    async with world.database.session(SYSTEM) as session:
        query = select(PartnerDocument.state).filter_by(organization_id=row.organization_id)
        return list(await session.scalars(query.order_by(PartnerDocument.number)))


async def look(world: World, id: UUID) -> bool:
    async with world.database.session(SYSTEM) as session:
        return await expiring.look_at(session, id)


async def status(world: World, row: PartnerOnboarding) -> str:
    assert row.organization_id
    async with world.database.session(SYSTEM) as session:
        return (await integration.of(session, world.entity.id, row.organization_id)).status


def on(patch: pytest.MonkeyPatch, day: date) -> None:
    at = datetime.combine(day, time(9), AMSTERDAM)
    patch.setattr(clock, "now", lambda: at)


def today() -> date:
    return tasks.today()


async def test_a_version_is_kept_as_it_came_and_waits_for_staff(a_world: World, partner: PartnerOnboarding) -> None:
    first = await add(a_world, partner, expires_on=today() + timedelta(days=90))
    second = await add(a_world, partner, expires_on=today() + timedelta(days=400))
    assert (first.number, second.number) == (1, 2)
    assert await states(a_world, partner) == ["SUPERSEDED", "PENDING"]
    async with a_world.database.session(SYSTEM) as session:
        file = await session.get_one(Document, second.document_id)
        waiting = select(PartnerTask.subject_id).filter_by(
            organization_id=partner.organization_id, kind="VERIFY_DOCUMENT", state="OPEN"
        )
        assert list(await session.scalars(waiting)) == [second.id]
    assert (file.size, file.payer_chain_ids) == (len(PDF), [partner.organization_id])


async def test_all_that_is_wrong_with_a_document_is_said_at_once(a_world: World, partner: PartnerOnboarding) -> None:
    with pytest.raises(DomainErrors) as refused:
        await add(a_world, partner, content=b"<html>", expires_on=today() - timedelta(days=1), insured_cents=5)
    assert {(each.code, each.field) for each in refused.value.errors} == {
        ("NOT_A_PDF", ("content",)),
        ("DOCUMENT_EXPIRED", ("expires_on",)),
        ("INSURED_TOO_LITTLE", ("insured_cents",)),
    }
    assert await states(a_world, partner) == []


async def test_a_rejection_says_why_and_a_decision_can_be_taken_back(
    a_world: World, partner: PartnerOnboarding
) -> None:
    made = await add(a_world, partner, expires_on=today() + timedelta(days=90))
    async with a_world.database.session(SYSTEM) as session:
        await documents.reject(session, a_world.admin, made.id, "page two is missing")
    assert (await a_world.states(partner))["DOCUMENT_LIABILITY_INSURANCE"] == "FAILED"
    assert any("page two is missing" in mail for mail in await a_world.mails(partner.email))
    async with a_world.database.session(SYSTEM) as session:
        await documents.reconsider(session, a_world.admin, made.id)
        await documents.verify(session, a_world.admin, made.id)
    assert (await a_world.states(partner))["DOCUMENT_LIABILITY_INSURANCE"] == "DONE"
    with pytest.raises(InvalidState):
        async with a_world.database.session(SYSTEM) as session:
            await documents.verify(session, a_world.admin, made.id)


async def test_taking_a_verification_back_lets_the_version_before_hold(
    a_world: World, partner: PartnerOnboarding
) -> None:
    await verified(a_world, partner, expires_on=today() + timedelta(days=90))
    second = await verified(a_world, partner, expires_on=today() + timedelta(days=400))
    assert await states(a_world, partner) == ["SUPERSEDED", "VERIFIED"]
    async with a_world.database.session(SYSTEM) as session:
        await documents.reconsider(session, a_world.admin, second.id)
    assert await states(a_world, partner) == ["VERIFIED", "PENDING"]


async def test_one_is_reminded_once_per_day_that_was_agreed(
    a_world: World, partner: PartnerOnboarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = today() + timedelta(days=100)
    made = await verified(a_world, partner, expires_on=last)
    told = []
    for left in (90, 60, 59, 30, 29, 12, 11, 7, 1, 0):
        with monkeypatch.context() as patch:
            on(patch, last - timedelta(days=left))
            told += [left] if await look(a_world, made.id) else []
            assert not await look(a_world, made.id)
    assert told == [60, 30, 12, 7, 1]
    async with a_world.database.session(SYSTEM) as session:
        renewal = select(PartnerTask).filter_by(organization_id=partner.organization_id, kind="RENEW_DOCUMENT")
        assert (await session.scalars(renewal)).one().due_on == last


async def test_a_live_partner_whose_insurance_expired_has_days_of_grace_and_then_no_new_orders(
    a_world: World, partner: PartnerOnboarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert partner.organization_id
    last = today() + timedelta(days=100)
    made = await verified(a_world, partner, expires_on=last)
    async with a_world.database.session(SYSTEM) as session:
        await going_live.set_status(session, a_world.entity.id, partner.organization_id, IntegrationStatus.LIVE)
    for days, wanted in ((0, "LIVE"), (1, "LIVE"), (14, "LIVE"), (15, "SUSPENDED")):
        with monkeypatch.context() as patch:
            on(patch, last + timedelta(days=days))
            await look(a_world, made.id)
            assert await status(a_world, partner) == wanted, days
    assert await states(a_world, partner) == ["EXPIRED"]
    with monkeypatch.context() as patch:
        on(patch, last + timedelta(days=20))
        await verified(a_world, partner, expires_on=last + timedelta(days=365))
    assert await status(a_world, partner) == "LIVE"
    assert await states(a_world, partner) == ["SUPERSEDED", "VERIFIED"]
    assert any("weer geldig" in mail for mail in await a_world.mails(partner.email))


async def test_a_new_version_that_waits_for_us_keeps_orders_coming(
    a_world: World, partner: PartnerOnboarding, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert partner.organization_id
    last = today() + timedelta(days=100)
    made = await verified(a_world, partner, expires_on=last)
    async with a_world.database.session(SYSTEM) as session:
        await going_live.set_status(session, a_world.entity.id, partner.organization_id, IntegrationStatus.LIVE)
    await add(a_world, partner, expires_on=last + timedelta(days=365))
    with monkeypatch.context() as patch:
        on(patch, last + timedelta(days=40))
        await look(a_world, made.id)
    assert await status(a_world, partner) == "LIVE"


async def test_nobody_hands_in_for_another(a_world: World, partner: PartnerOnboarding) -> None:
    stranger = await administrator(a_world, await a_world.accepted())
    assert partner.organization_id
    with pytest.raises(NotFound):
        async with a_world.database.session(SYSTEM) as session:
            await documents.add(session, stranger, a_world.entity.id, partner.organization_id, Given(**INSURED))
