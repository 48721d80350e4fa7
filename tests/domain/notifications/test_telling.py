"""Who is told what, once; over which channel, and when."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from domain.events.record import record
from domain.mail.models import MailMessage
from domain.notifications import causes, preferences
from domain.notifications.catalogue import KINDS
from domain.notifications.models import Channel, Language, Notification, NotificationDelivery
from domain.notifications.preferences import Wishes
from domain.numbering.service import AMSTERDAM
from domain.orders import service as orders
from domain.orders.models import OrderStage
from domain.quotes import service as quotes
from domain.signatures import service as signatures
from domain.users.events import PasswordChanged
from domain.visits.models import Visit
from domain.webhooks.events import DeliveryFailed, EndpointDisabled
from domain.webhooks.models import WebhookEndpoint
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import settings as environment
from tests import factories
from tests.domain.notifications.market import ORDER, Post, post
from tests.quoting import EVIDENCE, KEYS

At = Callable[[datetime], None]
NOON = datetime(2026, 6, 10, 10, tzinfo=UTC)
NIGHT = datetime(2026, 6, 10, 21, tzinfo=UTC)
"""23:00 in Amsterdam."""


@pytest.fixture
async def mine(database: Database) -> Post:
    return await post(database)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Moves the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With providers of every channel."""
    for name in ("push_url", "sms_url", "whatsapp_url"):
        monkeypatch.setattr(environment(), name, "http://127.0.0.1:9/")


# --- who is told --------------------------------------------------------------------------------------------------


async def test_the_parties_of_a_quote_are_told_once_however_often_the_event_is_looked_at(mine: Post) -> None:
    await mine.market.agree(payer_by_category={"CHARGING_STATION": "PARTNER"})
    await mine.market.quote()
    await mine.react()
    await mine.react()
    assert sorted(row.kind for row in await mine.told()) == ["quote.sent", "quote.sent.partner"]
    [mail] = await mine.mail(mine.customer_email)
    assert mail.subject.startswith("Uw offerte ")
    assert mail.html
    [to_partner] = await mine.mail(await mine.email("dealer"))
    assert "wacht op uw akkoord" in to_partner.body
    assert await mine.mail(await mine.email("master")) == []


async def test_two_workers_that_meet_tell_once(mine: Post) -> None:
    await mine.market.quote()
    await asyncio.gather(*(mine.react() for _ in range(3)))
    assert len(await mine.told("quote.sent")) == 1
    assert len(await mine.mail(mine.customer_email)) == 1


async def test_an_order_is_told_to_customer_partner_and_office(mine: Post) -> None:
    order_id = await mine.market.ordered()
    await mine.react()
    kinds = [row.kind for row in await mine.told()]
    for kind in ("order.received", "order.received.partner", "order.received.staff", "quote.signed"):
        assert kinds.count(kind) == 1, kind
    about = {row.subject_id for row in await mine.told("order.received")}
    assert about == {order_id}
    assert await mine.over("order.received.staff") == [("IN_APP", "DELIVERED", None)]


async def test_nobody_is_told_what_they_did_themselves(mine: Post) -> None:
    order_id = await mine.market.ordered()
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.hold(session, order_id, "Wacht op materiaal")
        await orders.resume(session, order_id)
    async with mine.database.session(mine.actor("dealer")) as session:
        await orders.cancel(session, order_id, "Klant ziet af")
    await mine.react()
    assert len(await mine.told("order.cancelled.staff")) == 1
    assert await mine.told("order.cancelled.partner") == []
    [mail] = [m for m in await mine.mail(mine.customer_email) if "geannuleerd" in m.subject]
    assert "De reden: Klant ziet af" in mail.body


