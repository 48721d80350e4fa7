"""The first tenant of an installation: made whole or not at all, and its administrator can log in."""

import orjson
import pytest
from sqlalchemy import select

from chargecars.bootstrap import create_tenant, described
from chargecars.stack.errors import StackError
from domain.errors import DomainErrors
from tenants.actor import SYSTEM
from tenants.brands import brand_of
from tenants.engine import Database
from tenants.models import BusinessEntity, Membership, UserAccount
from tests.factories import letters, unique

PASSWORD = "een lange zin om mee te beginnen"


def tenant() -> tuple[dict[str, object], dict[str, object], dict[str, str]]:
    entity: dict[str, object] = {
        "code": letters(),
        "invoice_prefix": letters(6),
        "name": "Eerste",
        "legal_name": "Eerste B.V.",
        "kvk_number": "12345678",
        "vat_number": "NL123456782B01",
        "iban": "NL91ABNA0417164300",
        "email": "info@example.nl",
        "phone": "+31201234567",
        "street": "Dorpsstraat",
        "house_number": "1",
        "postal_code": "3861 AA",
        "city": "Nijkerk",
    }
    host = f"{unique('portaal-')}.example.nl"
    brand: dict[str, object] = {"host": host, "name": "Eerste", "sender_name": "Eerste", "sender_email": "a@example.nl"}
    return entity, brand, {"email": f"{unique()}@example.nl", "name": "Beheer"}


async def test_a_tenant_is_made_with_portal_and_administrator(database: Database) -> None:
    entity, brand, admin = tenant()
    host = await create_tenant(database, entity, brand, admin, PASSWORD)
    found = await brand_of(database, host)
    assert found is not None
    async with database.session(SYSTEM) as session:
        query = select(Membership.role).join(UserAccount, UserAccount.id == Membership.user_id)
        roles = (await session.execute(query.where(UserAccount.email == admin["email"]))).scalars().all()
        made = (await session.execute(select(BusinessEntity.code).where(BusinessEntity.id == found.entity_id))).scalar()
    assert roles == ["PLATFORM_ADMIN"]
    assert made == entity["code"]


async def test_every_fault_is_told_at_once_and_nothing_is_made(database: Database) -> None:
    entity, brand, admin = tenant()
    with pytest.raises(DomainErrors) as refused:
        await create_tenant(database, entity | {"iban": "NL00"}, brand | {"host": "x y"}, {"email": "niemand"}, "kort")
    assert {error.field[:2] for error in refused.value.errors} == {
        ("entity", "iban"),
        ("brand", "host"),
        ("admin", "email"),
        ("admin", "name"),
    }
    with pytest.raises(Exception, match="PASSWORD"):
        await create_tenant(database, entity, brand, admin, "kort")
    async with database.session(SYSTEM) as session:
        query = select(BusinessEntity.id).where(BusinessEntity.code == entity["code"])
        assert (await session.execute(query)).first() is None


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"entity": 1, "brand": 2, "admin": 3}', b'{"entity": {}}'])
def test_a_file_that_describes_no_tenant_is_refused(text: bytes) -> None:
    with pytest.raises(StackError, match="entity, brand and admin"):
        described(text)


def test_a_description_has_three_parts() -> None:
    parts = dict(zip(("entity", "brand", "admin"), tenant(), strict=True))
    assert list(described(orjson.dumps(parts))) == list(parts.values())
