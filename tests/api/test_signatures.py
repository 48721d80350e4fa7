"""Signing over GraphQL, proofs, and the public verification of a document."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from api.app import create_app
from domain.mail import show
from domain.proofs import merkle
from domain.quotes import document
from domain.quotes.models import LineItem, QuoteParty
from domain.signatures import chain
from domain.signatures.keys import keyring
from domain.signatures.models import Signature
from tenants.actor import SYSTEM, anonymous
from tenants.auth.models import OneTimeCode
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import codes, gid
from tests.quoting import Market, market
from tests.trading import SIGN, Trader, trader

DECLINE = """mutation D($input: DeclineQuoteInput!) { declineQuote(input: $input) {
  quote { status closeReason } signature { kind reason } userErrors { code field } } }"""
ASK_CODE = (
    """mutation A($id: ID!) { requestSigningCode(quoteId: $id) { expiresInMinutes userErrors { code field } } }"""
)
PROOF = """query P($id: ID!) { lineProof(lineId: $id) {
  line salt technical leaf index size path root head documentHash recipe } }"""
VERIFY = """query V($hash: String!) { verifyDocument(hash: $hash) {
  documentHash known entityName sentAt sealsVerify signatures { kind signedAt sealVerifies keyId } } }"""


async def test_two_parties_sign_and_get_one_order(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    hashed = await m.hash_of(quote_id)
    first = await trader(m, settings, "dealer").sign(quote_id, hashed)
    assert first["quote"] == {"status": "PARTIALLY_SIGNED", "pendingParties": ["CUSTOMER"]}
    assert first["signature"] == {"kind": "SIGNED", "documentHash": hashed.hex(), "identityProof": "LOGIN"}
    assert first["order"] is None
    second = await trader(m, settings, "customer").sign(quote_id, hashed)
    assert second["quote"]["status"] == "ORDERED"
    assert re.fullmatch(rf"{m.entity.code}-20\d\d-00001", second["order"]["number"])
    async with database.session(m.actors["staff"]) as session:
        assert await chain.check(session, m.entity.id, keyring(settings)) is None


async def test_one_key_signs_once(database: Database, settings: Settings) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    hashed = await m.hash_of(quote_id)
    customer = trader(m, settings, "customer", key="same-key")
    first = await customer.sign(quote_id, hashed)
    assert first["order"] is not None
    assert await customer.sign(quote_id, hashed) == first
    other = await m.quote(partner=False)
    reused = await customer.sign(other, await m.hash_of(other))
    assert codes(reused) == [("IDEMPOTENCY_KEY_REUSED", [])]
    again = await trader(m, settings, "customer").sign(quote_id, hashed)
    assert codes(again) == [("ALREADY_SIGNED", ["quoteId"])]


@pytest.mark.parametrize(
    ("name", "error"), [("staff", "FORBIDDEN"), ("master", "NOT_A_PARTY"), ("other customer", "NOT_FOUND")]
)
async def test_who_may_not_sign(database: Database, settings: Settings, name: str, error: str) -> None:
    m, other = await market(database, agreement={}), await market(database)
    m.actors["other customer"] = other.actors["customer"]
    quote_id = await m.quote()
    hashed = await m.hash_of(quote_id)
    who = trader(m, settings, name)
    if error == "FORBIDDEN":
        given = {"quoteId": gid("Quote", quote_id), "documentHash": hashed.hex()}
        assert await who.error(SIGN, input=given) == error
    else:
        refused = await who.sign(quote_id, hashed)
        assert (codes(refused), refused["quote"], refused["order"]) == ([(error, ["quoteId"])], None, None)


async def test_an_older_version_is_refused_by_name(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    old = await m.hash_of(quote_id)
    await m.revised(quote_id)
    customer = trader(m, settings, "customer")
    assert codes(await customer.sign(quote_id, old)) == [("VERSION_CHANGED", ["documentHash"])]
    assert codes(await customer.sign(quote_id, b"\x01" * 32)) == [("UNKNOWN_DOCUMENT", ["documentHash"])]
    assert codes(await customer.sign(quote_id, b"short")) == [("UNKNOWN_DOCUMENT", ["documentHash"])]


async def test_declining(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    given = {"quoteId": gid("Quote", quote_id), "reason": "Found it cheaper"}
    declined = (await trader(m, settings, "customer").ask(DECLINE, input=given))["declineQuote"]
    assert declined["quote"] == {"status": "DECLINED", "closeReason": None}
    assert declined["signature"] == {"kind": "DECLINED", "reason": "Found it cheaper"}
    late = await trader(m, settings, "dealer").sign(quote_id, await m.hash_of(quote_id))
    assert codes(late) == [("QUOTE_CLOSED", ["quoteId"])]


# --- the mailed code ----------------------------------------------------------------------------------------------


async def mailed_code(m: Market, who: Trader, quote_id: UUID) -> str:
    answer = (await who.ask(ASK_CODE, id=gid("Quote", quote_id)))["requestSigningCode"]
    assert (answer["expiresInMinutes"], answer["userErrors"]) == (10, [])
    async with m.database.session(SYSTEM) as session:
        query = select(OneTimeCode.email).where(OneTimeCode.entity_id == m.entity.id)
        email = (await session.execute(query)).scalars().first() or ""
    [newest] = await show.latest(m.database, 1, email)
    found = re.search(r"\d{8}", newest.body)
    assert found is not None
    return found[0]


async def test_a_mailed_code_proves_who_signs(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    hashed = await m.hash_of(quote_id)
    customer = trader(m, settings, "customer")
    code = await mailed_code(m, customer, quote_id)
    signed = await customer.sign(quote_id, hashed, code=f"{code[:4]} {code[4:]}")
    assert signed["signature"]["identityProof"] == "MAILED_CODE"


async def test_a_code_is_for_one_quote_works_once_and_is_not_guessed(database: Database, settings: Settings) -> None:
    m = await market(database)
    first, second = await m.quote(partner=False), await m.quote(partner=False)
    customer = trader(m, settings, "customer")
    code = await mailed_code(m, customer, first)

    async def refused(quote_id: UUID, given: str) -> None:
        answer = await customer.sign(quote_id, await m.hash_of(quote_id), code=given)
        assert codes(answer) == [("SIGNING_CODE_INVALID", ["code"])]

    await refused(second, code)
    assert codes(await customer.sign(first, b"\x01" * 32, code=code)) == [("UNKNOWN_DOCUMENT", ["documentHash"])]
    for _ in range(3):
        await refused(first, "00000000" if code != "00000000" else "11111111")
    await refused(first, code)
    fresh = await mailed_code(m, customer, first)
    assert (await customer.sign(first, await m.hash_of(first), code=fresh))["order"] is not None
    await refused(second, fresh)


async def test_no_code_for_a_quote_of_another(database: Database, settings: Settings) -> None:
    m, other = await market(database), await market(database)
    quote_id = await m.quote()
    answer = await trader(other, settings, "customer").ask(ASK_CODE, id=gid("Quote", quote_id))
    assert codes(answer["requestSigningCode"]) == [("NOT_FOUND", ["quoteId"])]


# --- proofs -------------------------------------------------------------------------------------------------------


async def line_ids(m: Market, quote_id: UUID) -> dict[str, str]:
    async with m.database.session(m.actors["staff"]) as session:
        query = select(LineItem.sku, LineItem.id).where(LineItem.quote_id == quote_id)
        return {row.sku: gid("LineItem", row.id) for row in await session.execute(query)}


async def test_a_client_checks_a_line_with_what_the_api_gives(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    ids = await line_ids(m, quote_id)
    own, partners = ids[m.articles["installation"].sku], ids[m.articles["station"].sku]
    customer = trader(m, settings, "customer")
    proof = (await customer.ask(PROOF, id=own))["lineProof"]
    leaf = merkle.leaf_hash(proof["line"], bytes.fromhex(proof["salt"]))
    path = tuple(bytes.fromhex(each) for each in proof["path"])
    inclusion = merkle.InclusionProof(proof["index"], proof["size"], path)
    assert merkle.verify(bytes.fromhex(proof["head"]["lines"]["root"]), leaf, inclusion)
    assert document.hash_of(proof["head"]).hex() == proof["documentHash"] == (await m.hash_of(quote_id)).hex()
    assert (proof["technical"], len(proof["recipe"]) > 3) == (None, True)
    assert (await customer.ask(PROOF, id=partners))["lineProof"] is None
    assert (await trader(m, settings, "dealer").ask(PROOF, id=partners))["lineProof"]["technical"] is not None
    assert await customer.error(PROOF, id=gid("Quote", quote_id)) == "BAD_ID"


async def test_a_party_opens_its_commitment_with_what_the_api_gives(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    query = "query($id: ID!) { quote(id: $id) { parties { salt } version { head documentHash } } }"
    seen = (await trader(m, settings, "customer").ask(query, id=gid("Quote", quote_id)))["quote"]
    async with database.session(m.actors["customer"]) as session:
        party = (await session.execute(select(QuoteParty).where(QuoteParty.quote_id == quote_id))).scalar_one()
    [salt] = [each["salt"] for each in seen["parties"]]
    commitment = merkle.leaf_hash(document.party_content(party, "EUR"), bytes.fromhex(salt))
    assert commitment.hex() in seen["version"]["head"]["parties"]


async def test_anybody_verifies_a_document_and_learns_nothing_else(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    hashed = await m.hash_of(quote_id)
    await trader(m, settings, "dealer").sign(quote_id, hashed)
    m.actors["visitor"] = anonymous(m.entity.id)
    found = (await trader(m, settings, "visitor").ask(VERIFY, hash=hashed.hex()))["verifyDocument"]
    assert (found["known"], found["entityName"], found["sealsVerify"]) == (True, m.entity.name, True)
    [signature] = found["signatures"]
    assert (signature["kind"], signature["sealVerifies"]) == ("SIGNED", True)
    unknown = (await trader(m, settings, "visitor").ask(VERIFY, hash="ab" * 32))["verifyDocument"]
    assert set(unknown) == set(found)
    assert (unknown["known"], unknown["signatures"], unknown["entityName"]) == (False, [], None)


# --- over HTTP ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def visitor(settings: Settings, address: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    transport = httpx.ASGITransport(app, client=(address, 4000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


async def get(settings: Settings, path: str, **headers: str) -> httpx.Response:
    async with visitor(settings, "198.51.100.9") as client:
        return await client.get(path, headers=headers)


async def test_a_document_is_checked_on_a_page_in_two_languages(database: Database, settings: Settings) -> None:
    m = await market(database, agreement={}, name="Bruut & <b>Zoon</b>")
    quote_id = await m.quote(m.line("station"), partner_order_id="SECRET-PO")
    hashed = await m.hash_of(quote_id)
    await trader(m, settings, "dealer").sign(quote_id, hashed)
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    dutch = await get(settings, f"/verify/{hashed.hex()}", **browser, **{"Accept-Language": "nl-NL,nl;q=0.9"})
    english = await get(settings, f"/verify/{hashed.hex()}", **browser, **{"Accept-Language": "en-GB"})
    assert (dutch.status_code, dutch.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Ondertekend" in dutch.text
    assert "Signed" in english.text
    assert 'lang="en"' in english.text
    assert "Bruut &amp; &lt;b&gt;Zoon&lt;/b&gt;" in dutch.text
    for secret in ("SECRET-PO", m.articles["station"].sku, m.customer.name, m.dealer.name):
        assert secret not in dutch.text
    assert dutch.headers["cache-control"] == "no-store"


async def test_a_program_gets_json_in_one_shape(database: Database, settings: Settings) -> None:
    m = await market(database)
    hashed = await m.hash_of(await m.quote())
    known = (await get(settings, f"/verify/{hashed.hex()}", Accept="application/json")).json()
    for unknown_hash in ("00" * 32, "%3Cscript%3E", "x" * 3_000):
        unknown = await get(settings, f"/verify/{unknown_hash}")
        assert unknown.status_code == 200
        assert set(unknown.json()) == set(known)
        assert unknown.json()["known"] is False
    assert known["known"] is True
    assert known["sentAt"].endswith("Z")


async def test_a_hash_on_the_page_is_never_markup(settings: Settings) -> None:
    page = await get(settings, "/verify/%3Cscript%3Ealert(1)%3C%2Fscript%3E", Accept="text/html")
    assert "<script" not in page.text


async def test_seals_are_checked_with_the_published_keys(database: Database, settings: Settings) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    await trader(m, settings, "customer").sign(quote_id, await m.hash_of(quote_id))
    published = (await get(settings, "/.well-known/document-signing-keys.json")).json()
    [key] = published["keys"]
    async with database.session(m.actors["staff"]) as session:
        signature = (await session.execute(select(Signature).where(Signature.quote_id == quote_id))).scalar_one()
    record: Any = signature.record
    assert (key["kid"], key["crv"]) == (record["key"], "Ed25519")


async def test_one_address_asks_at_most_so_often(settings: Settings) -> None:
    async with visitor(settings, "198.51.100.77") as client:
        answers = [(await client.get(f"/verify/{'00' * 32}")) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {200}
    assert answers[60].status_code == 429
    assert int(answers[60].headers["retry-after"]) > 0