async def test_the_appointment_says_when_and_who(mine: Post) -> None:
    order_id = await mine.market.ordered()
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.move(session, order_id, OrderStage.PLANNING)
    await plan(mine, order_id)
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.move(session, order_id, OrderStage.SCHEDULED)
    await mine.react()
    [mail] = [m for m in await mine.mail(mine.customer_email) if "afspraak" in m.subject]
    assert "op 12 juni 2026, in de ochtend." in mail.body
    [told] = await mine.told("order.scheduled.partner")
    assert "12 juni 2026" in told.text


async def plan(mine: Post, order_id: object) -> None:
    async with mine.database.session(SYSTEM) as session:
        planned = {"status": "PLANNED", "day": date(2026, 6, 12), "block": "MORNING"}
        await session.execute(update(Visit).where(Visit.order_id == order_id).values(**planned))


async def test_a_partner_without_logins_is_written_to_at_its_own_address(mine: Post) -> None:
    async with mine.database.session(SYSTEM) as session:
        lonely = await factories.organization(session, mine.market.entity, email="kantoor@dealer.example")
    await mine.market.quote(account_id=lonely.id)
    await mine.react()
    assert len(await mine.mail("kantoor@dealer.example")) == 1


async def test_what_is_long_past_is_history(mine: Post, at: At) -> None:
    await mine.market.quote()
    at(datetime.now(UTC) + causes.TOO_OLD + timedelta(minutes=1))
    await mine.react()
    assert await mine.told() == []


async def test_a_quote_that_was_withdrawn_meanwhile_is_not_offered(mine: Post) -> None:
    quote_id = await mine.market.quote()
    async with mine.database.session(mine.actor("staff")) as session:
        await quotes.withdraw(session, quote_id, "Vergissing")
    await mine.react()
    assert [row.kind for row in await mine.told()] == ["quote.withdrawn"]


async def test_a_decline_reaches_partner_and_office(mine: Post) -> None:
    quote_id = await mine.market.quote()
    async with mine.database.session(mine.actor("customer")) as session:
        await signatures.decline(session, quote_id, "Te duur", EVIDENCE, KEYS)
    await mine.react()
    assert {"quote.declined.partner", "quote.declined.staff"} <= {row.kind for row in await mine.told()}


async def test_who_changed_a_password_is_told_at_once(mine: Post, at: At) -> None:
    user_id = mine.actor("staff").user_id
    assert user_id
    async with mine.database.session(SYSTEM) as session:
        await record(session, PasswordChanged(), entity_id=mine.entity_id, subject_id=user_id)
    await mine.react()
    [mail] = await mine.mail(await mine.email("staff"))
    assert mail.subject == "Uw wachtwoord is gewijzigd"
    assert mail.unsubscribe_url is None


# --- over which channel -------------------------------------------------------------------------------------------


async def test_without_a_provider_the_next_channel_carries_it(mine: Post) -> None:
    await mine.prefer(channel="SMS")
    await mine.change_contact(phone="+31612345678")
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    assert await mine.over("order.received") == [
        ("IN_APP", "DELIVERED", None),
        ("SMS", "SUPPRESSED", "NOT_CONFIGURED"),
        ("EMAIL", "QUEUED", None),
    ]


@pytest.mark.usefixtures("configured")
async def test_the_channel_that_somebody_prefers_comes_first(mine: Post) -> None:
    await mine.prefer(channel="WHATSAPP")
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    await mine.change_contact(phone="+31612345678")
    await mine.tell("order.received", await mine.customer(), "b", ORDER)
    assert await mine.over("order.received") == [
        ("IN_APP", "DELIVERED", None),
        ("WHATSAPP", "SUPPRESSED", "NO_ADDRESS"),
        ("EMAIL", "QUEUED", None),
        ("IN_APP", "DELIVERED", None),
        ("WHATSAPP", "QUEUED", None),
    ]


