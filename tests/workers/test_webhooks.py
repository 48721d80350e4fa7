"""From an event to a receiver: signed, in order, again after failures, once per event, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from domain.contacts import privacy
from domain.contacts.models import Contact
from domain.mail import show
from domain.orders import service as orders
from domain.orders.models import OrderStage
from domain.teams.models import Team
from domain.visits.models import Visit
from domain.webhooks import deliveries, queue, replays, service
from domain.webhooks.models import AttemptError, DeliveryState, DisabledReason, EndpointState, WebhookDelivery
from domain.webhooks.outcome import Outcome
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.receiving import Receiver, receiver, says
from tests.replanning import follow_visits, plan
from tests.webhooking import Scene, later, scene

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def s(database: Database, settings: Settings) -> AsyncIterator[Scene]:
    async with scene(database, settings) as made:
        yield made


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


# --- what is told -----------------------------------------------------------------------------------------------------


async def test_a_partner_is_told_what_the_document_promises(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.stage_changed"])
    order_id = await s.m.ordered(partner_order_id="GRO-123456")
    async with s.database.session(SYSTEM) as session:
        team = Team(name=factories.unique("Team Amsterdam Noord "), base_city="Amsterdam")
        session.add(team)
        await session.flush()
        visit = (await session.scalars(select(Visit).where(Visit.order_id == order_id))).one()
        visit.team_id, visit.day, visit.status = team.id, datetime(2026, 7, 20, tzinfo=UTC).date(), "PLANNED"
    async with s.database.session(s.m.actors["staff"]) as session:
        order = await orders.move(session, order_id, OrderStage.SCHEDULED)
    await s.run()
    [got] = there.got
    assert got.json == {
        "event": "status_update",
        "order_id": order.number,
        "partner_order_id": "GRO-123456",
        "status": "scheduled",
        "scheduled_date": "2026-07-20",
        "installer": team.name,
    }
    assert list(got.json) == ["event", "order_id", "partner_order_id", "status", "scheduled_date", "installer"]
    assert Webhook(s.secrets[endpoint.id]).verify(got.body, got.headers) == got.json
    assert got.headers["chargecars-event"] == "order.stage_changed"
    assert "chargecars-test" not in got.headers


async def test_the_events_of_the_document(s: Scene, there: Receiver) -> None:
    """N6: quote sent, customer approved, (scheduled,) completed, cancelled, on hold; by the default subscription."""
    made = await s.make(s.m.actors["dealer_admin"], {"url": there.url})
    assert made.endpoint.event_types[:2] == ["quote.sent", "quote.signed"]
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.resume(order_id)
    async with s.database.session(s.m.actors["staff"]) as session:
        await orders.cancel(session, order_id, "Verhuisd")
    await s.run()
    told = [(got.headers["chargecars-event"].split(".")[0], got.json["status"]) for got in there.got]
    quote = [status for subject, status in told if subject == "quote"]
    assert quote == ["quote_sent", "partner_approved", "customer_approved"]
    order = [status for subject, status in told if subject == "order"]
    assert order == ["received", "on_hold", "cancelled", "cancelled"], "resuming tells where the order is by then"


async def test_a_partner_is_told_when_and_by_whom_and_again_when_it_is_moved(s: Scene, there: Receiver) -> None:
    await s.make(s.m.actors["dealer_admin"], {"url": there.url})
    async with s.database.session(SYSTEM) as session:
        teams = [await factories.team(session) for _ in range(2)]
    order_id = await s.m.ordered()
    await s.run()
    before = len(there.got)
    await plan(s.database, order_id, date(2026, 7, 20), teams[0].id)
    await follow_visits(s.database, s.m.entity.id)
    await s.run()
    await plan(s.database, order_id, date(2026, 7, 22), teams[1].id)
    await s.run()
    told = there.got[before:]
    assert [(got.headers["chargecars-event"], *list(got.json.values())[3:]) for got in told] == [
        ("order.stage_changed", "scheduled", "2026-07-20", teams[0].name),
        ("visit.moved", "scheduled", "2026-07-22", teams[1].name),
    ]


async def test_a_selection_of_their_own(s: Scene, there: Receiver) -> None:
    selection = "type order { number stage lines { description } ... on PartnerOrder { partnerOrderId } } # as agreed"
    await s.endpoint(there.url, event_types=["order.held"], selection=selection)
    order_id = await s.m.ordered(partner_order_id="X-1")
    await s.hold(order_id)
    await s.run()
    [got] = there.got
    assert got.json["type"] == "order.held"
    assert got.json["order"]["partnerOrderId"] == "X-1"
    assert len(got.json["order"]["lines"]) == 1, "the dealer sees the line that it pays, and no other"


async def test_everybody_is_told_what_they_may_see(s: Scene, there: Receiver) -> None:
    """The dealer, the master above it and the entity itself; not another partner of the same entity."""
    async with s.database.session(SYSTEM) as session:
        stranger = await factories.organization(session, s.m.entity)
        outsider = await factories.actor_with(
            session, s.m.actors["dealer_admin"].role, s.m.entity, organization=stranger
        )
    s.m.actors["outsider"] = outsider
    everything = {"event_types": ["*"]}
    for by in ("dealer_admin", "master_admin", "tenant_admin", "outsider"):
        await s.endpoint(f"{there.url}/{by}", by=by, **everything)
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.run()
    told = {by: [g.headers["chargecars-event"] for g in there.got if g.path.endswith(by)] for by in s.m.actors}
    assert told["outsider"] == []
    assert "order.held" in told["dealer_admin"]
    assert "order.held" in told["master_admin"]
    assert "order.held" in told["tenant_admin"]
    assert "quote.created" in told["tenant_admin"], "an internal event"
    assert "quote.created" not in told["dealer_admin"] + told["master_admin"]
    assert not [name for names in told.values() for name in names if name.startswith("webhook.")]


async def test_what_was_merged_is_still_told(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    order_id = await s.m.ordered()
    await s.hold(order_id)
    async with s.database.session(SYSTEM) as session:
        winner = await factories.organization(session, s.m.entity)
        loser = await session.get_one(Contact, s.m.dealer.id)
        loser.merged_into_id = winner.id
        kept = await session.get_one(type(endpoint), endpoint.id)
        kept.organization_id = winner.id
    await s.react()
    assert len(await s.deliveries(endpoint)) == 1


async def test_an_event_makes_one_delivery_however_often_it_is_told(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    await s.hold(await s.m.ordered())
    await s.react()
    s.told = 0
    await s.react()
    assert len(await s.deliveries(endpoint)) == 1
    await s.run()
    assert len(there.got) == 1


async def test_an_endpoint_is_not_told_what_was_before_it(s: Scene, there: Receiver) -> None:
    await s.hold(await s.m.ordered())
    await s.endpoint(there.url)
    await s.run()
    assert there.got == []


async def test_the_payload_stays_what_it_was(s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is frozen before the first attempt: what changed meanwhile is told by its own event."""
    await s.endpoint(there.url, event_types=["order.held"], selection="order { onHold }")
    order_id = await s.m.ordered()
    await s.hold(order_id)
    there.answers = [says("500 No")]
    await s.run()
    await s.resume(order_id)
    later(monkeypatch, 2 * MINUTE)
    await s.run()
    first, second = there.got
    assert first.json == {"order": {"onHold": True}}
    assert second.body == first.body
    assert second.id == first.id
    assert second.headers["webhook-signature"] != first.headers["webhook-signature"], "signed anew"
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 120


