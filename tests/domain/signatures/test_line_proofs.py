"""Proving one line, verifying a document by its hash, and the keys behind the seals."""

from uuid import UUID

import pytest
from sqlalchemy import select

from domain.errors import NotFound
from domain.proofs import merkle
from domain.proofs.seal import Keyring, SigningKey
from domain.quotes import document
from domain.quotes.models import LineItem, QuoteParty
from domain.signatures import verification
from domain.signatures.keys import NoSigningKey, keyring
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.quoting import KEYS, Market, market

# --- proofs -------------------------------------------------------------------------------------------------------


async def proofs(m: Market, name: str, quote_id: UUID) -> list[verification.LineProof]:
    async with m.database.session(m.actors[name]) as session:
        lines = (await session.execute(select(LineItem.id).where(LineItem.quote_id == quote_id))).scalars().all()
        return [await verification.line_proof(session, id, technical=name != "customer") for id in lines]


async def test_each_party_proves_its_line_from_the_database_alone(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    for name, sku in (("customer", "installation"), ("dealer", "station")):
        (proof,) = await proofs(m, name, quote_id)
        assert proof.line["sku"] == m.articles[sku].sku
        leaf = merkle.leaf_hash(proof.line, proof.salt)
        assert merkle.verify(bytes.fromhex(proof.head["lines"]["root"]), leaf, proof.inclusion)
        assert document.hash_of(proof.head) == proof.document_hash == await m.hash_of(quote_id)
        forged = merkle.leaf_hash({**proof.line, "gross_cents": 1}, proof.salt)
        assert not merkle.verify(proof.merkle_root, forged, proof.inclusion)
    assert proof.technical is not None
    assert merkle.leaf_hash(proof.technical, proof.salt).hex() == proof.line["technical"]


async def test_each_party_opens_its_own_commitment(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    for name in ("customer", "dealer"):
        (proof,) = await proofs(m, name, quote_id)
        async with database.session(m.actors[name]) as session:
            party = (await session.execute(select(QuoteParty).where(QuoteParty.quote_id == quote_id))).scalar_one()
        assert document.party_commitment(party, "EUR").hex() in proof.head["parties"]


async def test_no_proof_of_a_line_of_another_or_of_a_draft(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id, draft = await m.quote(), await m.quote(send=False)
    async with database.session(m.actors["staff"]) as session:
        query = select(LineItem.id, LineItem.quote_id).where(LineItem.payer_contact_id == m.dealer.id)
        ids = {row.quote_id: row.id for row in await session.execute(query)}
        with pytest.raises(NotFound):
            await verification.line_proof(session, ids[draft], technical=True)
    async with database.session(m.actors["customer"]) as session:
        with pytest.raises(NotFound):
            await verification.line_proof(session, ids[quote_id], technical=False)


async def test_a_document_is_verified_by_its_hash_without_content(database: Database) -> None:
    m = await market(database, agreement={})
    quote_id = await m.quote()
    await m.sign("dealer", quote_id)
    hashed = (await m.hash_of(quote_id)).hex()
    async with database.session(SYSTEM) as session:
        found = await verification.verify_document(session, hashed.upper(), KEYS)
        assert (found.known, found.entity_name, found.seals_verify) == (True, m.entity.name, True)
        assert [(s.kind, s.seal_verifies, s.key_id) for s in found.signatures] == [
            ("SIGNED", True, KEYS.current.public.key_id)
        ]
        strange = Keyring(SigningKey.derived(b"some other secret"))
        assert not (await verification.verify_document(session, hashed, strange)).seals_verify
        for unknown in ("00" * 32, "zz" * 32, "", "1" * 10_000):
            missing = await verification.verify_document(session, unknown, KEYS)
            assert (missing.known, missing.signatures, missing.seals_verify) == (False, (), False)
            assert len(missing.document_hash) <= 64


# --- keys ---------------------------------------------------------------------------------------------------------


def pem(key: SigningKey) -> tuple[str, str]:
    from cryptography.hazmat.primitives import serialization as s

    private = key.private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    public = key.private.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_keys_come_from_the_settings() -> None:
    new, old = SigningKey.derived(b"the newer secret"), SigningKey.derived(b"the older secret")
    made = keyring(Settings(_env_file=None, signing_key=pem(new)[0] + pem(old)[1]))
    assert made.current.public == new.public
    assert set(made.known) == {new.public.key_id, old.public.key_id}
    single_line = pem(new)[0].replace("\n", "\\n")
    assert keyring(Settings(_env_file=None, signing_key=single_line)).current.public == new.public


@pytest.mark.parametrize("wrong", ["nonsense", "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"])
def test_a_setting_without_a_private_key_is_refused(wrong: str) -> None:
    with pytest.raises(NoSigningKey):
        keyring(Settings(_env_file=None, signing_key=wrong))
    with pytest.raises(NoSigningKey):
        keyring(Settings(_env_file=None, environment="production", secret_key="x" * 32))
