"""A sixth business entity: its administrator sets everything up through the API, no SQL by hand anywhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from tests.flows.company import ADDRESS, CONSENT, INSTALLATION, STATION, Company, invited, registration
from tests.flows.signing import look_at, sign, skus
from tests.flows.steps import PASSWORD, Client, Platform, new_address, secret_in, this_year

FIVE = {
    "CC": "ChargeCars",
    "LT": "LaderThuis",
    "MT": "MeterKastThuis",
    "ZS": "ZaptecShop",
    "RS": "RatioShop",
}


@pytest.fixture(scope="module")
async def five(platform: Platform) -> dict[str, str]:
    """The five business entities that there are: code and id."""
    ours, ids = await platform.administrator(), {}
    for code, name in FIVE.items():
        given = registration(code, name, f"{name.lower()}.localhost")
        made = await ours.mutate("createBusinessEntity", "businessEntity { id }", input=given)
        ids[code] = made["businessEntity"]["id"]
    return ids


@pytest.fixture(scope="module")
async def sixth(platform: Platform, five: dict[str, str]) -> Company:
    return await Company.found(platform, "ZN", "ZonneThuis")


async def rights_of(client: Client) -> Any:
    return await client.query("viewer", "role entityIds permissions memberships { role entityName current }")


# --- entity and brand ---------------------------------------------------------------------------------------------


async def test_a_sixth_entity_stands_beside_the_five(platform: Platform, sixth: Company) -> None:
    ours = await platform.administrator()
    everywhere = {entity["code"] for entity in await ours.query("businessEntities", "code")}
    assert everywhere == {*FIVE, "ZN", "OURS"}
    [own] = await sixth.admin.query("businessEntities", "id code name brands { host consentText }")
    assert own == {
        "id": sixth.id,
        "code": "ZN",
        "name": "ZonneThuis",
        "brands": [{"host": sixth.host, "consentText": CONSENT}],
    }
    viewer = await rights_of(sixth.admin)
    assert (viewer["role"], viewer["entityIds"]) == ("TENANT_ADMIN", [sixth.id])
    assert viewer["memberships"] == [{"role": "TENANT_ADMIN", "entityName": "ZonneThuis", "current": True}]
    assert "ENTITIES_CREATE" not in viewer["permissions"]


async def test_an_entity_is_made_whole_or_not_at_all(platform: Platform, five: dict[str, str]) -> None:
    ours = await platform.administrator()
    taken = registration("LT", "Anders", "anders.localhost") | {"invoicePrefix": "ANDERS"}
    assert await ours.refusal("createBusinessEntity", input=taken) == "ALREADY_EXISTS code"
    host = registration("AN", "Anders", "laderthuis.localhost")
    assert await ours.refusal("createBusinessEntity", input=host) == "ALREADY_EXISTS brand host"
    wrong = registration("AN", "Anders", "not a host") | {"vatNumber": "NL1", "iban": "NL00", "kvkNumber": "1"}
    faults = (await ours.answer("createBusinessEntity", "businessEntity { id }", input=wrong))["userErrors"]
    assert {".".join(fault["field"]) for fault in faults} == {"vatNumber", "iban", "kvkNumber", "brand.host"}
    assert "AN" not in {entity["code"] for entity in await ours.query("businessEntities", "code")}


async def test_only_the_platform_makes_entities_and_hosts(sixth: Company) -> None:
    given = registration("NW", "Nieuw", "nieuw.localhost")
    for somebody in (sixth.admin, sixth.staff):
        assert await somebody.error("mutation", "createBusinessEntity", "userErrors { code }", input=given) == (
            "FORBIDDEN"
        )
    [brand] = (await sixth.admin.query("businessEntities", "brands { id }"))[0]["brands"]
    moved = {"id": brand["id"], "host": "chargecars.localhost"}
    assert await sixth.admin.refusal("updateBrand", input=moved) == "SET_BY_PLATFORM host"


async def test_a_portal_is_dressed_and_shown_before_login(sixth: Company) -> None:
    [brand] = (await sixth.admin.query("businessEntities", "brands { id }"))[0]["brands"]
    looks = {"id": brand["id"], "theme": [{"name": "colorPrimary", "value": "#00b67a"}], "logoUrl": "/logo.svg"}
    await sixth.admin.mutate("updateBrand", "brand { id }", input=looks)
    shown = await sixth.visitor().query(
        "brand", "name legalName logoUrl theme { name value } consentText", host=sixth.host
    )
    assert shown == {
        "name": "ZonneThuis",
        "legalName": "ZonneThuis B.V.",
        "logoUrl": "/logo.svg",
        "theme": [{"name": "colorPrimary", "value": "#00b67a"}],
        "consentText": CONSENT,
    }
    assert await sixth.visitor().query("brand", "name", host="nobody.localhost") is None
    trick = {"id": brand["id"], "theme": [{"name": "colorPrimary", "value": "red;} body{display:none"}]}
    assert await sixth.admin.refusal("updateBrand", input=trick) == "INVALID_THEME_VALUE theme 0 value"
    script = {"id": brand["id"], "terms": "<script>alert(1)</script>"}
    assert await sixth.admin.refusal("updateBrand", input=script) == "NOT_PLAIN_TEXT terms"
    other = await Company.found(sixth.platform, "TW", "Tweede")
    assert await other.admin.refusal("updateBrand", input={"id": brand["id"], "name": "Van ons"}) == "NOT_FOUND id"
    assert await sixth.staff.error("mutation", "updateBrand", "brand { id }", input=looks) == "FORBIDDEN"


# --- people -------------------------------------------------------------------------------------------------------


async def test_a_colleague_is_invited_accepts_and_logs_in(sixth: Company) -> None:
    email = new_address("collega")
    given = {"email": email, "name": "Mila Smit", "role": "OPERATIONS"}
    made = await sixth.admin.mutate("inviteUser", "invitation { id open entity { code } }", input=given)
    assert made["invitation"]["entity"] == {"code": "ZN"}
    letter = await sixth.platform.mail_to(email)
    assert f"http://{sixth.host}" in letter
    secret, mila = secret_in(letter), sixth.visitor()
    weak = {"token": secret, "password": "kort"}
    assert await mila.refusal("acceptInvitation", input=weak) == "PASSWORD_TOO_SHORT password"
    assert await mila.refusal("acceptInvitation", input={"token": "x" * 40, "password": PASSWORD}) == (
        "INVITATION_INVALID token"
    )
    await mila.mutate("acceptInvitation", "email role", input={"token": secret, "password": PASSWORD})
    assert await mila.refusal("acceptInvitation", input={"token": secret, "password": PASSWORD}) == (
        "INVITATION_INVALID token"
    )
    wrong = await mila.http.post("/auth/login", json={"email": email, "password": "iets heel anders"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "CREDENTIALS_INVALID")
    await mila.log_in(email)
    viewer = await mila.query("viewer", "role user { name email }")
    assert viewer == {"role": "OPERATIONS", "user": {"name": "Mila Smit", "email": email}}
    assert await sixth.admin.refusal("inviteUser", input=given) == "ALREADY_MEMBER email"
    assert await mila.error("mutation", "inviteUser", "invitation { id }", input=given) == "FORBIDDEN"
    elsewhere = sixth.platform.visitor("chargecars.localhost")
    denied = await elsewhere.http.post("/auth/login", json={"email": email, "password": PASSWORD})
    assert (denied.status_code, denied.json()["error"]["code"]) == (401, "NO_ACCESS")


async def test_nobody_hands_out_more_than_it_has(sixth: Company) -> None:
    partner = await sixth.partner("Zonnepartner")
    boss = await sixth.person_of(partner, "PARTNER_ADMIN")
    given = {"email": new_address(), "name": "Iemand", "organizationId": partner}
    for role in ("TENANT_ADMIN", "OPERATIONS", "PLATFORM_ADMIN"):
        assert await boss.refusal("inviteUser", input=given | {"role": role}) == "ROLE_NOT_GRANTABLE role"
    assert await sixth.admin.refusal("inviteUser", input=given | {"role": "PLATFORM_ADMIN"}) == (
        "ROLE_NOT_GRANTABLE role"
    )
    beside = await sixth.partner("Andere partner")
    elsewhere = given | {"role": "PARTNER_USER", "organizationId": beside}
    assert await boss.refusal("inviteUser", input=elsewhere) == "NOT_FOUND organizationId"
    made = await boss.mutate("inviteUser", "invitation { role }", input=given | {"role": "PARTNER_USER"})
    assert made["invitation"] == {"role": "PARTNER_USER"}


async def test_who_leaves_is_shut_out(sixth: Company) -> None:
    leaver = await sixth.colleague("FINANCE")
    user = (await leaver.query("viewer", "user { id }"))["user"]["id"]
    await sixth.admin.mutate("suspendUser", "user { id }", id=user)
    sixth.platform.five_seconds_later()
    assert await leaver.error("query", "viewer", "role") == "UNAUTHENTICATED"
    refreshed = await leaver.http.post("/auth/refresh", json={"refresh_token": leaver.refresh_token})
    assert refreshed.status_code == 401
    assert await sixth.admin.refusal("suspendUser", id=(await own_id(sixth.admin))) == "NOT_ON_ONESELF"


async def own_id(client: Client) -> str:
    return str((await client.query("viewer", "user { id }"))["user"]["id"])


async def test_a_second_factor_is_asked_for_once_it_is_on(sixth: Company) -> None:
    email = new_address("veilig")
    given = {"email": email, "name": "Veilig", "role": "PLANNER"}
    await sixth.admin.mutate("inviteUser", "invitation { id }", input=given)
    somebody = sixth.visitor()
    token = {"token": secret_in(await sixth.platform.mail_to(email)), "password": PASSWORD}
    await somebody.mutate("acceptInvitation", "email", input=token)
    await somebody.log_in(email)
    enrolment = await somebody.mutate("enrolTotp", "secret uri", password=PASSWORD)
    app = pyotp.TOTP(enrolment["secret"])
    codes = (await somebody.mutate("confirmTotp", "recoveryCodes", code=app.now()))["recoveryCodes"]
    again = sixth.visitor()
    plain = await again.http.post("/auth/login", json={"email": email, "password": PASSWORD})
    assert (plain.status_code, plain.json()["error"]["code"]) == (401, "TOTP_REQUIRED")
    await again.log_in(email, totp=codes[0])
    assert (await again.query("viewer", "strong"))["strong"]


# --- catalog, partners, agreement ---------------------------------------------------------------------------------


async def test_from_an_empty_entity_to_its_first_order(sixth: Company) -> None:
    await sixth.sells_charging_stations()
    master = await sixth.partner("Zonnegroep", partnerCode="zonnegroep")
    dealer = await sixth.partner("Zonnegroep West", master)
    terms = {"entityId": sixth.id, "organizationId": master, "quoteValidDays": 10}
    terms |= {"payerByCategory": [{"category": "CHARGING_STATION", "payer": "PARTNER"}]}
    agreed = await sixth.admin.mutate("saveAgreement", "agreement { validUntil quoteValidDays }", input=terms)
    assert agreed["agreement"] == {"validUntil": None, "quoteValidDays": 10}
    mapped = {"entityId": sixth.id, "organizationId": master, "partnerSku": "ZG-11"}
    mapped |= {"articleId": sixth.articles["ALF-EVE-S-11KW"]}
    await sixth.admin.mutate("mapPartnerSku", "mapping { partnerSku article { sku } }", input=mapped)

    dealer_user = await sixth.person_of(dealer)
    customer = await sixth.customer()
    quote = await sixth.offer(endCustomerId=customer.contact, accountId=dealer)
    assert skus(await look_at(dealer_user, quote)) == [STATION["sku"]]
    assert skus(await look_at(customer.client, quote)) == [INSTALLATION["sku"]]
    await sign(dealer_user, quote)
    assert (await sign(customer.client, quote))["order"]["number"] == f"ZN-{this_year()}-00001"


async def test_the_tree_is_moved_and_its_past_stays(sixth: Company) -> None:
    north, south = await sixth.partner("Noord"), await sixth.partner("Zuid")
    dealer = await sixth.partner("Handelaar", north)
    before = datetime.now(UTC).isoformat()
    await sixth.admin.mutate("moveOrganization", "organization { parent { name } }", id=dealer, parentId=south)
    assert await names_below(sixth.admin, south) == ["Zuid", "Handelaar"]
    assert await names_below(sixth.admin, north) == ["Noord"]
    assert await names_below(sixth.admin, north, asOf=before) == ["Noord", "Handelaar"]
    assert await sixth.admin.refusal("moveOrganization", id=south, parentId=dealer) == "ORGANIZATION_CYCLE parentId"
    partner = await sixth.person_of(north)
    assert await names_below(partner, dealer) == []
    assert await partner.error("mutation", "moveOrganization", "organization { id }", id=dealer, parentId=north) == (
        "FORBIDDEN"
    )


async def names_below(client: Client, root: str, **more: str) -> list[str]:
    found = await client.query("organizationTree", "depth organization { name }", rootId=root, **more)
    return [place["organization"]["name"] for place in found]


async def test_a_partner_has_its_own_looks_and_its_own_leads(sixth: Company) -> None:
    partner = await sixth.partner("Warmtehuis")
    [brand] = (await sixth.admin.query("businessEntities", "brands { id }"))[0]["brands"]
    looks = {"brandId": brand["id"], "organizationId": partner, "slug": "warmtehuis", "name": "Warmtehuis laadt"}
    await sixth.admin.mutate("setPartnerBranding", "branding { slug }", input=looks)
    portal = await sixth.visitor().query("brand", "name partner { name }", host=sixth.host, partner="warmtehuis")
    assert portal == {"name": "ZonneThuis", "partner": {"name": "Warmtehuis laadt"}}
    wish = {"name": "Jip Mulder", "email": new_address(), "address": ADDRESS, "portalPartner": "warmtehuis"}
    taken = await sixth.visitor().mutate("submitLead", "receipt { number }", input=wish)
    partner_user = await sixth.person_of(partner)
    assert await partner_user.all("leads", "number") == [{"number": taken["receipt"]["number"]}]


async def test_the_intake_asks_what_the_admin_wants(sixth: Company) -> None:
    question = {"key": "roof", "type": "BOOLEAN", "label": "Ligt er al zon op het dak?", "required": True}
    given = {"entityId": sixth.id, "title": "Zon", "questions": [question]}
    await sixth.admin.mutate("upsertQuestionnaire", "questionnaire { version }", input=given)
    wish = {"name": "Noor Bos", "email": new_address(), "address": ADDRESS, "phone": "0612345678"}
    lead = (await sixth.staff.mutate("submitLead", "lead { id questionnaire { questions { key } } }", input=wish))[
        "lead"
    ]
    assert lead["questionnaire"]["questions"] == [{"key": "roof"}]
    answers = {"leadId": lead["id"], "answers": {"roof": True}, "complete": True}
    done = await sixth.staff.mutate("answerIntake", "lead { answers intakeCompletedAt }", input=answers)
    assert done["lead"]["answers"] == {"roof": True}
    assert done["lead"]["intakeCompletedAt"]


# --- API keys -----------------------------------------------------------------------------------------------------


async def key_for(admin: Client, *scopes: str, **more: str) -> Any:
    given = {"name": "Koppeling", "scopes": list(scopes)} | more
    return await admin.mutate("createApiKey", "secret apiKey { id prefix scopes }", input=given)


async def test_an_api_key_reads_within_its_scopes(sixth: Company) -> None:
    partner = await sixth.partner("Sleutelpartner")
    wish = {"name": "Lotte Kok", "email": new_address(), "organizationId": partner}
    number = (await sixth.staff.mutate("submitLead", "receipt { number }", input=wish))["receipt"]["number"]
    made = await key_for(sixth.admin, "leads:read", organizationId=partner)
    program = sixth.visitor().use(made["secret"])
    assert await program.all("leads", "number") == [{"number": number}]
    viewer = await program.query("viewer", "role permissions user { id } organization { name }")
    assert "LEADS_READ" in viewer["permissions"]
    assert viewer["user"] is None
    for field in ("quotes", "orders", "contacts"):
        assert await program.error("query", field, "totalCount") == "FORBIDDEN"
    assert await program.error("mutation", "submitLead", "receipt { number }", input=wish) == "FORBIDDEN"
    listed = await sixth.admin.all("apiKeys", "prefix scopes lastUsedAt", filter={"organizationId": partner})
    assert [(key["prefix"], key["scopes"]) for key in listed] == [(made["apiKey"]["prefix"], ["leads:read"])]
    assert listed[0]["lastUsedAt"]
    assert made["secret"] not in str(listed)


async def test_a_key_is_rotated_with_an_overlap_and_revoked(sixth: Company) -> None:
    made = await key_for(sixth.admin, "orders:read")
    old = sixth.visitor().use(made["secret"])
    turned = await sixth.admin.mutate("rotateApiKey", "secret apiKey { id scopes replacesId }", id=made["apiKey"]["id"])
    new = sixth.visitor().use(turned["secret"])
    assert turned["apiKey"]["replacesId"] == made["apiKey"]["id"]
    for program in (old, new):
        assert (await program.query("orders", "totalCount"))["totalCount"] >= 0
    assert await sixth.admin.refusal("rotateApiKey", id=made["apiKey"]["id"]) == "CONFLICT id"
    await sixth.admin.mutate("revokeApiKey", "apiKey { revokedAt }", id=made["apiKey"]["id"])
    sixth.platform.five_seconds_later()
    assert await old.error("query", "orders", "totalCount") == "UNAUTHENTICATED"
    assert (await new.query("orders", "totalCount"))["totalCount"] >= 0
    now = datetime.now(UTC).isoformat()
    stolen = await sixth.admin.mutate("rotateApiKey", "secret", id=turned["apiKey"]["id"], oldValidUntil=now)
    sixth.platform.five_seconds_later()
    assert await new.error("query", "orders", "totalCount") == "UNAUTHENTICATED"
    assert (await sixth.visitor().use(stolen["secret"]).query("viewer", "role"))["role"]
    late = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    kept = await key_for(sixth.admin, "orders:read")
    assert await sixth.admin.refusal("rotateApiKey", id=kept["apiKey"]["id"], oldValidUntil=late) == (
        "OUT_OF_RANGE oldValidUntil"
    )


async def test_a_key_hands_out_no_key(sixth: Company) -> None:
    wanted = {"name": "Te veel", "scopes": ["api-keys:manage"]}
    assert await sixth.admin.refusal("createApiKey", input=wanted) == "SCOPE_NOT_GRANTABLE scopes"
    program = sixth.visitor().use((await key_for(sixth.admin, "orders:read"))["secret"])
    assert await program.error("mutation", "createApiKey", "secret", input=wanted) == "FORBIDDEN"
    other = await Company.found(sixth.platform, "DR", "Derde")
    foreign = wanted | {"scopes": ["orders:read"], "entityId": sixth.id}
    assert await other.admin.refusal("createApiKey", input=foreign) == "NOT_FOUND entityId"
    kept = await key_for(sixth.admin, "orders:read")
    for what in ("rotateApiKey", "revokeApiKey"):
        assert await other.admin.refusal(what, id=kept["apiKey"]["id"]) == "NOT_FOUND id"


# --- the trail ----------------------------------------------------------------------------------------------------


async def test_all_of_it_is_in_the_audit_trail(sixth: Company) -> None:
    await key_for(sixth.admin, "orders:read")
    await invited(sixth.platform, sixth.admin, sixth.host, role="FINANCE")
    happened = await sixth.admin.query("events", "nodes { type actorName entity { code } }", first=250)
    types = {event["type"] for event in happened["nodes"]}
    assert {"api_key.created", "user.invited", "invitation.accepted"} <= types
    assert {event["entity"]["code"] for event in happened["nodes"]} == {"ZN"}
    by = {event["actorName"] for event in happened["nodes"] if event["type"] == "api_key.created"}
    assert by == {"Tenant Admin"}
