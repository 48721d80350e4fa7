"""Deliveries over a real provider and a real mail server: sent, tried again, given up, carried on elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from domain.contacts import privacy
from domain.events import consumers
from domain.events.models import Event, EventConsumer
from domain.jobs.models import Job
from domain.mail.models import MailMessage
from domain.mail.service import WAITS as MAIL_WAITS
from domain.notifications import deliveries, preferences, tracking
from domain.notifications.models import Notification, NotificationDelivery
from domain.notifications.preferences import Wishes
from domain.notifications.tracking import WAITS, Reported
from domain.orders import service as orders
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tenants.settings import settings as environment
from tests.domain.notifications.market import ORDER, Post, post
from tests.workers.providers import MailServer, Provider, listening, mailing
from workers.mail import deliver_due_mail
from workers.notifications import deliver
from workers.reacting import Follower
from workers.reactions import REACTIONS

At = Callable[[datetime], None]


@pytest.fixture
async def own(fresh_database: Any, database: Database) -> AsyncIterator[Database]:
    """A database of its own: mail takes whatever is due."""
    made = Database(await fresh_database(), database._password)
    yield made
    await made.close()


@pytest.fixture
async def mine(own: Database) -> Post:
    made = await post(own)
    await made.change_contact(phone="+31612345678")
    await made.prefer(channel="SMS")
    return made


@pytest.fixture
async def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    async with listening(Provider()) as provider:
        for told in (settings, environment()):
            monkeypatch.setattr(told, "sms_url", provider.url)
            monkeypatch.setattr(told, "sms_token", SecretStr("a token"))
        yield provider


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


async def told(mine: Post, key: str = "a", kind: str = "order.received") -> NotificationDelivery:
    """The delivery outside the inbox of a new notification."""
    await mine.tell(kind, await mine.customer(), key, ORDER)
    return (await mine.deliveries())[-1]


async def now(mine: Post, row: NotificationDelivery) -> NotificationDelivery:
    async with mine.database.session(SYSTEM) as session:
        return await session.get_one(NotificationDelivery, row.id)


async def report(mine: Post, reference: str, said: Reported, error: str = "") -> bool:
    async with mine.database.session(SYSTEM) as session:
        return await tracking.report(session, reference, said, datetime.now(UTC), error)


# --- the reaction -------------------------------------------------------------------------------------------------


async def test_a_reaction_that_begins_anew_tells_nobody_twice(mine: Post) -> None:
    reaction = next(each for each in REACTIONS if each.name == "notifications")
    async with mine.database.session(SYSTEM) as session:
        await consumers.enlist(session, reaction.name)
    await mine.market.ordered()
    counts = []
    for _ in range(2):
        while await Follower(mine.database, reaction).step():
            pass
        counts.append((len(await mine.told()), len(await mine.deliveries()), len(await mine.mail(mine.customer_email))))
        async with mine.database.session(SYSTEM) as session:
            await session.execute(update(EventConsumer).values(position=0))
    assert counts[0] == counts[1]
    assert counts[0][0] >= 4


# --- providers ----------------------------------------------------------------------------------------------------


async def test_a_message_is_posted_as_the_contract_says(mine: Post, provider: Provider, settings: Settings) -> None:
    row = await told(mine)
    assert await deliver(mine.database, settings, row.id) is None
    [(headers, body)] = provider.requests
    assert headers["authorization"] == "Bearer a token"
    assert headers["idempotency-key"] == str(row.id)
    assert body == {
        "id": str(row.id),
        "channel": "SMS",
        "to": "+31612345678",
        "sender": body["sender"],
        "text": "Uw opdracht CC-2026-00001 is bevestigd.",
        "language": "nl",
        "kind": "order.received",
    }
    sent = await now(mine, row)
    assert (sent.state, sent.provider_id, sent.attempts, sent.sent_at is not None) == ("SENT", "p-1", 1, True)


async def test_a_delivery_is_a_job_that_begins_when_it_may(mine: Post, provider: Provider, at: At) -> None:
    night = datetime(2026, 6, 10, 21, tzinfo=UTC)
    at(night)
    row = await told(mine, kind="order.completed")
    async with mine.database.session(SYSTEM) as session:
        job = (await session.scalars(select(Job).where(Job.name == deliveries.JOB))).one()
    assert job.arguments == {"delivery_id": str(row.id)}
    assert job.run_at == row.next_attempt_at == datetime(2026, 6, 11, 6, tzinfo=UTC)
    assert provider.requests == []


async def test_what_was_sent_is_not_sent_again(mine: Post, provider: Provider, settings: Settings) -> None:
    row = await told(mine)
    for _ in range(3):
        assert await deliver(mine.database, settings, row.id) is None
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_what_may_pass_is_tried_again_with_the_same_key(
    mine: Post, provider: Provider, settings: Settings, status: int
) -> None:
    provider.answers.insert(0, (status, {}, b"sorry +31612345678"))
    row = await told(mine)
    assert await deliver(mine.database, settings, row.id) == WAITS[0].total_seconds()
    waiting = await now(mine, row)
    assert (waiting.state, waiting.attempts, waiting.last_error) == ("QUEUED", 1, f"HTTP {status}")
    assert await deliver(mine.database, settings, row.id) is None
    assert (await now(mine, row)).state == "SENT"
    assert len({headers["idempotency-key"] for headers, _ in provider.requests}) == 1


async def test_a_provider_says_how_long_to_wait(mine: Post, provider: Provider, settings: Settings) -> None:
    provider.answers.insert(0, (429, {"retry-after": "900"}, b""))
    row = await told(mine)
    assert await deliver(mine.database, settings, row.id) == 900


@pytest.mark.parametrize(
    ("answer", "error"),
    [((400, {}, b"no"), "HTTP 400"), ((301, {"location": "http://169.254.169.254/"}, b""), "HTTP 301")],
)
async def test_what_is_refused_for_good_goes_to_the_next_channel(
    mine: Post, provider: Provider, settings: Settings, answer: Any, error: str
) -> None:
    provider.answers = [answer]
    row = await told(mine)
    assert await deliver(mine.database, settings, row.id) is None
    failed = await now(mine, row)
    assert (failed.state, failed.reason, failed.last_error) == ("FAILED", "REFUSED", error)
    assert [r[0:2] for r in await mine.over("order.received")][-1] == ("EMAIL", "QUEUED")
    assert len(await mine.mail(mine.customer_email)) == 1
    assert len(provider.requests) == 1


async def test_after_the_last_attempt_the_next_channel_carries_it(
    mine: Post, provider: Provider, settings: Settings
) -> None:
    provider.answers = [(500, {}, b"")]
    row = await told(mine)
    waits = [await deliver(mine.database, settings, row.id) for _ in range(len(WAITS) + 1)]
    assert waits == [*(wait.total_seconds() for wait in WAITS), None]
    assert (await now(mine, row)).reason == "GIVEN_UP"
    assert len(await mine.mail(mine.customer_email)) == 1
    assert await deliver(mine.database, settings, row.id) is None
    assert len(await mine.mail(mine.customer_email)) == 1


async def test_a_provider_that_is_not_there_is_tried_later(
    mine: Post, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for told_of in (settings, environment()):
        monkeypatch.setattr(told_of, "sms_url", "http://127.0.0.1:9/")
    row = await told(mine)
    assert await deliver(mine.database, settings, row.id) == WAITS[0].total_seconds()
    assert (await now(mine, row)).last_error == "ConnectError"


async def test_an_answer_without_end_is_not_read(mine: Post, provider: Provider, settings: Settings) -> None:
    provider.answers = [(200, {}, b'{"id": "x", "more": "' + b"y" * 1_000_000 + b'"}')]
    row = await told(mine)
    await deliver(mine.database, settings, row.id)
    sent = await now(mine, row)
    assert (sent.state, sent.provider_id) == ("SENT", None)


async def test_no_transaction_is_open_while_a_provider_thinks(
    mine: Post, provider: Provider, settings: Settings
) -> None:
    provider.hold = asyncio.Event()
    row = await told(mine)
    sending = asyncio.create_task(deliver(mine.database, settings, row.id))
    async with asyncio.timeout(20):
        await provider.arrived.wait()
    async with mine.database.session(SYSTEM) as session:
        free = select(NotificationDelivery.id).where(NotificationDelivery.id == row.id)
        assert (await session.execute(free.with_for_update(nowait=True))).scalar_one() == row.id
    provider.hold.set()
    await sending


async def test_who_was_erased_is_not_written_to(mine: Post, provider: Provider, settings: Settings) -> None:
    row = await told(mine)
    async with mine.database.session(SYSTEM) as session:
        await privacy.erase(session, SYSTEM, mine.market.customer.id)
    assert await deliver(mine.database, settings, row.id) is None
    gone = await now(mine, row)
    assert (gone.state, gone.reason, gone.address) == ("SUPPRESSED", "ERASED", "")
    assert provider.requests == []
    async with mine.database.session(SYSTEM) as session:
        kept = (await session.scalars(select(Notification))).one()
    assert (kept.title, kept.text, kept.facts) == ("", "", None)


async def test_nothing_is_left_of_an_erased_customer_in_what_others_were_told(mine: Post) -> None:
    order_id = await mine.market.ordered()
    await mine.react()
    name = mine.market.customer.name
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.cancel(session, order_id, "Op verzoek")
    assert [row for row in await mine.told("order.received.partner") if name in row.text]
    async with mine.database.session(SYSTEM) as session:
        await privacy.erase(session, SYSTEM, mine.market.customer.id)
    assert {(row.title, row.text, row.facts) for row in await mine.told()} == {("", "", None)}
    assert {row.title for row in await mine.deliveries()} == {""}
    addresses = {row.address for row in await mine.deliveries() if row.channel == "EMAIL"}
    assert addresses == {"", await mine.email("dealer")}
    async with mine.database.session(SYSTEM) as session:
        mails = (await session.execute(select(MailMessage.subject, MailMessage.body, MailMessage.status))).all()
    assert {tuple(mail) for mail in mails} == {("", None, "SUPPRESSED")}


# --- what providers report ----------------------------------------------------------------------------------------


async def test_reports_in_any_order_and_any_number_end_the_same(
    mine: Post, provider: Provider, settings: Settings
) -> None:
    row = await told(mine)
    await deliver(mine.database, settings, row.id)
    for said in (Reported.OPENED, Reported.DELIVERED, Reported.OPENED, Reported.FAILED):
        assert await report(mine, "p-1", said)
    seen = await now(mine, row)
    assert (seen.state, seen.opened_at is not None, seen.failed_at) == ("DELIVERED", True, None)
    assert not await report(mine, "p-2", Reported.DELIVERED)


async def test_a_report_may_overtake_the_answer(mine: Post, provider: Provider, settings: Settings) -> None:
    row = await told(mine)
    await report(mine, str(row.id), Reported.DELIVERED)
    await deliver(mine.database, settings, row.id)
    assert (await now(mine, row)).state == "DELIVERED"


async def test_a_failure_that_is_reported_twice_falls_back_once(
    mine: Post, provider: Provider, settings: Settings
) -> None:
    row = await told(mine)
    await deliver(mine.database, settings, row.id)
    for _ in range(2):
        await report(mine, "p-1", Reported.FAILED, "unreachable")
    assert (await now(mine, row)).reason == "REFUSED"
    assert len(await mine.mail(mine.customer_email)) == 1


async def test_who_complains_gets_no_more_of_the_category(mine: Post, provider: Provider, settings: Settings) -> None:
    row = await told(mine, kind="visit.reminder")
    await report(mine, str(row.id), Reported.COMPLAINED)
    await told(mine, key="b", kind="visit.reminder")
    assert (await mine.over("visit.reminder"))[-1][1:] == ("SUPPRESSED", "OPTED_OUT")
    still = await told(mine, key="c", kind="order.received")
    assert still.state == "QUEUED"


# --- mail ---------------------------------------------------------------------------------------------------------


async def mailed(mine: Post) -> NotificationDelivery:
    """To somebody who has no quiet hours, so that it goes out whenever the tests run."""
    await mine.prefer()
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, Wishes(quiet=False))
    return await told(mine, kind="visit.reminder")


async def test_a_mail_is_a_page_with_a_way_out(mine: Post, settings: Settings) -> None:
    row = await mailed(mine)
    async with mailing(MailServer()) as server:
        assert await deliver_due_mail(mine.database, settings.model_copy(update={"smtp_url": server.url})) == 1
    [message] = server.received
    assert message["To"] == mine.customer_email
    assert message.get_content_type() == "multipart/alternative"
    text, page = (part.get_content() for part in message.iter_parts())
    assert "op 12 juni 2026" in text
    assert page.startswith("<!doctype html>")
    assert message["List-Unsubscribe"].startswith("<http")
    assert message["List-Unsubscribe"].strip("<>") in page
    sent = await now(mine, row)
    assert (sent.state, sent.sent_at is not None) == ("SENT", True)


async def test_a_mailbox_that_does_not_exist_is_a_bounce(mine: Post, settings: Settings) -> None:
    row = await mailed(mine)
    async with mailing(MailServer(refuses={"RCPT": "550 no such user"})) as server:
        await deliver_due_mail(mine.database, settings.model_copy(update={"smtp_url": server.url}))
    bounced = await now(mine, row)
    assert (bounced.state, bounced.reason, bounced.bounced_at is not None) == ("FAILED", "BOUNCED", True)
    again = await told(mine, key="b", kind="order.received")
    assert (again.state, again.reason) == ("SUPPRESSED", "BOUNCED")
    async with mine.database.session(SYSTEM) as session:
        types = set((await session.scalars(select(Event.type).where(Event.entity_id == mine.entity_id))).all())
    assert "notification.undeliverable" in types


async def test_a_mail_server_that_is_away_is_waited_for(mine: Post, settings: Settings) -> None:
    row = await mailed(mine)
    away = settings.model_copy(update={"smtp_url": "smtp://127.0.0.1:9"})
    await deliver_due_mail(mine.database, away)
    assert (await now(mine, row)).state == "QUEUED"
    for _ in MAIL_WAITS:
        async with mine.database.session(SYSTEM) as session:
            await session.execute(update(MailMessage).values(next_attempt_at=clock.now() - timedelta(seconds=1)))
        await deliver_due_mail(mine.database, away)
    given_up = await now(mine, row)
    assert (given_up.state, given_up.reason, given_up.bounced_at) == ("FAILED", "GIVEN_UP", None)


async def test_a_bounce_that_is_reported_later_counts_too(mine: Post, settings: Settings) -> None:
    row = await mailed(mine)
    async with mailing(MailServer()) as server:
        await deliver_due_mail(mine.database, settings.model_copy(update={"smtp_url": server.url}))
    [message] = server.received
    assert await report(mine, message["Message-ID"], Reported.BOUNCED, "mailbox full")
    assert (await now(mine, row)).reason == "BOUNCED"


# --- again, and forgotten -----------------------------------------------------------------------------------------


async def test_what_was_sent_can_be_sent_again(mine: Post, settings: Settings) -> None:
    row = await mailed(mine)
    async with mine.database.session(SYSTEM) as session:
        again = await tracking.resend(session, mine.actor("staff"), row.id)
    assert again.position > row.position
    first, second = await mine.mail(mine.customer_email)
    assert (first.subject, first.body, first.html is None) == (second.subject, second.body, second.html is None)


async def test_what_was_said_is_forgotten_in_time(mine: Post, settings: Settings, at: At) -> None:
    row = await mailed(mine)
    at(datetime.now(UTC) + tracking.KEPT + timedelta(days=1))
    async with mine.database.session(SYSTEM) as session:
        assert await tracking.forget(session) == 1
    [kept] = await mine.told()
    assert (kept.text, kept.facts) == ("", None)
    assert kept.title
    async with mine.database.session(SYSTEM) as session:
        with pytest.raises(tracking.NothingToResend):
            await tracking.resend(session, mine.actor("staff"), row.id)