@pytest.mark.usefixtures("configured")
async def test_channels_per_category_come_before_all_else(mine: Post) -> None:
    await mine.change_contact(phone="+31612345678")
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, Wishes(channels={"ORDERS": ["SMS", "PUSH"], "REMINDERS": []}))
    told = {**ORDER, "quote.number": "Q-1", "quote.expires_on": None, "quote.customer": "Jan"}
    await mine.tell("order.received", await mine.customer(), "a", told)
    await mine.tell("quote.sent", await mine.customer(), "b", told)
    await mine.tell("quote.reminder", await mine.customer(), "c", told)
    assert [row[0] for row in await mine.over("order.received")] == ["IN_APP", "SMS"]
    assert [row[0] for row in await mine.over("quote.sent")] == ["IN_APP", "EMAIL"]
    assert [row[0] for row in await mine.over("quote.reminder")] == ["IN_APP"]


async def test_an_address_that_bounced_is_not_written_to_again(mine: Post) -> None:
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    [mailed] = [row for row in await mine.deliveries() if row.channel == "EMAIL"]
    async with mine.database.session(SYSTEM) as session:
        bounced = update(NotificationDelivery).where(NotificationDelivery.id == mailed.id)
        await session.execute(bounced.values(bounced_at=clock.now()))
    await mine.tell("order.received", await mine.customer(), "b", ORDER)
    assert (await mine.over("order.received"))[-1] == ("EMAIL", "SUPPRESSED", "BOUNCED")


# --- whether at all -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "consent", "state"),
    [
        ("visit.reminder", {"reminders": False}, "SUPPRESSED"),
        ("visit.reminder", {"reminders": True}, "QUEUED"),
        ("visit.reminder", {}, "QUEUED"),
        ("order.received", {"reminders": False, "marketing": False}, "QUEUED"),
    ],
)
async def test_the_consent_of_the_contact_holds(mine: Post, kind: str, consent: dict[str, bool], state: str) -> None:
    await mine.prefer(**consent)
    await mine.tell(kind, await mine.customer(), "a", ORDER)
    rows = await mine.over(kind)
    assert rows[-1][:2] == ("EMAIL", state)
    assert ("IN_APP" in [row[0] for row in rows]) == (state == "QUEUED")


async def test_a_kind_that_was_switched_off_is_not_sent_and_not_shown(mine: Post) -> None:
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, Wishes(muted=["visit.reminder"]))
    await mine.tell("visit.reminder", await mine.customer(), "a", ORDER)
    assert await mine.over("visit.reminder") == [("EMAIL", "SUPPRESSED", "OPTED_OUT")]
    assert [row.in_app for row in await mine.told("visit.reminder")] == [False]
    assert await mine.mail(mine.customer_email) == []


# --- when ---------------------------------------------------------------------------------------------------------


async def due(mine: Post, kind: str) -> datetime:
    [row] = [row for row in await mine.deliveries(kind) if row.channel == "EMAIL"]
    return row.next_attempt_at


async def test_at_night_it_waits_for_the_morning_unless_it_is_urgent(mine: Post, at: At) -> None:
    at(NIGHT)
    await mine.tell("order.completed", await mine.customer(), "a", ORDER)
    await mine.tell("order.received", await mine.customer(), "b", ORDER)
    assert await due(mine, "order.completed") == datetime(2026, 6, 11, 8, tzinfo=AMSTERDAM)
    assert await due(mine, "order.received") == NIGHT


async def test_the_recipients_own_quiet_hours_come_before_the_entitys(mine: Post, at: At) -> None:
    at(NOON)
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, Wishes(quiet_from=time(9), quiet_until=time(18, 30)))
    await mine.tell("order.completed", await mine.customer(), "a", ORDER)
    assert await due(mine, "order.completed") == datetime(2026, 6, 10, 18, 30, tzinfo=AMSTERDAM)


async def test_who_wants_no_quiet_hours_has_none(mine: Post, at: At) -> None:
    at(NIGHT)
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, Wishes(quiet=False))
    await mine.tell("order.completed", await mine.customer(), "a", ORDER)
    assert await due(mine, "order.completed") == NIGHT


