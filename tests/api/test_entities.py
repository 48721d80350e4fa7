"""Business entities, brands and portals: public looks, legal data that is right, host names that nobody takes over."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from domain.contacts.models import Contact
from tenants.actor import SYSTEM, Actor, anonymous
from tenants.engine import Database
from tenants.models import Brand, BrandCobranding, BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.asking import Asker, codes, gid

PORTAL = """query P($host: String!, $partner: String) { brand(host: $host, partner: $partner) {
  host name locale logoUrl theme { name value } terms consentText legalName kvkNumber
  partner { slug name logoUrl } } }"""
CREATE = """mutation C($input: CreateBusinessEntityInput!) { createBusinessEntity(input: $input) {
  businessEntity { id code legalName iban postalCode houseNumber brands { id host theme { name value } } }
  userErrors { code field message } } }"""
UPDATE_ENTITY = """mutation U($input: UpdateBusinessEntityInput!) { updateBusinessEntity(input: $input) {
  businessEntity { name quoteValidDays requiresPartner } userErrors { code field } } }"""
UPDATE = """mutation U($input: UpdateBrandInput!) { updateBrand(input: $input) {
  brand { host name logoUrl terms theme { name value } } userErrors { code field message } } }"""
CREATE_BRAND = """mutation C($input: CreateBrandInput!) { createBrand(input: $input) {
  brand { host entity { id } } userErrors { code field } } }"""
COBRAND = """mutation S($input: SetPartnerBrandingInput!) { setPartnerBranding(input: $input) {
  branding { slug name organization { id } brand { partnerBrandings { slug } } } userErrors { code field } } }"""
REMOVE = """mutation R($brand: ID!, $partner: ID!) { removePartnerBranding(brandId: $brand, organizationId: $partner) {
  brand { partnerBrandings { slug } } userErrors { code field } } }"""
ENTITIES = "{ businessEntities { id code brands { host partnerBrandings { slug } } } }"


@dataclass
class Street:
    """Two entities with a brand each; partners of the first."""

    database: Database
    settings: Settings
    entity: BusinessEntity
    brand: Brand
    other: BusinessEntity
    other_brand: Brand
    partner: Contact
    rival: Contact
    actors: dict[str, Actor] = field(default_factory=dict)

    def as_(self, name: str) -> Asker:
        return Asker(self.database, self.settings, self.actors[name])


@pytest.fixture
async def street(database: Database, settings: Settings) -> Street:
    async with database.session(SYSTEM) as session:
        entity, other = await factories.business_entity(session), await factories.business_entity(session)
        theme = {"colorPrimary": "#00b67a", "radius": "8px", "evil": "x;}body{}", "colorText": "url(javascript:1)"}
        brand = await factories.brand(session, entity, theme=theme, terms="Voorwaarden & zo", consent_text="Akkoord")
        other_brand = await factories.brand(session, other)
        partner, rival = [await factories.organization(session, entity) for _ in range(2)]
        made = Street(database, settings, entity, brand, other, other_brand, partner, rival)
        for name, role, of in (
            ("admin", Role.TENANT_ADMIN, entity),
            ("staff", Role.OPERATIONS, entity),
            ("platform", Role.PLATFORM_ADMIN, []),
        ):
            made.actors[name] = await factories.actor_with(session, role, of)
        for name, organization in (("partner", partner), ("rival", rival)):
            actor = await factories.actor_with(session, Role.PARTNER_ADMIN, entity, organization=organization)
            made.actors[name] = actor
    made.actors["visitor"], made.actors["nobody"] = anonymous(entity.id), anonymous(None)
    return made


# --- before login -----------------------------------------------------------------------------------------------------


async def portal(asker: Asker, host: str, partner: str | None = None) -> Any:
    return (await asker.ask(PORTAL, host=host, partner=partner))["brand"]


async def test_everybody_sees_every_portal(street: Street) -> None:
    for name in ("visitor", "nobody", "partner", "admin"):
        for brand in (street.brand, street.other_brand):
            assert (await portal(street.as_(name), f"{brand.host.upper()}:8000"))["name"] == brand.name
    assert await portal(street.as_("visitor"), "nowhere.localhost") is None


async def test_a_portal_shows_safe_looks_and_public_data_only(street: Street) -> None:
    shown = await portal(street.as_("visitor"), street.brand.host)
    assert shown["theme"] == [{"name": "colorPrimary", "value": "#00b67a"}, {"name": "radius", "value": "8px"}]
    assert (shown["terms"], shown["consentText"]) == ("Voorwaarden & zo", "Akkoord")
    assert (shown["legalName"], shown["partner"]) == (street.entity.legal_name, None)


async def test_a_visitor_sees_nothing_else(street: Street) -> None:
    assert await street.as_("visitor").error(ENTITIES) == "UNAUTHENTICATED"
    document = "query N($id: ID!) { node(id: $id) { id } }"
    assert await street.as_("visitor").error(document, id=gid("Brand", street.other_brand.id)) == "UNAUTHENTICATED"


async def cobrand(asker: Asker, street: Street, partner: Contact, **given: Any) -> Any:
    ids = {"brandId": gid("Brand", street.brand.id), "organizationId": gid("Organization", partner.id)}
    return (await asker.ask(COBRAND, input=ids | {"slug": "samen", "name": "Samen"} | given))["setPartnerBranding"]


async def test_a_partners_looks_are_over_those_of_the_brand(street: Street) -> None:
    theme = [{"name": "colorPrimary", "value": "rgb(1 2 3)"}, {"name": "fontFamily", "value": "Inter, sans-serif"}]
    made = await cobrand(street.as_("admin"), street, street.partner, theme=theme, logoUrl="/logos/samen.svg")
    assert made["userErrors"] == []
    shown = await portal(street.as_("visitor"), street.brand.host, "SAMEN")
    assert {token["name"]: token["value"] for token in shown["theme"]} == {
        "colorPrimary": "rgb(1 2 3)",
        "fontFamily": "Inter, sans-serif",
        "radius": "8px",
    }
    assert shown["partner"] == {"slug": "samen", "name": "Samen", "logoUrl": "/logos/samen.svg"}
    assert shown["name"] == street.brand.name
    assert (await portal(street.as_("visitor"), street.brand.host, "onbekend"))["partner"] is None
    assert (await portal(street.as_("visitor"), street.other_brand.host, "samen"))["partner"] is None


async def test_a_slug_is_one_partners_and_partners_do_not_see_each_other(street: Street) -> None:
    await cobrand(street.as_("admin"), street, street.partner)
    assert codes(await cobrand(street.as_("admin"), street, street.rival)) == [("ALREADY_EXISTS", ["slug"])]
    changed = await cobrand(street.as_("admin"), street, street.partner, slug="anders")
    assert changed["branding"]["brand"]["partnerBrandings"] == [{"slug": "anders"}]
    assert (await cobrand(street.as_("admin"), street, street.rival))["userErrors"] == []
    seen = (await street.as_("partner").ask(ENTITIES))["businessEntities"][0]["brands"][0]["partnerBrandings"]
    assert seen == [{"slug": "anders"}]
    keys = {"brand": gid("Brand", street.brand.id), "partner": gid("Organization", street.partner.id)}
    for _ in range(2):
        gone = (await street.as_("admin").ask(REMOVE, **keys))["removePartnerBranding"]
        assert gone == {"brand": {"partnerBrandings": [{"slug": "samen"}]}, "userErrors": []}


async def test_who_may_not_cobrand(street: Street) -> None:
    for name in ("staff", "partner"):
        ids = {"brandId": gid("Brand", street.brand.id), "organizationId": gid("Organization", street.partner.id)}
        assert await street.as_(name).error(COBRAND, input=ids | {"slug": "x", "name": "X"}) == "FORBIDDEN"
    async with street.database.session(SYSTEM) as session:
        stranger = await factories.organization(session, street.other)
    assert codes(await cobrand(street.as_("admin"), street, stranger)) == [("NOT_FOUND", ["organizationId"])]
    refused = await cobrand(street.as_("platform"), street, stranger)
    assert codes(refused) == [("NOT_FOUND", ["organizationId"])]


# --- entities ---------------------------------------------------------------------------------------------------------


def a_new_entity(**given: Any) -> dict[str, Any]:
    host = f"{uuid4().hex}.example.nl"
    brand = {"host": host, "name": "Nieuw", "senderName": "Nieuw", "senderEmail": "post@example.nl"}
    return {
        "code": factories.letters(),
        "invoicePrefix": factories.letters(8),
        "name": "Nieuw",
        "legalName": "Nieuw B.V.",
        "kvkNumber": "12345678",
        "vatNumber": "NL123456782B01",
        "iban": "NL91 ABNA 0417 1643 00",
        "email": "info@example.nl",
        "phone": "0201234567",
        "street": "Laan",
        "houseNumber": "1 a",
        "postalCode": "1011 ab",
        "city": "Amsterdam",
        "brand": brand | given.pop("brand", {}),
    } | given


async def create(asker: Asker, **given: Any) -> Any:
    return (await asker.ask(CREATE, input=a_new_entity(**given)))["createBusinessEntity"]


async def test_a_platform_admin_adds_an_entity_with_its_portal(street: Street) -> None:
    theme = [{"name": "colorPrimary", "value": "#ABC"}]
    made = await create(street.as_("platform"), brand={"theme": theme})
    assert made["userErrors"] == []
    entity = made["businessEntity"]
    assert (entity["iban"], entity["postalCode"], entity["houseNumber"]) == ("NL91ABNA0417164300", "1011AB", "1A")
    [brand] = entity["brands"]
    assert brand["theme"] == theme
    assert (await portal(street.as_("nobody"), brand["host"]))["legalName"] == "Nieuw B.V."
    assert await street.as_("admin").error(CREATE, input=a_new_entity()) == "FORBIDDEN"


async def test_legal_data_is_checked_and_all_faults_are_told(street: Street) -> None:
    bad = {"kvkNumber": "1", "vatNumber": "NL1", "iban": "NL00ABNA0417164300", "postalCode": "1011", "code": "nieuw1"}
    evil = [
        {"name": "colorPrimary", "value": "red;}"},
        {"name": "hack", "value": "1"},
        {"name": "radius", "value": "8px"},
    ]
    refused = await create(
        street.as_("platform"), **bad, quoteValidDays=0, brand={"host": "a b", "theme": evil, "terms": "<b>x</b>"}
    )
    assert {".".join(path) for _, path in codes(refused)} == {
        *bad,
        "quoteValidDays",
        "brand.host",
        "brand.terms",
        "brand.theme.0.value",
        "brand.theme.1.name",
    }


async def test_codes_prefixes_and_hosts_are_unique(street: Street) -> None:
    taken = await create(street.as_("platform"), code=street.entity.code)
    assert codes(taken) == [("ALREADY_EXISTS", ["code"])]
    taken = await create(street.as_("platform"), brand={"host": street.other_brand.host.upper()})
    assert codes(taken) == [("ALREADY_EXISTS", ["brand", "host"])]


async def test_an_admin_changes_its_own_entity(street: Street) -> None:
    id = gid("BusinessEntity", street.entity.id)
    given = {"id": id, "name": "Anders", "quoteValidDays": 14, "requiresPartner": True}
    changed = (await street.as_("admin").ask(UPDATE_ENTITY, input=given))["updateBusinessEntity"]
    assert changed["businessEntity"] == {"name": "Anders", "quoteValidDays": 14, "requiresPartner": True}
    same = await street.as_("admin").ask(UPDATE_ENTITY, input={"id": id, "iban": "NL91ABNA0417164300"})
    assert same["updateBusinessEntity"]["businessEntity"]["name"] == "Anders"
    emptied = (await street.as_("admin").ask(UPDATE_ENTITY, input={"id": id, "name": None}))["updateBusinessEntity"]
    assert codes(emptied) == [("REQUIRED", ["name"])]
    other = {"id": gid("BusinessEntity", street.other.id), "name": "Overgenomen"}
    assert codes((await street.as_("admin").ask(UPDATE_ENTITY, input=other))["updateBusinessEntity"]) == [
        ("NOT_FOUND", ["id"])
    ]
    assert await street.as_("staff").error(UPDATE_ENTITY, input=given) == "FORBIDDEN"


async def test_how_long_leads_are_kept_is_set_by_the_admin_and_read_by_staff(street: Street) -> None:
    id, days = gid("BusinessEntity", street.entity.id), "{ businessEntities { leadRetentionDays } }"
    assert (await street.as_("staff").ask(days))["businessEntities"] == [{"leadRetentionDays": 730}]
    for given, refused in (
        (30, []),
        (3650, []),
        (29, ["OUT_OF_RANGE"]),
        (3651, ["OUT_OF_RANGE"]),
        (None, ["REQUIRED"]),
    ):
        asked = {"id": id, "leadRetentionDays": given}
        changed = (await street.as_("admin").ask(UPDATE_ENTITY, input=asked))["updateBusinessEntity"]
        assert codes(changed) == [(code, ["leadRetentionDays"]) for code in refused], given
    assert (await street.as_("staff").ask(days))["businessEntities"] == [{"leadRetentionDays": 3650}]


async def test_each_sees_the_entities_it_works_with(street: Street) -> None:
    for name in ("admin", "partner"):
        seen = (await street.as_(name).ask(ENTITIES))["businessEntities"]
        assert [entity["code"] for entity in seen] == [street.entity.code]


# --- brands -----------------------------------------------------------------------------------------------------------


async def change(asker: Asker, brand: Brand, **given: Any) -> Any:
    return (await asker.ask(UPDATE, input={"id": gid("Brand", brand.id)} | given))["updateBrand"]


async def test_an_admin_changes_its_portal(street: Street) -> None:
    theme = [{"name": "colorPrimary", "value": "hsl(160 100% 36%)"}]
    given = {"name": "Nieuwe naam", "theme": theme, "logoUrl": "https://cdn.example.nl/logo.svg", "terms": "a < b & c"}
    changed = await change(street.as_("admin"), street.brand, **given)
    assert changed["userErrors"] == []
    assert changed["brand"] == given | {"host": street.brand.host}
    emptied = await change(street.as_("admin"), street.brand, logoUrl=None, theme=None, terms=None)
    assert emptied["brand"] == {
        "host": street.brand.host,
        "name": "Nieuwe naam",
        "logoUrl": None,
        "terms": "",
        "theme": [],
    }
    assert codes(await change(street.as_("admin"), street.other_brand, name="X")) == [("NOT_FOUND", ["id"])]
    assert await street.as_("staff").error(UPDATE, input={"id": gid("Brand", street.brand.id)}) == "FORBIDDEN"


async def test_host_names_are_the_platforms_to_give(street: Street) -> None:
    wanted = f"{uuid4().hex}.example.nl"
    refused = await change(street.as_("admin"), street.brand, host=wanted)
    assert codes(refused) == [("SET_BY_PLATFORM", ["host"])]
    assert (await change(street.as_("admin"), street.brand, host=street.brand.host))["userErrors"] == []
    assert (await change(street.as_("platform"), street.brand, host=wanted))["brand"]["host"] == wanted
    taken = await change(street.as_("platform"), street.brand, host=street.other_brand.host)
    assert codes(taken) == [("ALREADY_EXISTS", ["host"])]
    new = {"entityId": gid("BusinessEntity", street.entity.id), "host": f"{uuid4().hex}.example.nl"}
    given = new | {"name": "B", "senderName": "B", "senderEmail": "b@example.nl"}
    assert await street.as_("admin").error(CREATE_BRAND, input=given) == "FORBIDDEN"
    made = (await street.as_("platform").ask(CREATE_BRAND, input=given))["createBrand"]
    assert made["brand"] == {"host": new["host"], "entity": {"id": new["entityId"]}}


@pytest.mark.parametrize(
    "logo",
    ["http://x.nl/a.png", "javascript:alert(1)", "//evil.nl/a", "https://x", "/../etc", 'https://x.nl/a"b', "data:,x"],
)
async def test_a_logo_is_an_https_address_or_a_path(street: Street, logo: str) -> None:
    assert codes(await change(street.as_("admin"), street.brand, logoUrl=logo)) == [("INVALID_LOGO", ["logoUrl"])]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x", "</p>", "<!-- x -->"])
async def test_legal_texts_are_plain(street: Street, text: str) -> None:
    refused = await change(street.as_("admin"), street.brand, consentText=text)
    assert codes(refused) == [("NOT_PLAIN_TEXT", ["consentText"])]


async def test_changes_are_in_the_audit_trail(street: Street) -> None:
    await change(street.as_("admin"), street.brand, name="Zichtbaar")
    document = """{ events(filter: {type: {in: ["brand.updated"]}}) { nodes { type payload
      ... on StaffEvent { changes internal } } } }"""
    [found] = (await street.as_("admin").ask(document))["events"]["nodes"]
    assert found["changes"]["name"] == [street.brand.name, "Zichtbaar"]
    assert (await street.as_("partner").ask(document))["events"]["nodes"] == []


async def test_the_looks_of_a_merged_partner_are_the_winners(street: Street) -> None:
    await cobrand(street.as_("admin"), street, street.partner)
    document = "mutation M($w: ID!, $l: ID!) { mergeContacts(winnerId: $w, loserId: $l) { userErrors { code } } }"
    keys = {"w": gid("Organization", street.rival.id), "l": gid("Organization", street.partner.id)}
    await street.as_("admin").ask(document, **keys)
    shown = await portal(street.as_("visitor"), street.brand.host, "samen")
    assert shown["partner"]["slug"] == "samen"
    async with street.database.session(SYSTEM) as session:
        query = select(BrandCobranding.organization_id).filter_by(slug="samen", brand_id=street.brand.id)
        assert (await session.execute(query)).scalar_one() == street.rival.id
