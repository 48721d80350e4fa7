"""A sandbox is a copy beside the live side: everything works in it, and nothing of it reaches beyond."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook, WebhookVerificationError

from domain.commissions.models import Commission
from domain.contacts.models import Contact
from domain.errors import NotFound
from domain.events.models import Event, EventConsumer
from domain.invoices.models import Invoice
from domain.leads.models import Lead
from domain.mail.models import MailMessage
from domain.orders.models import Order
from domain.orders.polling import status_of
from domain.partner_orders import integration
from domain.partner_orders.errors import SignatureExpired
from domain.partner_orders.models import PartnerOrder
from domain.partner_orders.signing import Secret, sign, verify
from domain.plans import backlog
from domain.quotes.models import LineItem, Quote
from domain.reactions import REACTIONS, Reaction
from domain.sandbox import checks, faulting, guard, letters, making, runs, timing
from domain.sandbox.errors import SandboxHasNoSuchOrder, SandboxOfASandbox, SandboxRunRunning, SandboxStepNotPossible
from domain.sandbox.life import INSTALLER, LifeStep
from domain.sandbox.models import CheckState, RunState
from domain.visits.models import Visit
from domain.webhooks.models import Fault, WebhookAttempt, WebhookDelivery
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.settings import Settings
from tests.domain.sandbox.play import Play, play
from tests.factories import unique
from tests.receiving import Receiver, receiver, says
from workers.reacting import Follower

WHOLE_LIFE = (LifeStep.APPROVE, LifeStep.SCHEDULE, LifeStep.HOLD, LifeStep.RESUME, LifeStep.START, LifeStep.COMPLETE)


@pytest.fixture
async def p(database: Database, settings: Settings) -> AsyncIterator[Play]:
    async with play(database, settings) as made:
        yield made


async def rows(p: Play, model: Any, *conditions: Any) -> list[Any]:
    async with p.database.session(SYSTEM) as session:
        return list(await session.scalars(select(model).where(*conditions)))


async def test_orders_of_the_sandbox_are_priced_and_mapped_as_live_ones(p: Play) -> None:
    live, tried = await p.trade.send(), await p.send("GRO-1")
    assert tried.issues == live.issues == []
    sold = [
        sorted((line.unit_price_cents, line.quantity) for line in await rows(p, LineItem, LineItem.entity_id == id))
        for id in (p.trade.market.entity.id, p.sandbox.sandbox_entity_id)
    ]
    assert sold[0] == sold[1]
    assert len(sold[0]) == 2
    assert (tried.quote_number or "").startswith(f"S{p.trade.market.entity.code}-Q-")


async def test_a_whole_life_and_nothing_of_it_reaches_beyond(p: Play) -> None:
    await p.send("GRO-7")
    await p.step("GRO-7", *WHOLE_LIFE[:2])
    async with p.database.session(p.twin) as session:
        found = await status_of(session, "GRO-7")
    assert (found.status, found.installer) == ("scheduled", INSTALLER)
    assert found.scheduled_date is not None
    await p.step("GRO-7", *WHOLE_LIFE[2:])
    entity = p.sandbox.sandbox_entity_id
    (order,) = await rows(p, Order, Order.entity_id == entity)
    assert order.stage == "COMPLETED"
    for model in (Visit, Invoice):
        assert await rows(p, model, model.entity_id == entity) == []
    today = clock.now().date()
    async with p.database.session(SYSTEM) as session:
        planned = await backlog.visits(session, today, today + timedelta(days=20), waiting=True, also=())
    assert order.id not in {visit.order_id for visit in planned}


async def test_no_mail_leaves_and_its_partner_reads_it(p: Play) -> None:
    async with p.database.session(SYSTEM) as session:
        twin = await making.twin_integration(session, await p.mine(session))
        twin.notify_emails = ["integratie@example.nl"]
    await p.send("GRO-1", {"partner_sku": "UNKNOWN"})
    kept = await rows(p, MailMessage, MailMessage.entity_id == p.sandbox.sandbox_entity_id)
    assert {mail.status for mail in kept} == {"KEPT"}
    async with p.database.session(SYSTEM) as session:
        shown = await letters.kept(session, await p.mine(session))
    assert "integratie@example.nl" in {letter.recipient for letter in shown}
    assert all(letter.body for letter in shown)


async def test_nobody_of_the_live_side_sees_it_and_people_are_not_shared(p: Play) -> None:
    await p.trade.send()
    await p.send("GRO-1")
    market = p.trade.market
    people = await rows(
        p,
        Contact,
        Contact.email == "sanne@example.nl",
        Contact.entity_ids.overlap([market.entity.id, p.sandbox.sandbox_entity_id]),
    )
    assert sorted(len(person.entity_ids) for person in people) == [1, 1], "the same person twice, once on each side"
    for name in ("staff", "dealer_admin", "master"):
        async with p.database.session(market.actors[name]) as session:
            seen = await session.scalars(select(PartnerOrder.entity_id))
            assert set(seen) <= {market.entity.id}
            twin = select(Contact.id).where(Contact.id == p.sandbox.sandbox_organization_id)
            assert (await session.execute(twin)).first() is None
            assert p.sandbox.sandbox_entity_id not in set(await session.scalars(select(BusinessEntity.id)))


async def test_another_partner_gets_the_same_entity_and_a_twin_of_its_own(p: Play) -> None:
    market = p.trade.market
    async with p.database.session(SYSTEM) as session:
        again = await making.create(session, p.admin, market.entity.id, market.dealer.id)
        other = await making.create(session, SYSTEM, market.entity.id, market.master.id)
        assert again.id == p.sandbox.id
        assert other.sandbox_entity_id == p.sandbox.sandbox_entity_id
        assert other.sandbox_organization_id != p.sandbox.sandbox_organization_id
        with pytest.raises(NotFound):
            await making.create(session, p.admin, market.entity.id, market.master.id)
        with pytest.raises(SandboxOfASandbox):
            await making.create(session, SYSTEM, p.sandbox.sandbox_entity_id, p.sandbox.sandbox_organization_id)


async def test_emptied_it_takes_the_same_numbers_again(p: Play) -> None:
    first = await p.send("GRO-1")
    async with p.database.session(SYSTEM) as session:
        p.sandbox = await making.empty(session, await p.mine(session))
    again = await p.send("GRO-1")
    assert (again.repeated, again.quote_number != first.quote_number) == (False, True)


# --- the clock --------------------------------------------------------------------------------------------------------


async def test_signatures_hold_by_the_clock_of_the_sandbox(p: Play) -> None:
    secret = Secret(p.sandbox.id, "ccsig_secret")
    headers = sign(secret.text, clock.now(), b"{}")
    given = (headers["chargecars-timestamp"], headers["chargecars-signature"], b"{}")
    async with p.database.session(SYSTEM) as session:
        sandbox = await p.mine(session)
        twin = await making.twin_integration(session, sandbox)
        assert verify([secret], *given, integration.now(twin)) == secret
        await timing.advance(session, sandbox, 600)
        with pytest.raises(SignatureExpired):
            verify([secret], *given, integration.now(twin))
        await timing.set_to(session, sandbox, None, frozen=True)
        assert integration.now(twin) == sandbox.clock_frozen_at
        await timing.set_to(session, sandbox, None, frozen=False)
        assert verify([secret], *given, integration.now(twin)) == secret
        assert (twin.clock_offset_seconds, twin.clock_frozen_at) == (0, None)


async def test_time_passes_for_quotes_and_messages_of_the_sandbox_alone(p: Play) -> None:
    await p.trade.send()
    await p.send("GRO-1")
    async with p.database.session(SYSTEM) as session:
        await timing.advance(session, await p.mine(session), 86_400 * 60)
    async with p.database.session(SYSTEM) as session:
        of = (p.trade.market.entity.id, p.sandbox.sandbox_entity_id)
        both = await session.execute(select(Quote.entity_id, Quote.status).where(Quote.entity_id.in_(of)))
        found = {entity_id: status for entity_id, status in both}
    assert found == {p.trade.market.entity.id: "SENT", p.sandbox.sandbox_entity_id: "EXPIRED"}


async def test_steps_that_are_not_possible_are_refused(p: Play) -> None:
    await p.send("GRO-1")
    for number, wanted, refused in (
        ("GRO-9", LifeStep.APPROVE, SandboxHasNoSuchOrder),
        ("GRO-1", LifeStep.COMPLETE, SandboxStepNotPossible),
        ("GRO-1", LifeStep.SEND_QUOTE, SandboxStepNotPossible),
    ):
        with pytest.raises(refused):
            await p.step(number, wanted)
    await p.step("GRO-1", LifeStep.DECLINE)
    with pytest.raises(SandboxStepNotPossible):
        await p.step("GRO-1", LifeStep.APPROVE)


# --- faults and checks ------------------------------------------------------------------------------------------------


async def test_a_careful_partner_passes_the_whole_run(p: Play) -> None:
    async with receiver() as there:
        secret = await p.endpoint(there.url)
        there.always = checking(there, secret)
        for number in ("GRO-1", "GRO-2"):
            await p.send(number)
        run = await p.run()
        found = await p.checks(run)
    assert {code: check.state for code, check in found.items() if check.required} == {
        code: CheckState.PASSED for code, check in found.items() if check.required
    }
    assert (run.state, run.score) == (RunState.PASSED, 100)
    assert found["WEBHOOK_SIGNATURE_CHECKED"].evidence["answered"] == 401
    async with p.database.session(SYSTEM) as session:
        assert await checks.passed(session, p.sandbox.entity_id, p.sandbox.organization_id)
        await making.empty(session, await p.mine(session))
        assert not await checks.passed(session, p.sandbox.entity_id, p.sandbox.organization_id)


async def test_who_believes_every_message_fails(p: Play) -> None:
    async with receiver() as there:
        await p.endpoint(there.url, event_types=["order.held"])
        await p.send("GRO-1")
        run = await p.run()
        found = await p.checks(run)
    assert (run.state, found["WEBHOOK_SIGNATURE_CHECKED"].state) == (RunState.FAILED, CheckState.FAILED)
    assert 0 < run.score < 100


async def test_one_run_at_a_time(p: Play) -> None:
    async with p.database.session(SYSTEM) as session:
        sandbox = await p.mine(session)
        first = await runs.start(session, p.admin, sandbox)
        with pytest.raises(SandboxRunRunning):
            await runs.start(session, p.admin, sandbox)
        await runs.stop(session, first)
        assert (await runs.start(session, p.admin, sandbox)).id != first.id


async def test_faults_by_chance_hit_what_they_should(p: Play) -> None:
    async with receiver() as there:
        await p.endpoint(there.url)
        async with p.database.session(SYSTEM) as session:
            await faulting.set_shares(session, await p.mine(session), [(Fault.DUPLICATE, 1.0)])
        await p.send("GRO-1")
        await p.step("GRO-1", LifeStep.APPROVE)
        await p.deliver()
        twice = [got.headers["webhook-id"] for got in there.got]
    assert len(twice) == 2
    assert len(set(twice)) == 1
    (delivery,) = await rows(p, WebhookDelivery, WebhookDelivery.entity_id == p.sandbox.sandbox_entity_id)
    assert (delivery.state, delivery.attempts) == ("DELIVERED", 2)
    attempts = await rows(p, WebhookAttempt, WebhookAttempt.delivery_id == delivery.id)
    assert sorted(attempt.fault or "" for attempt in attempts) == ["", "DUPLICATE"]


def checking(there: Receiver, secret: str) -> Any:
    """What the guide tells receivers to do: refuse what is not signed by us."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        got = there.got[-1]
        try:
            Webhook(secret).verify(got.body, got.headers)
        except WebhookVerificationError:
            await says("401 Unauthorized")(writer)
        else:
            await says("204 No Content")(writer)

    return answer


