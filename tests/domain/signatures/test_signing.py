"""Signing: who may, what counts, what is recorded, and that the chain of records holds."""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from domain.errors import NotFound
from domain.events.models import Event
from domain.proofs.seal import Break, Fault, Keyring, SigningKey
from domain.quotes.errors import QuoteClosed, QuoteExpired
from domain.quotes.models import Quote, QuoteParty
from domain.signatures import chain, service
from domain.signatures.errors import (
    AlreadySigned,
    NotAParty,
    NothingAsked,
    SignerNotAPerson,
    UnknownDocument,
    VersionChanged,
)
from domain.signatures.models import IdentityProof, Signature
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.quoting import EVIDENCE, KEYS, Market, market

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def signatures(m: Market, name: str, quote_id: UUID) -> list[Signature]:
    async with m.database.session(m.actors[name]) as session:
        query = select(Signature).where(Signature.quote_id == quote_id).order_by(Signature.chain_position)
        return list((await session.execute(query)).scalars())


async def decline(m: Market, name: str, quote_id: UUID, reason: str = "Too expensive", **values: Any) -> None:
    async with m.database.session(m.actors[name]) as session:
        await service.decline(session, quote_id, reason, EVIDENCE, KEYS, **values)


async def add_actor(m: Market, name: str, role: Role, **of: Any) -> None:
    async with m.database.session(SYSTEM) as session:
        m.actors[name] = await factories.actor_with(session, role, m.entity, **of)


# --- the record ---------------------------------------------------------------------------------------------------


