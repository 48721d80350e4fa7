"""Notifications as each audience asks for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.notifications.kinds import KINDS
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid
from tests.domain.notifications.market import ORDER, Post, post

INBOX = """query I($unread: Boolean) { notifications(filter: {unread: $unread}) { totalCount nodes {
  id kind category title text language readAt subjectType subject { id } entity { id } } } }"""
DELIVERIES = """query D($filter: NotificationDeliveryFilter) { notificationDeliveries(filter: $filter) {
  totalCount nodes { id kind channel state reason title address subject { id }
    ... on StaffNotificationDelivery { attempts contact { id } user { id } organization { id } template { id } }
  } } }"""
READ = """mutation R($id: ID!) { markNotificationRead(id: $id) {
  notification { readAt } userErrors { code field } } }"""
READ_ALL = "mutation A($until: DateTime) { markAllNotificationsRead(until: $until) { marked userErrors { code } } }"
PREFERENCES = """query P($entity: ID!, $contact: ID) { notificationPreferences(entityId: $entity, contactId: $contact) {
  channels muted quiet quietFrom quietUntil quietWeekends quietHolidays entity { id } } }"""
PREFER = """mutation P($input: NotificationPreferencesInput!) { setNotificationPreferences(input: $input) {
  preferences { channels muted quietFrom quietUntil } userErrors { code field message } } }"""
SAVE = """mutation S($input: SaveNotificationTemplateInput!) { saveNotificationTemplate(input: $input) {
  template { id version active } userErrors { code field message } } }"""
ACTIVATE = """mutation A($id: ID!) { activateNotificationTemplate(id: $id) {
  template { id version active } userErrors { code field } } }"""
REVERT = """mutation R($id: ID!) { revertNotificationTemplate(id: $id) {
  template { id active } userErrors { code field } } }"""
PREVIEW = """mutation P($input: PreviewNotificationInput!) { previewNotification(input: $input) {
  preview { subject text html } userErrors { code field message } } }"""
TEMPLATES = """query T($filter: NotificationTemplateFilter) { notificationTemplates(filter: $filter) { nodes {
  id kind channel language version active subject text html note entity { id } brand { id } organization { id } } } }"""
SETTINGS = """query S($entity: ID!) { notificationSettings(entityId: $entity) {
  quietFrom quietUntil quoteReminderDays quoteExpiryDays visitReminder } }"""
SET = """mutation S($input: UpdateNotificationSettingsInput!) { updateNotificationSettings(input: $input) {
  settings { quietFrom quoteReminderDays } userErrors { code field } } }"""
RESEND = """mutation R($id: ID!) { resendNotificationDelivery(id: $id) {
  delivery { id channel state } userErrors { code field } } }"""
KINDS_OF = """{ notificationKinds { name recipient optional urgent channels variables { name type optional }
  defaults { channel language subject text } } }"""

Ask = Callable[[str | Actor], Asker]


@pytest.fixture
async def mine(database: Database) -> Post:
    return await post(database)


@pytest.fixture
async def admin(mine: Post) -> Actor:
    async with mine.database.session(SYSTEM) as session:
        return await factories.actor_with(session, Role.TENANT_ADMIN, mine.market.entity)


@pytest.fixture
def as_(mine: Post, settings: Settings) -> Ask:
    return lambda who: Asker(mine.database, settings, mine.actor(who) if isinstance(who, str) else who)


def draft(mine: Post, **values: Any) -> dict[str, Any]:
    given = {"entityId": gid("BusinessEntity", mine.entity_id), "kind": "order.received", "channel": "EMAIL"}
    words = {"language": "NL", "subject": "Opdracht {{ order.number }}", "text": "Beste {{ recipient.name }}, dank."}
    return given | words | values


# --- the inbox ----------------------------------------------------------------------------------------------------


async def test_everybody_reads_their_own(mine: Post, as_: Ask) -> None:
    order_id = await mine.market.ordered()
    await mine.react()
    for name, kinds in (
        ("customer", {"order.received", "quote.signed"}),
        ("dealer", {"order.received.partner", "quote.signed.partner"}),
        ("master", set()),
    ):
        found = (await as_(name).ask(INBOX))["notifications"]
        assert {row["kind"] for row in found["nodes"]} == kinds, name
        assert found["totalCount"] == len(kinds)
    [told] = [r for r in (await as_("customer").ask(INBOX))["notifications"]["nodes"] if r["kind"] == "order.received"]
    assert told["subject"]["id"] == gid("Order", order_id)
    assert told["category"] == "ORDERS"


async def test_what_was_read_is_no_longer_unread(mine: Post, as_: Ask) -> None:
    for key in ("a", "b", "c"):
        await mine.tell("order.received", await mine.customer(), key, ORDER)
    customer = as_("customer")
    first = (await customer.ask(INBOX, unread=True))["notifications"]["nodes"][0]["id"]
    once = (await customer.ask(READ, id=first))["markNotificationRead"]["notification"]["readAt"]
    assert once
    assert (await customer.ask(READ, id=first))["markNotificationRead"]["notification"]["readAt"] == once
    assert (await customer.ask(INBOX, unread=True))["notifications"]["totalCount"] == 2
    before = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert (await customer.ask(READ_ALL, until=before))["markAllNotificationsRead"]["marked"] == 0
    assert (await customer.ask(READ_ALL))["markAllNotificationsRead"]["marked"] == 2
    assert (await customer.ask(READ_ALL))["markAllNotificationsRead"]["marked"] == 0


async def test_nobody_reads_for_somebody_else(mine: Post, as_: Ask, admin: Actor) -> None:
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    [told] = await mine.told()
    for who in ("dealer", "staff", admin, SYSTEM):
        refused = (await as_(who).ask(READ, id=gid("Notification", told.id)))["markNotificationRead"]
        assert codes(refused) == [("NOT_FOUND", ["id"])]
        await as_(who).ask(READ_ALL)
    assert (await as_("customer").ask(INBOX, unread=True))["notifications"]["totalCount"] == 1
    assert (await as_(SYSTEM).ask(INBOX))["notifications"]["totalCount"] == 0


# --- deliveries ---------------------------------------------------------------------------------------------------


async def test_staff_see_what_was_sent_about_an_order_and_to_a_contact(mine: Post, as_: Ask) -> None:
    order_id = await mine.market.ordered()
    await mine.react()
    of_order = {"filter": {"subjectId": gid("Order", order_id), "channel": {"eq": "EMAIL"}}}
    found = (await as_("staff").ask(DELIVERIES, **of_order))["notificationDeliveries"]["nodes"]
    assert {row["kind"] for row in found} == {"order.received", "order.received.partner"}
    [to_partner] = [row for row in found if row["kind"] == "order.received.partner"]
    assert to_partner["organization"]["id"] == gid("Organization", mine.market.dealer.id)
    assert to_partner["address"] == await mine.email("dealer")
    to_contact = {"filter": {"contactId": {"eq": gid("Contact", mine.market.customer.id)}}}
    found = (await as_("staff").ask(DELIVERIES, **to_contact))["notificationDeliveries"]["nodes"]
    assert {row["kind"] for row in found} == {"order.received", "quote.signed"}


async def test_others_see_what_was_sent_to_them(mine: Post, as_: Ask) -> None:
    await mine.market.ordered()
    await mine.react()
    for name in ("customer", "dealer"):
        found = (await as_(name).ask(DELIVERIES))["notificationDeliveries"]["nodes"]
        to = {row["address"] for row in found if row["channel"] == "EMAIL"}
        assert to == {mine.customer_email if name == "customer" else await mine.email("dealer")}


async def test_an_event_on_the_contacts_timeline_says_that_it_was_told(mine: Post, as_: Ask) -> None:
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    query = '{ events(filter: {type: {eq: "notification.received"}}) { nodes { payload subject { id } } } }'
    [told] = await mine.told()
    for name in ("customer", "staff"):
        [event] = (await as_(name).ask(query))["events"]["nodes"]
        assert event["payload"] == {"kind": "order.received", "channels": ["IN_APP", "EMAIL"]}
    assert (await as_("customer").ask(query))["events"]["nodes"][0]["subject"] == {"id": gid("Notification", told.id)}
    assert (await as_("dealer").ask(query))["events"]["nodes"] == []


async def test_the_office_sends_again(mine: Post, as_: Ask) -> None:
    await mine.tell("order.received", await mine.customer(), "a", ORDER)
    [shown, mailed] = await mine.deliveries()
    again = (await as_("staff").ask(RESEND, id=gid("NotificationDelivery", mailed.id)))["resendNotificationDelivery"]
    assert (again["delivery"]["channel"], again["delivery"]["state"]) == ("EMAIL", "QUEUED")
    assert len(await mine.mail(mine.customer_email)) == 2
    inside = (await as_("staff").ask(RESEND, id=gid("NotificationDelivery", shown.id)))["resendNotificationDelivery"]
    assert codes(inside) == [("NOTHING_TO_RESEND", ["id"])]
    assert await as_("customer").error(RESEND, id=gid("NotificationDelivery", mailed.id)) == "FORBIDDEN"


# --- preferences --------------------------------------------------------------------------------------------------


async def test_a_customer_chooses_for_itself_and_staff_for_a_customer(mine: Post, as_: Ask) -> None:
    entity, contact = gid("BusinessEntity", mine.entity_id), gid("Contact", mine.market.customer.id)
    wanted = {"channels": [{"category": "ORDERS", "channels": ["SMS", "EMAIL"]}], "muted": ["visit.reminder"]}
    set_ = await as_("customer").ask(PREFER, input={**wanted, "quietFrom": "20:00", "quietUntil": "09:30"})
    kept = set_["setNotificationPreferences"]["preferences"]
    assert kept == {
        "channels": {"ORDERS": ["SMS", "EMAIL"]},
        "muted": ["visit.reminder"],
        "quietFrom": "20:00",
        "quietUntil": "09:30",
    }
    for name, of in (("customer", {}), ("staff", {"contact": contact})):
        found = (await as_(name).ask(PREFERENCES, entity=entity, **of))["notificationPreferences"]
        assert found["muted"] == ["visit.reminder"], name
    assert (await as_("staff").ask(PREFERENCES, entity=entity))["notificationPreferences"] is None
    assert (await as_("dealer").ask(PREFERENCES, entity=entity, contact=contact))["notificationPreferences"] is None
    await as_("staff").ask(PREFER, input={"contactId": contact, "entityId": entity})
    found = (await as_("customer").ask(PREFERENCES, entity=entity))["notificationPreferences"]
    assert (found["channels"], found["muted"], found["quietFrom"]) == ({}, [], None)


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"muted": ["order.received"]}, [("MUST_BE_TOLD", ["muted"])]),
        ({"muted": ["no.such.kind"]}, [("NOT_A_CHOICE", ["muted"])]),
        ({"channels": [{"category": "ORDERS", "channels": ["IN_APP"]}]}, [("NOT_A_CHOICE", ["channels", "ORDERS"])]),
        ({"quietFrom": "25:00", "quietUntil": "08:00"}, [("NO_TIME_OF_DAY", ["quietFrom"])]),
        ({"quietFrom": "21:00"}, [("REQUIRED", ["quietUntil"])]),
    ],
)
async def test_wishes_that_cannot_be(mine: Post, as_: Ask, given: dict[str, Any], faults: Any) -> None:
    refused = (await as_("customer").ask(PREFER, input=given))["setNotificationPreferences"]
    assert codes(refused) == faults


async def test_nobody_chooses_for_who_is_not_theirs(mine: Post, as_: Ask, database: Database) -> None:
    other = await post(database)
    contact = gid("Contact", other.market.customer.id)
    of_staff = (await as_("staff").ask(PREFER, input={"contactId": contact}))["setNotificationPreferences"]
    assert codes(of_staff) == [("NOT_FOUND", ["contactId"])]
    own = gid("Contact", mine.market.customer.id)
    of_dealer = (await as_("dealer").ask(PREFER, input={"contactId": own}))["setNotificationPreferences"]
    assert codes(of_dealer) == [("PERMISSION_DENIED", ["contactId"])]


# --- templates ----------------------------------------------------------------------------------------------------


async def test_the_nearest_template_that_is_active_holds(mine: Post, as_: Ask, admin: Actor) -> None:
    ask = as_(admin)

    async def save(word: str, **values: Any) -> str:
        made = await ask.ask(SAVE, input=draft(mine, subject=f"{word} {{{{ order.number }}}}", **values))
        assert codes(made["saveNotificationTemplate"]) == []
        return str(made["saveNotificationTemplate"]["template"]["id"])

    async def subject(key: str, chain: tuple[UUID, ...]) -> str:
        await mine.tell("order.received", await mine.customer(), key, ORDER, chain=chain)
        return (await mine.mail(mine.customer_email))[-1].subject.split()[0]

    master, dealer = mine.market.master.id, mine.market.dealer.id
    own = await save("Entity", activate=True)
    assert await subject("a", (master, dealer)) == "Entity"
    of_master = await save("Master", organizationId=gid("Organization", master), activate=True)
    assert await subject("b", (master, dealer)) == "Master"
    assert await subject("c", ()) == "Entity"
    of_dealer = await save("Dealer", organizationId=gid("Organization", dealer), activate=True)
    assert await subject("d", (master, dealer)) == "Dealer"
    assert await subject("e", (master,)) == "Master"
    for key, reverted, word in (("f", of_dealer, "Master"), ("g", of_master, "Entity"), ("h", own, "Uw")):
        assert (await ask.ask(REVERT, id=reverted))["revertNotificationTemplate"]["template"]["active"] is False
        assert await subject(key, (master, dealer)) == word
    assert (await ask.ask(ACTIVATE, id=own))["activateNotificationTemplate"]["template"]["active"] is True
    assert await subject("i", ()) == "Entity"


async def test_versions_count_up_and_one_holds(mine: Post, as_: Ask, admin: Actor) -> None:
    ask = as_(admin)
    for activate in (True, False, True):
        await ask.ask(SAVE, input=draft(mine, activate=activate))
    rows = (await ask.ask(TEMPLATES, filter={"kind": {"eq": "order.received"}}))["notificationTemplates"]["nodes"]
    assert sorted((row["version"], row["active"]) for row in rows) == [(1, False), (2, False), (3, True)]
    assert all(row["entity"]["id"] == gid("BusinessEntity", mine.entity_id) for row in rows)


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        ({"text": "{{ order.nummer }}"}, [("UNKNOWN_VARIABLE", ["text"])]),
        ({"text": "{{ ''.__class__ }}"}, [("TEMPLATE_NOT_ALLOWED", ["text"])]),
        ({"html": "{% for x in order.number %}x{% endfor %}"}, [("TEMPLATE_NOT_ALLOWED", ["html"])]),
        ({"subject": "{{", "text": "{% if %}"}, [("TEMPLATE_SYNTAX", ["subject"]), ("TEMPLATE_SYNTAX", ["text"])]),
        ({"kind": "no.such.kind"}, [("NOT_A_CHOICE", ["kind"])]),
        ({"subject": ""}, [("REQUIRED", ["subject"])]),
        ({"channel": "SMS"}, [("NO_SUBJECT_ON_CHANNEL", ["subject"])]),
        ({"channel": "PUSH", "html": "<p>x</p>"}, [("NO_HTML_ON_CHANNEL", ["html"])]),
        ({"channel": "SMS", "subject": "", "text": "x" * 481}, [("TEMPLATE_TOO_LONG", ["text"])]),
        ({"subject": "a\nBcc: x@example.nl\x00"}, [("UNSAFE_TEXT", ["subject"])]),
        ({"text": "{{ order.partner_reference > 1 }}"}, [("TEMPLATE_NOT_ALLOWED", ["text"])]),
    ],
)
async def test_a_template_that_cannot_be_kept(
    mine: Post, as_: Ask, admin: Actor, values: dict[str, Any], faults: Any
) -> None:
    for mutation, input, name in (
        (SAVE, draft(mine, **values), "saveNotificationTemplate"),
        (PREVIEW, {"draft": draft(mine, **values)}, "previewNotification"),
    ):
        assert codes((await as_(admin).ask(mutation, input=input))[name]) == faults


async def test_a_fault_says_where(mine: Post, as_: Ask, admin: Actor) -> None:
    refused = await as_(admin).ask(SAVE, input=draft(mine, text="Beste\n\n  {{ order.nummer }}"))
    [error] = refused["saveNotificationTemplate"]["userErrors"]
    assert "regel 3, teken 6" in error["message"].lower()


async def test_templates_of_brands_and_partners_of_others(
    mine: Post, as_: Ask, admin: Actor, database: Database
) -> None:
    other = await post(database)
    async with database.session(SYSTEM) as session:
        brand = await factories.brand(session, other.market.entity)
    for field, id in (
        ("brandId", gid("Brand", brand.id)),
        ("organizationId", gid("Organization", other.market.master.id)),
        ("entityId", gid("BusinessEntity", other.entity_id)),
    ):
        refused = (await as_(admin).ask(SAVE, input=draft(mine, **{field: id})))["saveNotificationTemplate"]
        assert codes(refused) == [("NOT_FOUND", [field])]
    assert await as_("staff").error(SAVE, input=draft(mine)) == "FORBIDDEN"
    assert await as_("dealer").error(TEMPLATES) == "FORBIDDEN"


# --- previews -----------------------------------------------------------------------------------------------------


async def test_a_preview_with_examples_and_with_a_real_order(mine: Post, as_: Ask, admin: Actor) -> None:
    words = {"html": "<h1>{{ order.customer }}</h1><script>x</script>", "text": "{{ order.number }}"}
    made = (await as_(admin).ask(PREVIEW, input={"draft": draft(mine, **words)}))["previewNotification"]
    assert made["preview"]["subject"] == "Opdracht LT-2026-00123"
    assert "<h1>Jan Jansen</h1>" in made["preview"]["html"]
    assert "script" not in made["preview"]["html"]
    order_id = await mine.market.ordered()
    real = {"draft": draft(mine, **words), "subjectId": gid("Order", order_id)}
    made = (await as_(admin).ask(PREVIEW, input=real))["previewNotification"]
    assert made["preview"]["text"].startswith(f"{mine.market.entity.code}-")
    assert f"<h1>{mine.market.customer.name}</h1>" in made["preview"]["html"]


async def test_a_preview_shows_nothing_that_its_reader_may_not_see(
    mine: Post, as_: Ask, admin: Actor, database: Database
) -> None:
    other = await post(database)
    theirs = await other.market.ordered()
    for subject in (gid("Order", theirs), gid("Order", uuid4()), gid("Quote", uuid4())):
        refused = await as_(admin).ask(PREVIEW, input={"draft": draft(mine), "subjectId": subject})
        assert codes(refused["previewNotification"]) == [("NOT_FOUND", ["subjectId"])]


async def test_a_kept_version_is_previewed_and_nothing_is_not(mine: Post, as_: Ask, admin: Actor) -> None:
    made = (await as_(admin).ask(SAVE, input=draft(mine)))["saveNotificationTemplate"]["template"]
    shown = (await as_(admin).ask(PREVIEW, input={"templateId": made["id"]}))["previewNotification"]
    assert shown["preview"]["subject"] == "Opdracht LT-2026-00123"
    nothing = (await as_(admin).ask(PREVIEW, input={}))["previewNotification"]
    assert codes(nothing) == [("REQUIRED", ["templateId"])]


async def test_kinds_say_what_their_texts_may_name(mine: Post, as_: Ask, admin: Actor) -> None:
    kinds = {kind["name"]: kind for kind in (await as_(admin).ask(KINDS_OF))["notificationKinds"]}
    assert set(kinds) == set(KINDS)
    assert {"name": "order.number", "type": "TEXT", "optional": False} in kinds["order.received"]["variables"]
    assert len(kinds["order.received"]["defaults"]) == 10
    told = {kind["recipient"] for kind in (await as_("customer").ask(KINDS_OF))["notificationKinds"]}
    assert told == {"CUSTOMER", "USER"}


# --- settings -----------------------------------------------------------------------------------------------------


async def test_an_entity_sets_its_hours_and_reminders(mine: Post, as_: Ask, admin: Actor) -> None:
    entity = gid("BusinessEntity", mine.entity_id)
    usual = (await as_(admin).ask(SETTINGS, entity=entity))["notificationSettings"]
    assert usual == {
        "quietFrom": "21:00",
        "quietUntil": "08:00",
        "quoteReminderDays": 7,
        "quoteExpiryDays": 3,
        "visitReminder": True,
    }
    given = {"entityId": entity, "quietFrom": "19:00", "quoteReminderDays": 0}
    made = (await as_(admin).ask(SET, input=given))["updateNotificationSettings"]
    assert made["settings"] == {"quietFrom": "19:00", "quoteReminderDays": 0}
    bad = {"entityId": entity, "quoteReminderDays": 91, "quoteExpiryDays": -1}
    refused = (await as_(admin).ask(SET, input=bad))["updateNotificationSettings"]
    assert codes(refused) == [("OUT_OF_RANGE", ["quoteReminderDays"]), ("OUT_OF_RANGE", ["quoteExpiryDays"])]