async def test_reactions_pass_over_what_happens_in_a_sandbox(p: Play) -> None:
    """Neither invoice nor commission nor document comes of a test order; messages to webhooks do."""
    await p.send("GRO-1")
    await p.step("GRO-1", LifeStep.APPROVE, LifeStep.COMPLETE)
    seen: dict[bool, set[UUID]] = {True: set(), False: set()}
    for within in seen:

        async def react(_session: AsyncSession, event: Event, within: bool = within) -> None:
            seen[within].add(event.entity_id)

        reaction = Reaction(unique("sandbox "), frozenset({"order.received"}), react, in_sandboxes=within)
        async with p.database.session(SYSTEM) as session:
            await session.execute(insert(EventConsumer).values(name=reaction.name, position=0))
        while await Follower(p.database, reaction).step():
            pass
    assert p.sandbox.sandbox_entity_id in seen[True]
    assert p.sandbox.sandbox_entity_id not in seen[False]
    assert {each.name for each in REACTIONS if each.in_sandboxes} == {"webhooks", "notifications", "partner_orders"}


async def test_the_database_refuses_what_a_sandbox_has_none_of(p: Play) -> None:
    assert {model.__tablename__ for model in (Visit, Invoice, Commission, Lead)} == set(guard.NEVER)
    given = {"id": p.sandbox.sandbox_entity_id}
    for table in guard.NEVER:
        async with p.database.session(SYSTEM) as session:
            row = text(f"INSERT INTO {table} (entity_id) VALUES (:id)")  # a table's name
            with pytest.raises(DBAPIError, match=f"no {table} in a sandbox"):
                await session.execute(row, given)
            await session.rollback()
