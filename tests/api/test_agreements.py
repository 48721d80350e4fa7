"""Agreements over GraphQL: who pays per category, each named once, and where a fault is."""

from typing import Any
from uuid import uuid4

from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid

SAVE = """mutation($input: AgreementInput!) { saveAgreement(input: $input) {
  agreement { payerByCategory organization { id } } userErrors { code field } } }"""


async def test_payers_are_named_once_and_faults_where_they_are(database: Database, settings: Settings) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        partner = await factories.organization(session, entity)
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, entity)
    asker = Asker(database, settings, admin)
    whom = {"entityId": gid("BusinessEntity", entity.id), "organizationId": gid("Organization", partner.id)}

    async def save(*payers: dict[str, Any]) -> Any:
        return (await asker.ask(SAVE, input=whom | {"payerByCategory": list(payers)}))["saveAgreement"]

    stations = {"category": "CHARGING_STATION", "payer": "PARTNER"}
    saved = await save(stations, {"category": "MOUNTING_POLE", "payer": "CUSTOMER"})
    assert saved["agreement"]["payerByCategory"] == {"CHARGING_STATION": "PARTNER", "MOUNTING_POLE": "CUSTOMER"}
    assert saved["agreement"]["organization"] == {"id": whom["organizationId"]}
    assert codes(await save(stations, stations)) == [("DUPLICATE_VALUE", ["payerByCategory", "1", "category"])]
    nobody = {"category": "MOUNTING_POLE", "payer": "ORGANIZATION", "organizationId": gid("Organization", uuid4())}
    assert codes(await save(stations, nobody)) == [("NOT_FOUND", ["payerByCategory", "1", "organizationId"])]
