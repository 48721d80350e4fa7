"""What corrections teach: pure rules, and the versions that are kept of them."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalog.models import PartnerSku
from domain.errors import DomainError, DomainErrors, NotFound
from domain.mail_reading import fields as f
from domain.mail_reading import service
from domain.mail_reading.extraction import extract
from domain.mail_reading.fields import Known, Method
from domain.mail_reading.learning import learned
from domain.mail_reading.message import MailMessage, read
from domain.mail_reading.models import MailTemplate, TemplateOrigin, TemplateState
from domain.mail_reading.template import EMPTY, Template
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories

KNOWN = Known({"A-1": "Lader", "A-2": "Kabel"}, {})
_RIGHT = {f.NAME: "Jan Bos", f.ORDER_ID: "X-77", f.EMAIL: "jan@klant.example", f.POSTCODE: "3511 AB"}


def mail(label: str, name: str = "Jan Bos", number: str = "X-77") -> MailMessage:
    text = f"{label}: {name}\nZaak: {number}\njan@klant.example\n3511 AB Utrecht\n1x A-1\n"
    return read(f"From: V <v@dealer.example>\nSubject: mail\n\n{text}".encode())


def after(times: int) -> Template:
    template = EMPTY
    for _ in range(times):
        template = learned(template, mail("Contractant"), _RIGHT, KNOWN)
    return template


def confidence(template: Template, path: str = f.NAME) -> float:
    (order,) = extract(mail("Contractant", "Els Smit"), [template], KNOWN)
    return order.fields[path].confidence if path in order.fields else 0.0


def test_a_label_is_learned_asked_once_more_and_then_trusted() -> None:
    assert confidence(EMPTY) == 0.0
    assert 0.5 < confidence(after(1)) < f.THRESHOLD <= confidence(after(2)) < confidence(after(5))
    (order,) = extract(mail("Contractant", "Els Smit"), [after(2)], KNOWN)
    assert (order.fields[f.NAME].value, order.fields[f.NAME].method) == ("Els Smit", Method.LEARNED)


def test_a_rule_that_was_wrong_is_trusted_less() -> None:
    taught = after(4)
    wrong = learned(taught, mail("Contractant"), _RIGHT | {f.NAME: "Piet Klaassen"}, KNOWN)
    assert confidence(wrong) < f.THRESHOLD <= confidence(taught)


def test_a_value_that_is_none_teaches_to_ignore_its_label() -> None:
    said = "Naam: Jan Bos\njan@klant.example\n1x A-1\n"
    message = read(f"From: V <v@dealer.example>\nSubject: mail\n\n{said}".encode())
    (order,) = extract(message, [learned(EMPTY, message, {f.NAME: None}, KNOWN)], KNOWN)
    assert f.NAME not in order.fields


def test_a_label_that_is_understood_is_not_learned_again() -> None:
    assert learned(EMPTY, mail("Naam"), {f.NAME: "Jan Bos"}, KNOWN).labels == {}


def test_the_name_of_an_article_is_learned() -> None:
    said = "Naam: Jan Bos\njan@klant.example\nArtikel: 1x zwarte lader\n"
    message = read(f"From: V <v@dealer.example>\nSubject: mail\n\n{said}".encode())
    taught = learned(EMPTY, message, {"$.products[0].partner_sku": "A-1"}, KNOWN)
    taught = learned(taught, message, {"$.products[0].partner_sku": "A-1"}, KNOWN)
    (order,) = extract(message, [taught], KNOWN)
    assert order.fields["$.products[0].partner_sku"].value == "A-1"
    assert order.fields["$.products[0].partner_sku"].confidence >= f.THRESHOLD
    assert learned(EMPTY, message, {"$.products[0].partner_sku": "unknown"}, KNOWN) == EMPTY


def test_words_before_a_value_are_learned_and_never_names() -> None:
    said = "graag plaatsen onder zaaknaam Jan Bos te Utrecht, jan@klant.example\nbij Piet Mol Jan Bos\n1x A-1\n"
    message = read(f"From: V <v@dealer.example>\nSubject: mail\n\n{said}".encode())
    taught = learned(EMPTY, message, {f.NAME: "Jan Bos"}, KNOWN)
    assert [rule.key for rule in taught.contexts] == ["plaatsen onder zaaknaam"]
    assert "piet" not in str(taught.as_json()).lower()


def test_templates_survive_being_kept() -> None:
    assert Template.from_json(after(3).as_json()) == after(3)


@pytest.fixture
async def partner(database: Database) -> tuple[Database, UUID, UUID, UUID]:
    """An entity, a partner, a dealer below it; the partner has the article number A-1."""
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        above = await factories.organization(session, entity)
        below = await factories.organization(session, entity, above)
        article = await factories.article(session, entity)
        session.add(PartnerSku(entity_id=entity.id, organization_id=above.id, partner_sku="A-1", article_id=article.id))
        return database, entity.id, above.id, below.id


async def learn(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> MailTemplate | None:
    return await service.learn(
        session, entity_id=entity_id, organization_id=organization_id, mail=mail("Contractant"), corrected=_RIGHT
    )


async def test_each_correction_is_a_version_and_the_partner_s_dealers_read_by_it(
    partner: tuple[Database, UUID, UUID, UUID],
) -> None:
    database, entity, above, below = partner
    for _ in range(2):
        async with database.session(SYSTEM) as session:
            await learn(session, entity, above)
    async with database.session(SYSTEM) as session:
        query = select(MailTemplate).where(MailTemplate.organization_id == above).order_by(MailTemplate.version)
        first, second = await session.scalars(query)
        templates = await service.templates_for(session, entity, below)
        known = await service.known_for(session, entity, below)
        assert (first.version, first.state, first.retired_at is None) == (1, TemplateState.RETIRED, False)
        assert (second.version, second.state, second.origin) == (2, TemplateState.ACTIVE, TemplateOrigin.LEARNED)
        assert [t.labels["contractant"].path for t in templates] == [f.NAME]
        assert list(known.skus) == ["A-1"]


async def test_a_correction_that_teaches_nothing_makes_no_version(partner: tuple[Database, UUID, UUID, UUID]) -> None:
    database, entity, above, _ = partner
    async with database.session(SYSTEM) as session:
        made = await service.learn(
            session, entity_id=entity, organization_id=above, mail=mail("Naam"), corrected={f.NAME: "Jan Bos"}
        )
        assert made is None


async def test_two_corrections_at_once_are_two_versions(partner: tuple[Database, UUID, UUID, UUID]) -> None:
    database, entity, above, _ = partner

    async def once() -> None:
        async with database.session(SYSTEM) as session:
            await learn(session, entity, above)

    await asyncio.gather(once(), once())
    async with database.session(SYSTEM) as session:
        versions = await session.scalars(select(MailTemplate.version).where(MailTemplate.organization_id == above))
        assert sorted(versions) == [1, 2]


async def test_rules_are_stated_and_earlier_versions_restored(partner: tuple[Database, UUID, UUID, UUID]) -> None:
    database, entity, above, _ = partner
    of = {"entity_id": entity, "organization_id": above}
    async with database.session(SYSTEM) as session:
        first = await service.state(session, **of, label_paths={"Contractant:": f.NAME}, alias_skus={"De Lader": "A-1"})
        second = await service.state(session, **of, label_paths={}, alias_skus={})
        (empty,) = await service.templates_for(session, entity, above)
        third = await service.restore(session, first.id)
        (restored,) = await service.templates_for(session, entity, above)
        assert [row.version for row in (first, second, third)] == [1, 2, 3]
        assert (empty.labels, third.origin, third.rules) == ({}, TemplateOrigin.RESTORED, first.rules)
        assert confidence(restored) >= f.THRESHOLD
        assert restored.aliases["de lader"].path == "A-1"


async def test_rules_that_name_no_field_are_refused(partner: tuple[Database, UUID, UUID, UUID]) -> None:
    database, entity, above, _ = partner
    async with database.session(SYSTEM) as session:
        with pytest.raises(DomainErrors) as refused:
            await service.state(
                session,
                entity_id=entity,
                organization_id=above,
                label_paths={"A": "$.customer.shoe", "B": "price"},
                alias_skus={},
            )
        assert [(e.code, e.field) for e in refused.value.errors] == [
            ("UNKNOWN_MAIL_FIELD", ("labels", 0, "path")),
            ("UNKNOWN_MAIL_FIELD", ("labels", 1, "path")),
        ]
        with pytest.raises(NotFound):
            await service.state(session, entity_id=above, organization_id=above, label_paths={}, alias_skus={})
        with pytest.raises(DomainError):
            await service.restore(session, entity)