async def test_what_would_come_too_late_is_sent_in_quiet_hours(mine: Post, at: At) -> None:
    at(NIGHT)
    await mine.tell("visit.reminder", await mine.customer(), "a", ORDER, latest=NIGHT + timedelta(hours=1))
    assert await due(mine, "visit.reminder") == NIGHT


async def test_mail_that_waits_is_not_due(mine: Post, at: At) -> None:
    at(NIGHT)
    await mine.tell("order.completed", await mine.customer(), "a", ORDER)
    [mail] = await mine.mail(mine.customer_email)
    async with mine.database.session(SYSTEM) as session:
        assert (await session.get_one(MailMessage, mail.id)).next_attempt_at > NIGHT


# --- in which words -----------------------------------------------------------------------------------------------


async def test_in_the_language_that_somebody_reads(mine: Post) -> None:
    await mine.prefer(language="en")
    to = await mine.customer()
    assert to.language is Language.EN
    await mine.tell("order.received", to, "a", ORDER)
    [mail] = await mine.mail(mine.customer_email)
    assert mail.subject == "Your order CC-2026-00001 is confirmed"


async def test_a_name_that_looks_like_a_template_or_markup_stays_a_name(mine: Post) -> None:
    name = "{{ brand.name }} <script>x</script>"
    await mine.change_contact(name=name)
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    [mail] = await mine.mail(mine.customer_email)
    assert name in mail.body
    assert mail.html
    assert "<script" not in mail.html
    assert "{{ brand.name }}" in mail.html


async def test_optional_kinds_can_be_switched_off_from_the_mail(mine: Post) -> None:
    await mine.tell("visit.reminder", await mine.customer(), "a", ORDER)
    [mail] = await mine.mail(mine.customer_email)
    assert mail.unsubscribe_url
    headers = mail.message()
    assert headers["List-Unsubscribe"] == f"<{mail.unsubscribe_url}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{mail.unsubscribe_url}>\r\n".encode() in mail.wire()


async def test_the_inbox_is_the_recipients_alone(mine: Post) -> None:
    await mine.market.ordered()
    await mine.react()
    async with mine.database.session(SYSTEM) as session:
        stranger = await factories.actor_with(session, Role.TENANT_ADMIN, mine.market.entity)
    for name, kind in (("customer", "order.received"), ("dealer", "order.received.partner"), ("staff", None)):
        async with mine.database.session(mine.actor(name)) as session:
            seen = set((await session.scalars(select(Notification.kind))).all())
        assert kind is None or kind in seen
        assert kind is None or not seen & {"order.received.staff"}
    async with mine.database.session(stranger) as session:
        assert (await session.scalars(select(Notification.id))).all() == []


async def test_every_channel_of_a_reach_is_one_that_leaves_the_platform() -> None:
    assert all(Channel.IN_APP not in kind.channels for kind in KINDS.values())


async def test_who_has_a_webhook_that_fails_is_told_once_a_day(mine: Post) -> None:
    async with mine.database.session(SYSTEM) as session:
        endpoint = WebhookEndpoint(
            entity_id=mine.entity_id,
            organization_id=mine.market.dealer.id,
            url="https://hooks.example/orders",
            event_types=["order.*"],
            secret=b"sealed",
        )
        session.add(endpoint)
        await session.flush()
        for number in range(3):
            failed = DeliveryFailed(str(number), "order.received", 3, "HTTP 500")
            await record(session, failed, entity_id=mine.entity_id, subject_id=endpoint.id)
        for reason in ("MANUAL", "FAILING"):
            await record(session, EndpointDisabled(reason), entity_id=mine.entity_id, subject_id=endpoint.id)
    await mine.react()
    told = await mine.told()
    assert [row.kind for row in told] == ["webhook.failing", "webhook.disabled"]
    assert told[0].text == "Berichten aan https://hooks.example/orders mislukken: HTTP 500."
    assert {row.user_id for row in told} == {mine.actor("dealer").user_id}
    assert {row.channel for row in await mine.deliveries()} == {"IN_APP"}