# --- failures ---------------------------------------------------------------------------------------------------------


async def test_three_attempts_then_an_alert_and_a_mail(
    s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.always = says("503 Busy", b"try later")
    mailbox = f"{factories.unique()}@partner.example"
    endpoint = await s.endpoint(there.url, event_types=["order.held"], contact_emails=[mailbox])
    order_id = await s.m.ordered(partner_order_id="GRO-77")
    await s.hold(order_id)
    await s.run()
    await s.run()
    assert len(there.got) == 1, "not before a minute has passed"
    for ahead in (2, 4):
        later(monkeypatch, ahead * MINUTE)
        await s.run()
    later(monkeypatch, 90 * MINUTE)
    await s.run()
    assert len(there.got) == 3
    assert len({got.id for got in there.got}) == 1
    [delivery] = await s.deliveries(endpoint)
    assert (delivery.state, delivery.attempts, delivery.last_error) == (DeliveryState.FAILED, 3, AttemptError.STATUS)
    attempts = await s.attempts(endpoint)
    assert [(a.number, a.status, a.response_body) for a in attempts] == [(n, 503, "try later") for n in (1, 2, 3)]
    update, alert = sorted(await show.latest(s.database, to=mailbox), key=lambda mail: "komt niet aan" in mail.subject)
    assert "GRO-77" in update.body
    assert "Status: in de wacht" in update.body
    assert "3 pogingen" in alert.body
    assert "STATUS 503" in alert.body


async def test_waits_follow_the_policy_of_the_endpoint(s: Scene, there: Receiver) -> None:
    there.always = says("500 No")
    endpoint = await s.endpoint(there.url, event_types=["order.held"], retry_seconds=600)
    await s.hold(await s.m.ordered())
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    wait = delivery.next_attempt_at - datetime.now(UTC)
    assert timedelta(seconds=590) < wait <= timedelta(seconds=660)


async def test_retry_after_is_honoured(s: Scene, there: Receiver) -> None:
    there.always = says("429 Slow down", b"", "Retry-After: 900\r\n")
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    await s.hold(await s.m.ordered())
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    assert delivery.next_attempt_at - datetime.now(UTC) > timedelta(seconds=890)


async def test_alerts_are_few_and_updates_are_all_mailed(s: Scene, there: Receiver) -> None:
    there.always = says("500 No")
    mailbox = f"{factories.unique()}@partner.example"
    await s.endpoint(there.url, event_types=["order.held", "order.resumed"], contact_emails=[mailbox], attempts=1)
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.resume(order_id)
    await s.run()
    subjects = [mail.subject for mail in await show.latest(s.database, to=mailbox)]
    assert len([subject for subject in subjects if "komt niet aan" in subject]) == 1
    assert len([subject for subject in subjects if subject.startswith("Status van")]) == 2


async def test_no_mail_where_none_is_wanted(s: Scene, there: Receiver) -> None:
    there.always = says("500 No")
    mailbox = f"{factories.unique()}@partner.example"
    await s.endpoint(there.url, event_types=["order.held"], contact_emails=[mailbox], attempts=1, mail_fallback=False)
    await s.hold(await s.m.ordered())
    await s.run()
    [alert] = await show.latest(s.database, to=mailbox)
    assert "komt niet aan" in alert.subject


async def test_an_endpoint_that_is_gone_is_disabled_at_once(s: Scene, there: Receiver) -> None:
    there.always = says("410 Gone")
    mailbox = f"{factories.unique()}@partner.example"
    endpoint = await s.endpoint(there.url, event_types=["order.held", "order.resumed"], contact_emails=[mailbox])
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.resume(order_id)
    await s.run()
    kept = await s.again(endpoint)
    assert (kept.state, kept.disabled_reason) == (EndpointState.DISABLED, DisabledReason.GONE)
    states = [delivery.state for delivery in await s.deliveries(endpoint)]
    assert states == [DeliveryState.FAILED, DeliveryState.SKIPPED]
    assert len(there.got) == 1
    assert any("uitgeschakeld" in mail.subject for mail in await show.latest(s.database, to=mailbox))


async def test_an_endpoint_that_fails_for_days_is_disabled(
    s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.always = says("500 No")
    endpoint = await s.endpoint(there.url, event_types=["order.*"], attempts=1, contact_emails=[])
    order_id = await s.m.ordered()
    for _ in range(3):
        await s.hold(order_id)
        await s.resume(order_id)
    await s.run()
    assert (await s.again(endpoint)).state == EndpointState.ENABLED, "often, but not for long"
    later(monkeypatch, timedelta(hours=73))
    await s.hold(order_id)
    await s.run()
    kept = await s.again(endpoint)
    assert (kept.state, kept.disabled_reason) == (EndpointState.DISABLED, DisabledReason.FAILING)
    before = len(there.got)
    await s.resume(order_id)
    await s.run()
    assert len(there.got) == before, "it gets nothing any more"


async def test_an_endpoint_that_loses_many_in_a_row_is_disabled(database: Database, settings: Settings) -> None:
    async with scene(database, settings, webhook_disable_after_deliveries=5) as s, receiver() as there:
        there.always = says("500 No")
        endpoint = await s.endpoint(there.url, event_types=["order.*"], attempts=1, contact_emails=[])
        order_id = await s.m.ordered()
        for _ in range(3):
            await s.hold(order_id)
            await s.resume(order_id)
        await s.run()
        assert (await s.again(endpoint)).disabled_reason == DisabledReason.FAILING
        assert len(there.got) == 5


async def test_a_success_forgets_the_failures(s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    there.answers = [says("500 No")]
    await s.hold(await s.m.ordered())
    await s.run()
    assert (await s.again(endpoint)).failing_since is not None
    later(monkeypatch, 2 * MINUTE)
    await s.run()
    kept = await s.again(endpoint)
    assert (kept.failing_since, kept.failed_in_a_row) == (None, 0)


async def test_a_selection_that_cannot_be_read_is_a_failure_of_ours(s: Scene, there: Receiver) -> None:
    """The schema has moved on: nothing is sent, everybody is told, and the endpoint is not blamed."""
    endpoint = await s.endpoint(there.url, event_types=["order.held"], attempts=1)
    async with s.database.session(SYSTEM) as session:
        kept = await session.get_one(type(endpoint), endpoint.id)
        kept.selection = "aFieldThatWas"
    await s.hold(await s.m.ordered())
    await s.run()
    assert there.got == []
    [attempt] = await s.attempts(endpoint)
    assert attempt.error == AttemptError.PAYLOAD
    assert (await s.again(endpoint)).failing_since is None


# --- order, fairness, crashes -----------------------------------------------------------------------------------------


async def test_one_subject_is_told_in_order(s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed first is told first; another order does not wait for it."""
    await s.endpoint(there.url, event_types=["order.held", "order.resumed"])
    stuck, free = await s.m.ordered(), await s.m.ordered()
    await s.hold(stuck)
    await s.run()
    there.got.clear()
    there.answers = [says("500 No")]
    await s.resume(stuck)
    await s.run()
    await s.hold(stuck)
    await s.hold(free)
    await s.run()
    assert [got.headers["chargecars-event"] for got in there.got] == ["order.resumed", "order.held"]
    later(monkeypatch, 2 * MINUTE)
    await s.run()
    told = [(got.headers["chargecars-event"], got.json["order_id"]) for got in there.got]
    assert [name for name, number in told if number == told[0][1]] == ["order.resumed", "order.resumed", "order.held"]


async def test_a_slow_endpoint_holds_up_nobody(s: Scene) -> None:
    async with receiver() as slow, receiver() as quick:
        slow.always = slow.hangs()
        await s.endpoint(slow.url, event_types=["order.received"])
        await s.endpoint(quick.url, event_types=["order.received"])
        for _ in range(6):
            await s.m.ordered()
        await s.react()
        working = asyncio.create_task(s.deliverer.drain())
        await quick.wait_for(6)
        assert len(quick.got) == 6
        assert slow.most_at_once <= s.settings.webhook_connections_per_endpoint
        slow.released.set()
        await working


async def test_a_failing_endpoint_is_asked_one_at_a_time(s: Scene) -> None:
    async with receiver() as there:
        there.answers = [says("500 No")]
        await s.endpoint(there.url, event_types=["order.received"], contact_emails=[])
        await s.m.ordered()
        await s.run()
        there.most_at_once = 0
        for _ in range(4):
            await s.m.ordered()
        there.always = says("500 No")
        await s.run()
        assert len(there.got) == 5
        assert there.most_at_once == 1


async def test_two_workers_send_each_delivery_once(s: Scene, there: Receiver) -> None:
    await s.endpoint(there.url, event_types=["order.received"])
    for _ in range(5):
        await s.m.ordered()
    await s.react()
    other = type(s.deliverer)(s.database, s.settings, s.here.renderer, s.deliverer._outbound)
    await asyncio.gather(s.deliverer.drain(), other.drain(), s.deliverer.drain())
    assert len(there.got) == 5
    assert len({got.id for got in there.got}) == 5


async def test_a_worker_that_dies_is_found(s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 between taking and keeping: after the lease it is sent again, and that costs no attempt."""
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    await s.hold(await s.m.ordered())
    await s.react()
    async with s.database.session(SYSTEM) as session:
        [taken] = await queue.take_due(session, s.settings, 10)
    await s.run()
    assert there.got == [], "somebody is at it"
    later(monkeypatch, MINUTE)
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    assert (delivery.state, delivery.attempts, delivery.attempts_before) == (DeliveryState.DELIVERED, 2, 1)
    assert [attempt.error for attempt in await s.attempts(endpoint)] == [AttemptError.INTERRUPTED, None]
    async with s.database.session(SYSTEM) as session:
        state = await queue.conclude(session, s.settings, taken, Outcome(AttemptError.TIMEOUT))
    assert state is DeliveryState.DELIVERED, "what the dead one finds out later changes nothing"


async def test_a_delivery_that_kills_its_worker_is_given_up(
    s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"], attempts=2)
    await s.hold(await s.m.ordered())
    await s.react()
    for times in range(1, queue.MOST_INTERRUPTIONS + 3):
        async with s.database.session(SYSTEM) as session:
            await queue.take_due(session, s.settings, 10)
        later(monkeypatch, times * MINUTE)
    there.always = says("500 No")
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    assert delivery.state == DeliveryState.FAILED
    assert delivery.interruptions == queue.MOST_INTERRUPTIONS + 2


async def test_no_transaction_is_open_while_a_receiver_thinks(s: Scene) -> None:
    async with receiver() as there:
        there.always = there.hangs()
        await s.endpoint(there.url, event_types=["order.held"])
        await s.hold(await s.m.ordered())
        await s.react()
        working = asyncio.create_task(s.deliverer.drain())
        await there.wait_for(1)
        async with s.database.session(SYSTEM) as session:
            query = select(WebhookDelivery).where(WebhookDelivery.lease_until.is_not(None))
            assert (await session.scalars(query.with_for_update(nowait=True))).all()
        there.released.set()
        await working


async def test_the_task_is_woken_by_the_commit(s: Scene, there: Receiver) -> None:
    await s.endpoint(there.url, event_types=["order.held"])
    order_id = await s.m.ordered()
    working = asyncio.create_task(s.deliverer.run())
    await s.hold(order_id)
    await s.react()
    assert len(await there.wait_for(1)) == 1
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


# --- replays ----------------------------------------------------------------------------------------------------------


async def test_one_delivery_again(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    await s.hold(await s.m.ordered())
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    async with s.database.session(SYSTEM) as session:
        await replays.replay_one(session, s.m.actors["dealer_admin"], delivery.id)
    await s.run()
    first, second = there.got
    assert (first.id, first.body) == (second.id, second.body)
    [delivery] = await s.deliveries(endpoint)
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 2)


async def test_a_replay_has_a_round_of_attempts(s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    there.always = says("500 No")
    mailbox = f"{factories.unique()}@partner.example"
    endpoint = await s.endpoint(there.url, event_types=["order.held"], attempts=2, contact_emails=[mailbox])
    await s.hold(await s.m.ordered())
    await s.run()
    later(monkeypatch, 2 * MINUTE)
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    assert delivery.state == DeliveryState.FAILED
    async with s.database.session(SYSTEM) as session:
        await replays.replay_one(session, s.m.actors["dealer_admin"], delivery.id)
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 3)
    later(monkeypatch, 4 * MINUTE)
    await s.run()
    [delivery] = await s.deliveries(endpoint)
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 4)
    mailed = [mail for mail in await show.latest(s.database, to=mailbox) if mail.subject.startswith("Status van")]
    assert len(mailed) == 1, "the update was mailed once"


async def test_a_range_with_what_was_missed(s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disabled meanwhile: what happened then was never queued, and is told when somebody asks for it."""
    monkeypatch.setattr(replays, "BATCH", 2)
    endpoint = await s.endpoint(there.url, event_types=["order.held", "order.resumed"])
    admin = s.m.actors["dealer_admin"]
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.run()
    async with s.database.session(SYSTEM) as session:
        await service.disable(session, admin, endpoint.id)
    for _ in range(2):
        await s.resume(order_id)
        await s.hold(order_id)
    await s.run()
    assert len(there.got) == 1
    async with s.database.session(SYSTEM) as session:
        await service.enable(session, admin, endpoint.id)
        since = datetime.now(UTC) - timedelta(hours=1)
        asked = replays.Range(since=since, undelivered_only=True)
        replay = await replays.start(session, admin, endpoint.id, asked)
    await s.run()
    assert [got.headers["chargecars-event"] for got in there.got[1:]] == ["order.resumed", "order.held"] * 2
    async with s.database.session(SYSTEM) as session:
        done = await session.get_one(type(replay), replay.id)
    assert (done.state, done.examined, done.queued) == ("DONE", 5, 4)


async def test_a_range_is_told_again_with_the_same_ids(s: Scene, there: Receiver) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held", "order.resumed"])
    order_id = await s.m.ordered()
    await s.hold(order_id)
    await s.resume(order_id)
    await s.run()
    async with s.database.session(SYSTEM) as session:
        asked = replays.Range(since=datetime.now(UTC) - timedelta(hours=1))
        await replays.start(session, s.m.actors["dealer_admin"], endpoint.id, asked)
    await s.run()
    assert [got.id for got in there.got[:2]] == [got.id for got in there.got[2:]]
    assert len(there.got) == 4


# --- tests and keeping ------------------------------------------------------------------------------------------------


async def test_a_test_is_sent_once_and_blames_nobody(s: Scene, there: Receiver) -> None:
    there.always = says("500 No")
    mailbox = f"{factories.unique()}@partner.example"
    endpoint = await s.endpoint(there.url, contact_emails=[mailbox])
    async with s.database.session(SYSTEM) as session:
        await deliveries.create_test(session, endpoint, deliveries.sample(), None)
    await s.run()
    [got] = there.got
    assert got.headers["chargecars-test"] == "true"
    assert got.json == deliveries.SAMPLE
    assert Webhook(s.secrets[endpoint.id]).verify(got.body, got.headers)
    assert (await s.again(endpoint)).failing_since is None
    assert await show.latest(s.database, to=mailbox) == []


async def test_what_a_dead_worker_left_of_a_disabled_endpoint(
    s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    await s.hold(await s.m.ordered())
    await s.react()
    async with s.database.session(SYSTEM) as session:
        await queue.take_due(session, s.settings, 10)
        await service.disable(session, s.m.actors["dealer_admin"], endpoint.id)
    later(monkeypatch, 90 * MINUTE)
    async with s.database.session(SYSTEM) as session:
        assert await deliveries.close_abandoned(session) == 1
    [attempt] = await s.attempts(endpoint)
    assert attempt.error == AttemptError.INTERRUPTED
    [delivery] = await s.deliveries(endpoint)
    assert (delivery.state, delivery.lease_until) == (DeliveryState.SKIPPED, None)


async def test_deliveries_are_forgotten_when_their_time_is_over(
    s: Scene, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = await s.endpoint(there.url, event_types=["order.held"])
    await s.hold(await s.m.ordered())
    await s.run()
    async with s.database.session(SYSTEM) as session:
        await deliveries.forget(session, timedelta(days=90))
    assert len(await s.deliveries(endpoint)) == 1
    later(monkeypatch, timedelta(days=91))
    async with s.database.session(SYSTEM) as session:
        await deliveries.forget(session, timedelta(days=90))
    assert await s.deliveries(endpoint) == []
    assert await s.attempts(endpoint) == []


async def test_nothing_is_kept_of_a_person_that_was_erased(s: Scene, there: Receiver) -> None:
    """Neither what was told about it, nor what a receiver answered, nor its address among the contacts."""
    there.always = says("200 OK", b"stored for the customer")
    mailbox = f"{factories.unique()}@example.nl"
    async with s.database.session(SYSTEM) as session:
        kept = await session.get_one(Contact, s.m.customer.id)
        kept.email = mailbox
    told = {"event_types": ["order.cancelled"], "selection": "order { endCustomer { name } }"}
    endpoint = await s.endpoint(there.url, by="tenant_admin", contact_emails=[mailbox], **told)
    order_id = await s.m.ordered()
    async with s.database.session(s.m.actors["staff"]) as session:
        await orders.cancel(session, order_id, "Verhuisd")
    await s.run()
    assert s.m.customer.name in there.got[0].body
    async with s.database.session(SYSTEM) as session:
        await privacy.erase(session, s.m.actors["staff"], s.m.customer.id)
    [delivery] = await s.deliveries(endpoint)
    [attempt] = await s.attempts(endpoint)
    assert (delivery.body, attempt.response_body) == (None, None)
    assert (await s.again(endpoint)).contact_emails == []