async def test_a_signature_records_who_how_when_and_what(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    hashed = await m.hash_of(quote_id)
    await m.sign("customer", quote_id)
    (signed,) = await signatures(m, "staff", quote_id)
    assert (signed.kind, signed.document_hash, signed.consent_text) == ("SIGNED", hashed, "Ik ga akkoord.")
    assert (signed.identity_proof, str(signed.ip_address), signed.user_agent) == ("LOGIN", "192.0.2.7", "Test/1.0")
    assert signed.signer_user_id == m.actors["customer"].user_id
    payload = signed.record["payload"]
    assert (payload["document"], payload["act"], payload["signer"]["name"]) == (
        hashed.hex(),
        "SIGNED",
        signed.signer_name,
    )
    assert datetime.fromisoformat(payload["at"]) == signed.signed_at
    assert keys_verify(signed)


def keys_verify(signed: Signature) -> bool:
    record = chain.sealed_record(signed)
    return KEYS.current.public.verifies(record.signature, record.message)


async def test_an_address_or_agent_that_is_none_is_left_out(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    odd = replace(EVIDENCE, ip_address="testclient", user_agent="a\x00b" * 1000, proof=IdentityProof.MAILED_CODE)
    async with database.session(m.actors["customer"]) as session:
        await service.sign(session, quote_id, await m.hash_of(quote_id), odd, KEYS)
    (signed,) = await signatures(m, "staff", quote_id)
    assert (signed.ip_address, len(signed.user_agent), signed.identity_proof) == (None, 500, "MAILED_CODE")


async def test_a_party_without_lines_acknowledges(database: Database) -> None:
    m = await market(database)
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    (signed,) = await signatures(m, "dealer", quote_id)
    assert signed.kind == "ACKNOWLEDGED"
    async with database.session(m.actors["customer"]) as session:
        told = select(Event.type, Event.payload).where(Event.subject_id == quote_id, Event.type != "quote.sent")
        happened, payload = (await session.execute(told)).one()
    assert (happened, payload["party"], payload["pending"]) == ("quote.acknowledged", "PARTNER", ["CUSTOMER"])


async def test_parties_see_who_has_yet_to_act_but_not_the_others_signature(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("customer", quote_id)
    async with database.session(m.actors["dealer"]) as session:
        query = select(Quote.status, Quote.pending_parties).where(Quote.id == quote_id)
        assert (await session.execute(query)).one() == ("PARTIALLY_SIGNED", ["PARTNER"])
    assert await signatures(m, "dealer", quote_id) == []
    assert len(await signatures(m, "customer", quote_id)) == 1


# --- who may ------------------------------------------------------------------------------------------------------


async def test_nobody_signs_for_another(database: Database) -> None:
    m, other = await market(database, agreement={}), await market(database)
    quote_id = await m.quote()
    async with database.session(SYSTEM) as session:
        sister = await factories.organization(session, m.entity, m.master)
        neighbour = await factories.person(session, m.entity)
    await add_actor(m, "sister", Role.PARTNER_ADMIN, organization=sister)
    await add_actor(m, "neighbour", Role.CUSTOMER, contact=neighbour)
    m.actors["other"] = other.actors["customer"]
    for name in ("sister", "neighbour", "other"):
        with pytest.raises(NotFound) as unseen:
            await m.sign(name, quote_id)
        with pytest.raises(NotFound) as absent:
            await m.sign(name, uuid4(), b"x" * 32)
        assert (unseen.value.field, unseen.value.parameters) == (absent.value.field, absent.value.parameters)
    with pytest.raises(NotAParty):
        await m.sign("master", quote_id)


async def test_a_partner_admin_signs_for_one_below_only_when_it_says_so(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    async with database.session(m.actors["master"]) as session:
        party_id = (await session.execute(select(QuoteParty.id).where(QuoteParty.quote_id == quote_id))).scalar_one()
    with pytest.raises(NotAParty):
        await m.sign("master_admin", quote_id)
    with pytest.raises(NotAParty):
        await m.sign("master", quote_id, party_id=party_id)
    with pytest.raises(NotAParty):
        await m.sign("customer", quote_id, party_id=party_id)
    await m.sign("master_admin", quote_id, party_id=party_id)
    (signed,) = await signatures(m, "dealer", quote_id)
    assert signed.party_contact_id == m.dealer.id
    assert signed.record["payload"]["signer"]["organization"] == str(m.master.id)


async def test_a_key_cannot_sign(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    m.actors["key"] = replace(m.actors["dealer"], user_id=None)
    with pytest.raises(SignerNotAPerson):
        await m.sign("key", quote_id)


async def test_a_waived_party_is_not_asked(database: Database) -> None:
    m = await market(database, agreement={"payer_by_category": {}, "partner_without_lines": "WAIVE"})
    quote_id = await m.quote()
    with pytest.raises(NothingAsked):
        await m.sign("dealer", quote_id)
    assert await m.sign("customer", quote_id) is not None


# --- what counts --------------------------------------------------------------------------------------------------


async def test_signing_twice_tells_who_signed_first(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await add_actor(m, "colleague", Role.PARTNER_USER, organization=m.dealer)
    await m.sign("dealer", quote_id)
    (first,) = await signatures(m, "dealer", quote_id)
    for name in ("dealer", "colleague"):
        with pytest.raises(AlreadySigned) as refused:
            await m.sign(name, quote_id)
        assert refused.value.parameters["signer"] == first.signer_name
    assert await m.sign("customer", quote_id) is not None
    with pytest.raises(AlreadySigned):
        await m.sign("dealer", quote_id)


async def test_a_signature_on_an_old_version_never_counts_for_the_new_one(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    old = await m.hash_of(quote_id)
    await m.sign("dealer", quote_id)
    await m.revised(quote_id)
    for name in ("dealer", "customer"):
        with pytest.raises(VersionChanged) as refused:
            await m.sign(name, quote_id, old)
        assert refused.value.parameters["current"] == 2
    assert await m.sign("customer", quote_id) is None
    assert await m.sign("dealer", quote_id) is not None
    kinds = [(each.kind, each.document_hash == old) for each in await signatures(m, "staff", quote_id)]
    assert kinds == [("SIGNED", True), ("SIGNED", False), ("SIGNED", False)]


async def test_a_version_in_preparation_does_not_stop_signing(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.revised(quote_id, send=False)
    await m.sign("dealer", quote_id)
    assert await m.sign("customer", quote_id) is not None


async def test_only_a_document_of_this_quote_is_signed(database: Database) -> None:
    m = await market(database)
    quote_id, other = await m.quote(partner=False), await m.quote(partner=False)
    for wrong in (await m.hash_of(other), b"\x00" * 32):
        with pytest.raises(UnknownDocument):
            await m.sign("customer", quote_id, wrong)


async def test_an_expired_quote_is_refused_before_the_sweep_has_run(database: Database, owner: Owner) -> None:
    m = await market(database)
    quote_id = await m.quote(partner=False)
    await owner.execute("UPDATE quote SET expires_at = now() - interval '1 second' WHERE id = $1", quote_id)
    with pytest.raises(QuoteExpired):
        await m.sign("customer", quote_id)
    await m.revised(quote_id)
    assert await m.sign("customer", quote_id) is not None


async def test_declining_ends_the_quote_and_keeps_the_reason_from_the_others(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    await decline(m, "customer", quote_id, "Secret reason")
    with pytest.raises(AlreadySigned):
        await m.sign("dealer", quote_id)
    with pytest.raises(QuoteClosed):
        await m.sign("customer", quote_id)
    async with database.session(m.actors["dealer"]) as session:
        quote = (await session.execute(select(Quote).where(Quote.id == quote_id))).scalar_one()
        assert (quote.status, quote.close_reason, quote.pending_parties) == ("DECLINED", None, [])
        told = select(Event.payload).where(Event.subject_id == quote_id, Event.type == "quote.declined")
        assert "Secret" not in str((await session.execute(told)).scalar_one())
    own = await signatures(m, "customer", quote_id)
    assert [(each.kind, each.reason) for each in own] == [("DECLINED", "Secret reason")]


async def test_a_party_that_signed_cannot_decline(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    with pytest.raises(AlreadySigned):
        await decline(m, "dealer", quote_id)


async def test_declining_a_version_that_was_replaced_is_refused(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    old = await m.hash_of(quote_id)
    await m.revised(quote_id)
    with pytest.raises(VersionChanged):
        await decline(m, "customer", quote_id, document_hash=old)


# --- the chain ----------------------------------------------------------------------------------------------------


async def test_a_chain_of_many_signatures_holds_and_shows_any_change(database: Database, owner: Owner) -> None:
    m = await market(database, agreement={})
    for _ in range(5):
        quote_id = await m.quote()
        await m.sign("dealer", quote_id)
        await m.sign("customer", quote_id)
    async with database.session(m.actors["staff"]) as session:
        assert await chain.check(session, m.entity.id, KEYS) is None
        rows = (await session.execute(select(Signature).where(Signature.entity_id == m.entity.id))).scalars().all()
        assert sorted(row.chain_position for row in rows) == list(range(1, 11))
        assert await chain.check(session, m.entity.id, Keyring(SigningKey.derived(b"some other secret"))) == Break(
            1, Fault.UNKNOWN_KEY
        )
    async with owner.transaction():
        await owner.execute("ALTER TABLE signature DISABLE TRIGGER append_only")
        forge = "UPDATE signature SET record = jsonb_set(record, '{payload,reason}', '\"x\"') "
        await owner.execute(forge + "WHERE entity_id = $1 AND chain_position = 4", m.entity.id)
        await owner.execute("ALTER TABLE signature ENABLE TRIGGER append_only")
    async with database.session(m.actors["staff"]) as session:
        assert await chain.check(session, m.entity.id, KEYS) == Break(4, Fault.SIGNATURE)


@pytest.mark.parametrize("change", ["UPDATE signature SET reason = 'x'", "DELETE FROM signature"])
async def test_signatures_are_append_only_for_the_owner_too(database: Database, owner: Owner, change: str) -> None:
    m = await market(database)
    await m.sign("customer", await m.quote(partner=False))
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await owner.execute(f"{change} WHERE entity_id = $1", m.entity.id)


async def test_a_role_cannot_rewrite_what_the_other_party_owes(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(m.actors["customer"]) as session:
            await session.execute(text("UPDATE quote_party SET gross_cents = 0"))
    async with database.session(m.actors["customer"]) as session:
        other = text("UPDATE quote_party SET state = 'SIGNED' WHERE quote_id = :id AND role = 'PARTNER' RETURNING id")
        assert (await session.execute(other, {"id": quote_id})).first() is None
