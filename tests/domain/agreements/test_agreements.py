"""Processing agreements (T15): a version and a day together, never of tomorrow, and in the log."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select

from domain.agreements import service
from domain.agreements.models import Agreement
from domain.errors import DomainError, OutOfRange, Required
from domain.events.models import Event
from domain.numbering.service import AMSTERDAM
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid

VERSION, SIGNED_ON = "processing_agreement_version", "processing_agreement_signed_on"
SIGNED = {VERSION: "VWO 2.1", SIGNED_ON: date(2026, 1, 5)}
SAVE = """mutation S($input: AgreementInput!) { saveAgreement(input: $input) {
  agreement { processingAgreementVersion processingAgreementSignedOn } userErrors { code field } } }"""


@dataclass
class Deal:
    """An entity, its admin and a partner."""

    database: Database
    entity_id: UUID
    partner_id: UUID
    admin: Actor

    async def save(self, **terms: Any) -> Agreement:
        async with self.database.session(self.admin) as session:
            return await service.save_agreement(session, self.entity_id, self.partner_id, terms)


@pytest.fixture
async def deal(database: Database) -> Deal:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, entity)
    return Deal(database, entity.id, partner.id, admin)


def today() -> date:
    return datetime.now(AMSTERDAM).date()


def processing(agreement: Agreement) -> tuple[str | None, date | None]:
    return agreement.processing_agreement_version, agreement.processing_agreement_signed_on


async def test_what_was_signed_is_kept_and_told(deal: Deal) -> None:
    made = await deal.save(**{VERSION: "  VWO   2.1 ", SIGNED_ON: today()})
    assert processing(made) == ("VWO 2.1", today())
    async with deal.database.session(deal.admin) as session:
        event = (await session.scalars(select(Event).where(Event.subject_id == made.id))).one()
    assert event.changes == {VERSION: [None, "VWO 2.1"], SIGNED_ON: [None, today().isoformat()]}


async def test_it_goes_on_under_new_terms_until_it_is_replaced_or_ended(deal: Deal) -> None:
    assert processing(await deal.save()) == (None, None)
    await deal.save(**SIGNED)
    assert processing(await deal.save(quote_valid_days=10)) == tuple(SIGNED.values())
    replaced = {VERSION: "VWO 3", SIGNED_ON: date(2026, 2, 1)}
    assert processing(await deal.save(**replaced)) == tuple(replaced.values())
    assert processing(await deal.save(**dict.fromkeys(SIGNED))) == (None, None)
    assert processing(await deal.save()) == (None, None)


@pytest.mark.parametrize(
    ("terms", "refusal", "field"),
    [
        ({VERSION: "VWO 2.1"}, Required, SIGNED_ON),
        ({SIGNED_ON: date(2026, 1, 5)}, Required, VERSION),
        ({VERSION: " ", SIGNED_ON: date(2026, 1, 5)}, Required, VERSION),
        ({VERSION: "VWO", SIGNED_ON: date(1999, 12, 31)}, OutOfRange, SIGNED_ON),
    ],
)
async def test_half_of_it_is_refused(deal: Deal, terms: dict[str, Any], refusal: type[DomainError], field: str) -> None:
    await deal.save(**SIGNED)
    with pytest.raises(refusal) as refused:
        await deal.save(**terms)
    assert refused.value.field == (field,)


async def test_nobody_signs_tomorrow(deal: Deal) -> None:
    with pytest.raises(OutOfRange):
        await deal.save(**{VERSION: "VWO", SIGNED_ON: today() + timedelta(days=1)})


async def test_the_database_refuses_half_of_it(deal: Deal, owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    made = await deal.save(**SIGNED)
    with pytest.raises(asyncpg.CheckViolationError, match="processing_agreement"):
        await owner.execute(f"UPDATE agreement SET {SIGNED_ON} = NULL WHERE id = $1", made.id)


async def test_it_is_asked_and_shown(deal: Deal, settings: Settings) -> None:
    asker = Asker(deal.database, settings, deal.admin)
    ids = {"entityId": gid("BusinessEntity", deal.entity_id), "organizationId": gid("Organization", deal.partner_id)}
    signed = {"processingAgreementVersion": "VWO 2.1", "processingAgreementSignedOn": "2026-01-05"}
    for given in (signed, {}):
        saved = (await asker.ask(SAVE, input={**ids, **given}))["saveAgreement"]
        assert (saved["agreement"], codes(saved)) == (signed, [])
    late = {**signed, "processingAgreementSignedOn": (today() + timedelta(days=1)).isoformat()}
    refused = (await asker.ask(SAVE, input={**ids, **late}))["saveAgreement"]
    assert codes(refused) == [("OUT_OF_RANGE", ["processingAgreementSignedOn"])]
