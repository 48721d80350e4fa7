"""From a mail to an order: by itself where nothing is in doubt, else after somebody looked; nothing twice or lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Conflict, DomainErrors, InvalidState, NotFound, RateLimited, Stale
from domain.inbound_mail import keeping, learning, receiving, reviewing, working
from domain.inbound_mail.errors import MailLoop, MailTooLarge, NoSuchMailAddress
from domain.inbound_mail.models import EmailOrder, InboundMail, MailWay
from domain.jobs.models import Job
from domain.mail.models import MailMessage
from domain.mail.service import opened
from domain.mail_reading.message import read
from domain.mail_reading.models import MailTemplate
from domain.partner_orders import integration
from domain.partner_orders.models import PartnerOrder, PartnerOrderException
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.inbound_mail.post import ORDER, SENDER, Post, mail_of, post
from workers import inbound_mail
from workers.jobs import GiveUp
from workers.run import Run

CLEAR = ORDER.format(number="ALV-1")
NO_PHONE = CLEAR.replace("Telefoon: 06-12345678\n", "")
PHONE, NAME = "$.customer.phone", "$.customer.name"


@pytest.fixture
async def mailing(database: Database, settings: Settings) -> Post:
    return await post(database, settings)


async def letters(mailing: Post) -> list[Any]:
    return [opened(each) for each in await mailing.rows(MailMessage, MailMessage.recipient == SENDER)]


async def test_a_clear_order_of_a_known_sender_is_submitted_once_and_answered(mailing: Post) -> None:
    kept = await mailing.send(mail_of(CLEAR))
    (job,) = await mailing.rows(Job, Job.name == receiving.READ)
    assert (job.queue, job.arguments) == ("mail-in", {"inbound_mail_id": str(kept.id)})
    (order,) = await mailing.read(kept.id)
    assert (order.asked, order.doubts, order.state, order.derived) == ([], [], "SUBMITTED", False)
    again = await mailing.read(kept.id)
    assert [each.partner_order_id for each in again] == [order.partner_order_id]
    (made,) = await mailing.rows(PartnerOrder)
    assert (made.way, made.source_id, made.partner_order_id) == ("EMAIL", order.id, "ALV-1")
    (letter,) = await letters(mailing)
    assert letter.subject == "Re: Bestelling"
    assert "ALV-1 ontvangen" in letter.body
    assert "Sanne" not in letter.body


async def test_the_same_mail_is_kept_once_however_it_comes(mailing: Post) -> None:
    raw = mail_of(CLEAR)
    first = await mailing.send(raw)
    second = await mailing.send(b"Received: from a by b\r\n" + raw, way=MailWay.LMTP)
    assert (second.id, second.repeated) == (first.id, True)
    assert (await mailing.mail(first.id)).repeated == 1
    assert len(await mailing.rows(Job, Job.name == receiving.READ)) == 1


async def test_only_what_is_missing_is_asked_and_the_review_submits(mailing: Post) -> None:
    kept = await mailing.send(mail_of(NO_PHONE))
    (order,) = await mailing.read(kept.id)
    assert (order.state, order.asked, order.doubts) == ("REVIEW", [PHONE], ["MISSING_FIELD"])
    (waiting,) = await mailing.rows(PartnerOrderException)
    assert (waiting.kind, waiting.source_id, waiting.state) == ("LOW_CONFIDENCE", order.id, "OPEN")
    with pytest.raises(DomainErrors) as refused:
        await mailing.review(order.id, {PHONE: "not a number"})
    assert [(each.code, each.field) for each in refused.value.errors] == [("INVALID_PHONE", ("fields", PHONE))]
    with pytest.raises(Exception, match="REQUIRED at fields"):
        await mailing.review(order.id, {})
    with pytest.raises(Stale):
        await mailing.review(order.id, {PHONE: "0612345678"}, version=order.version + 1)
    assert await mailing.rows(PartnerOrder) == []
    done = await mailing.review(order.id, {PHONE: "0612345678"}, version=order.version)
    assert (done.state, done.corrected, done.reviewed_by) == ("SUBMITTED", {PHONE: "0612345678"}, mailing.staff.user_id)
    (waiting,) = await mailing.rows(PartnerOrderException)
    assert waiting.state == "RESOLVED"
    assert len(await mailing.rows(Job, Job.name == reviewing.LEARN)) == 1
    assert ["nagekeken" in letter.body for letter in await letters(mailing)] == [True, False]
    with pytest.raises(InvalidState):
        await mailing.review(order.id, {PHONE: "0612345678"})


@pytest.mark.parametrize(
    ("envelope", "sender", "given"),
    [
        ("x@evil.example", SENDER, {}),
        (SENDER, "x@evil.example", {}),
        (SENDER, SENDER, {"allowed_senders": ["@other.example"]}),
        (SENDER, SENDER, {"production": True}),
        (SENDER, SENDER, {"authserv": "mx.platform.example"}),
    ],
)
async def test_an_order_of_nobody_we_know_is_never_submitted_by_itself_and_not_answered(
    database: Database, settings: Settings, envelope: str, sender: str, given: dict[str, Any]
) -> None:
    changes = {"environment": "production"} if given.pop("production", False) else {}
    changes["mail_in_authserv"] = given.pop("authserv", "")
    mailing = await post(database, settings.model_copy(update=changes), **given)
    kept = await mailing.send(mail_of(CLEAR, sender=sender), envelope=envelope)
    (order,) = await mailing.read(kept.id)
    assert (order.state, order.doubts, order.asked) == ("REVIEW", ["UNKNOWN_SENDER"], [])
    assert await mailing.rows(MailMessage) == []
    assert (await mailing.review(order.id, {})).state == "SUBMITTED"


async def test_who_brings_a_mail_with_its_own_key_or_is_vouched_for_is_known(
    database: Database, settings: Settings
) -> None:
    serious = settings.model_copy(update={"environment": "production", "mail_in_authserv": "mx.platform.example"})
    mailing = await post(database, serious)
    said = "mx.platform.example; dmarc=pass header.from=alva.example"
    forged = await mailing.send(mail_of(CLEAR, Authentication_Results=said, id="3"))
    vouched = await mailing.send(mail_of(CLEAR, Authentication_Results=said), way=MailWay.LMTP)
    brought = await mailing.send(mail_of("x", sender="y@z.example", id="2"), way=MailWay.HTTP, proven=True)
    mails = [await mailing.mail(each.id) for each in (forged, vouched, brought)]
    assert [mail.known_sender for mail in mails] == [False, True, True]
    assert [mail.answerable for mail in mails] == [False, True, False]


async def test_what_intake_refuses_is_looked_at_with_its_faults(mailing: Post) -> None:
    terms = {"terms": {"required_fields": ["$.partner_references.customer_account"]}}
    strict = await post(mailing.trade.market.database, mailing.settings, agreement=terms)
    kept = await strict.send(mail_of(CLEAR))
    (order,) = await strict.read(kept.id)
    assert (order.state, order.asked) == ("REVIEW", ["$.partner_references.customer_account"])
    ended = await post(mailing.trade.market.database, mailing.settings)
    async with ended.trade.market.database.session(SYSTEM) as session:
        made = ended.trade.market
        row = await integration.of(session, made.entity.id, made.master.id)
        row.status, row.suspended_reason = "SUSPENDED", "test"
    kept = await ended.send(mail_of(CLEAR))
    (order,) = await ended.read(kept.id)
    assert (order.state, order.doubts) == ("REVIEW", ["REFUSED"])
    assert [fault["code"] for fault in order.faults] == ["INTEGRATION_NOT_LIVE"]
    (waiting,) = await ended.rows(PartnerOrderException)
    assert waiting.kind == "REFUSED"


async def test_a_mail_without_a_number_gets_the_same_one_however_often_it_is_read(mailing: Post) -> None:
    kept = await mailing.send(mail_of(CLEAR.replace("Bestelnummer: ALV-1\n", "")))
    (order,) = await mailing.read(kept.id)
    mail = await mailing.mail(kept.id)
    assert (order.derived, order.reference) == (True, f"MAIL-{mail.sha256[:12].upper()}-1")
    assert order.fields["$.partner_order_id"]["method"] == "DERIVED"
    assert order.state == "SUBMITTED"
    (letter,) = await letters(mailing)
    assert "noemt geen bestelnummer" in letter.body


async def test_a_mail_without_an_order_waits_for_somebody(mailing: Post) -> None:
    kept = await mailing.send(mail_of("Kunnen jullie mij terugbellen?\n", subject="Vraag"))
    (order,) = await mailing.read(kept.id)
    assert (order.state, order.doubts, order.fields) == ("REVIEW", ["NOTHING_FOUND"], {})
    async with mailing.trade.market.database.session(SYSTEM) as session:
        done = await reviewing.reject(
            session, mailing.staff, order.id, "Dit is een vraag.", tell_partner=True, version=None
        )
    assert done.state == "REJECTED"
    assert "Dit is een vraag." in (await letters(mailing))[-1].body
    async with mailing.trade.market.database.session(SYSTEM) as session:
        assert (await reviewing.reopen(session, mailing.staff, order.id)).state == "REVIEW"
        assert (await reviewing.reopen(session, mailing.staff, order.id)).state == "REVIEW"


async def test_reports_are_kept_unread_and_can_be_read_all_the_same(mailing: Post) -> None:
    kept = await mailing.send(mail_of(CLEAR, Auto_Submitted="auto-replied"))
    mail = await mailing.mail(kept.id)
    assert (mail.state, mail.ignored) == ("IGNORED", "AUTO_REPLY")
    assert await mailing.rows(Job, Job.name == receiving.READ) == []
    async with mailing.trade.market.database.session(SYSTEM) as session:
        await reviewing.read_again(session, mailing.staff, kept.id)
    (order,) = await mailing.read(kept.id)
    assert order.state == "SUBMITTED"
    assert await letters(mailing) == []
    with pytest.raises(InvalidState):
        async with mailing.trade.market.database.session(SYSTEM) as session:
            await reviewing.read_again(session, mailing.staff, kept.id)


async def test_what_the_platform_sent_itself_is_no_order(mailing: Post) -> None:
    ours = f"no-reply@{mailing.settings.mail_domain}"
    kept = await mailing.send(mail_of(CLEAR, sender=ours))
    assert (await mailing.mail(kept.id)).ignored == "LOOP"


@pytest.mark.parametrize(
    ("raw", "to", "error"),
    [
        (mail_of("x"), "nobody@orders.localhost", NoSuchMailAddress),
        (mail_of("x"), "", NoSuchMailAddress),
        (mail_of("x"), "\0@orders.localhost", NoSuchMailAddress),
        (b"Received: x\r\n" * 31 + mail_of("x"), None, MailLoop),
        (b"x" * 10_485_761, None, MailTooLarge),
    ],
)
async def test_what_cannot_be_kept_is_refused(
    mailing: Post, raw: bytes, to: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await mailing.send(raw, to=mailing.recipient if to is None else to or "@")
    assert await mailing.rows(InboundMail) == []


async def test_a_flood_is_told_to_come_later(database: Database, settings: Settings) -> None:
    mailing = await post(database, settings.model_copy(update={"mail_in_per_hour": 2}))
    for number in "12":
        await mailing.send(mail_of("x", id=number))
    with pytest.raises(RateLimited):
        await mailing.send(mail_of("x", id="3"))


async def test_scripts_and_injected_headers_are_text(mailing: Post) -> None:
    html = "<html><script>alert(1)</script><body><p onclick='x()'>Hallo <b>daar</b></p></body></html>"
    subject = "=?utf-8?q?Bestelling=0D=0ABcc:_x=40evil.example?="
    kept = await mailing.send(mail_of(html, subject=subject, Content_Type="text/html"))
    await mailing.read(kept.id)
    mail = await mailing.mail(kept.id)
    assert mail.parts is not None
    assert [part["text"].strip() for part in mail.parts] == ["Hallo daar"]
    (letter,) = await letters(mailing)
    assert letter.subject == "Re: Bestelling Bcc: x@evil.example"
    assert letter.message()["Bcc"] is None


async def test_another_entity_s_staff_and_partners_do_not_review(mailing: Post, database: Database) -> None:
    other = await post(database, mailing.settings)
    kept = await mailing.send(mail_of(NO_PHONE))
    (order,) = await mailing.read(kept.id)
    with pytest.raises(NotFound):
        await mailing.review(order.id, {PHONE: "0612345678"}, by=other.staff)


async def test_mail_is_forgotten_when_its_time_is_over(mailing: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    done, waiting = await mailing.send(mail_of(CLEAR)), await mailing.send(mail_of(NO_PHONE, id="2"))
    noise = await mailing.send(mail_of("x", id="3", X_Autoreply="yes"))
    await mailing.read(done.id)
    await mailing.read(waiting.id)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=181))
    async with mailing.trade.market.database.session(SYSTEM) as session:
        assert await keeping.forget(session, 180) >= 2
    left = {mail.id: mail for mail in await mailing.rows(InboundMail)}
    assert noise.id not in left
    assert (left[done.id].raw, left[done.id].parts, left[done.id].sender) == (None, None, "")
    assert left[waiting.id].raw is not None
    (order,) = await mailing.rows(EmailOrder, EmailOrder.inbound_mail_id == done.id)
    assert (order.fields, order.state) == ({}, "SUBMITTED")
    with pytest.raises((Conflict, InvalidState)):
        async with mailing.trade.market.database.session(SYSTEM) as session:
            await reviewing.read_again(session, mailing.staff, done.id)


async def test_what_somebody_corrected_is_learned_once_and_read_the_next_time(mailing: Post) -> None:
    odd = CLEAR.replace("Naam: ", "Wederpartij Z: ")
    kept = await mailing.send(mail_of(odd))
    (order,) = await mailing.read(kept.id)
    assert NAME in order.asked
    said = {path: str(order.fields[path]["value"]) for path in order.asked if path in order.fields}
    await mailing.review(order.id, {**said, NAME: "Sanne de Vries"})
    database = mailing.trade.market.database
    async with database.session(SYSTEM) as session:
        taught = await learning.lesson(session, order.id)
        assert taught is not None
        assert (taught.right[PHONE], taught.right["$.products[0].quantity"]) == ("+31612345678", 1)
        await learning.learned(session, taught, read(taught.raw))
    (template,) = await mailing.rows(MailTemplate)
    assert (template.version, template.state) == (1, "ACTIVE")
    nxt = await mailing.send(mail_of(odd.replace("ALV-1", "ALV-2").replace("Sanne de Vries", "Jan Bakker"), id="2"))
    (order,) = await mailing.read(nxt.id)
    assert order.fields[NAME]["value"] == "Jan Bakker"


async def test_a_mail_with_two_orders_makes_two(mailing: Post) -> None:
    second = CLEAR.replace("ALV-1", "ALV-2").replace("Sanne de Vries", "Jan Bakker").replace("sanne@", "jan@")
    kept = await mailing.send(mail_of(CLEAR.partition("Met vr")[0] + "\n---\n\n" + second))
    orders = await mailing.read(kept.id)
    assert [order.position for order in orders] == [1, 2]
    assert [order.reference for order in orders] == ["ALV-1", "ALV-2"]


async def test_a_worker_that_dies_between_submitting_and_telling_is_gone_on_with(
    mailing: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await mailing.send(mail_of(CLEAR))
    with monkeypatch.context() as patch:
        patch.setattr(working, "_finish", None)
        with pytest.raises(TypeError):
            await mailing.read(kept.id)
    assert (await mailing.mail(kept.id)).state == "RECEIVED"
    assert len(await mailing.rows(PartnerOrder)) == 1
    await mailing.read(kept.id)
    assert (await mailing.mail(kept.id)).state == "READ"
    assert [order.repeated for order in await mailing.rows(PartnerOrder)] == [0]
    assert len(await letters(mailing)) == 1


async def test_two_workers_at_once_make_one_order(mailing: Post) -> None:
    kept = await mailing.send(mail_of(CLEAR))
    await asyncio.gather(mailing.read(kept.id), mailing.read(kept.id))
    assert [order.repeated for order in await mailing.rows(PartnerOrder)] == [0]
    assert len(await mailing.rows(EmailOrder)) == len(await letters(mailing)) == 1


async def test_a_mail_that_cannot_be_read_is_kept_and_told_of(mailing: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("unforeseen")

    kept, database = await mailing.send(mail_of(CLEAR)), mailing.trade.market.database
    monkeypatch.setattr(working, "work_through", broken)
    run = Run(kept.id, receiving.READ, "mail-in", 5, 4, SYSTEM, None, database, mailing.settings)
    with pytest.raises(GiveUp):
        await inbound_mail.read(run, {"inbound_mail_id": str(kept.id)})
    assert (await mailing.mail(kept.id)).state == "FAILED"
    async with database.session(SYSTEM) as session:
        assert (await reviewing.read_again(session, mailing.staff, kept.id)).state == "RECEIVED"
