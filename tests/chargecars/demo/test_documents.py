"""Amounts, documents and signatures hold like those of any other quote."""

from uuid import UUID

from sqlalchemy import select

from domain.proofs import merkle
from domain.quotes import document
from domain.quotes.models import LineItem, QuoteParty, QuoteVersion
from domain.signatures import chain
from domain.signatures.keys import keyring
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.chargecars.demo.rows import Connection, none_of


async def test_parties_pay_exactly_their_lines(rows: Connection) -> None:
    await none_of(
        rows,
        "SELECT * FROM (SELECT quote_version_id AS version, contact_id AS payer, net_cents, vat_cents, gross_cents "
        "FROM quote_party WHERE gross_cents <> 0) p FULL JOIN (SELECT quote_version_id AS version, payer_contact_id "
        "AS payer, sum(net_cents)::bigint AS net_cents, sum(vat_cents)::bigint AS vat_cents, sum(gross_cents)::bigint "
        "AS gross_cents FROM line_item GROUP BY 1, 2) l USING (version, payer) "
        "WHERE (p.net_cents, p.vat_cents, p.gross_cents) IS DISTINCT FROM (l.net_cents, l.vat_cents, l.gross_cents)",
    )
    await none_of(
        rows,
        "SELECT p.id FROM quote_party p WHERE gross_cents <> (SELECT coalesce(sum((g->>'gross_cents')::bigint), 0) "
        "FROM jsonb_array_elements(p.vat_breakdown) g)",
    )


async def test_every_line_has_the_price_of_a_list(rows: Connection) -> None:
    await none_of(
        rows,
        "SELECT l.id FROM line_item l WHERE NOT EXISTS (SELECT 1 FROM price p JOIN price_list s ON "
        "s.id = p.price_list_id WHERE p.article_id = l.article_id AND s.entity_id = l.entity_id "
        "AND p.unit_price_cents = l.unit_price_cents)",
    )


async def test_every_document_is_what_its_lines_and_parties_hash_to(demo: Database) -> None:
    async with demo.session(SYSTEM) as session:
        versions = (await session.scalars(select(QuoteVersion).where(QuoteVersion.sent_at.is_not(None)))).all()
        lines: dict[UUID, list[LineItem]] = {}
        for line in await session.scalars(select(LineItem).order_by(LineItem.position)):
            lines.setdefault(line.quote_version_id, []).append(line)
        parties: dict[UUID, list[QuoteParty]] = {}
        for party in await session.scalars(select(QuoteParty)):
            parties.setdefault(party.quote_version_id, []).append(party)
    assert len(versions) > 5_321
    for version in versions:
        assert version.head is not None
        leaves = [document.line_leaf(line, "EUR") for line in lines[version.id]]
        assert leaves == version.leaf_hashes
        assert merkle.root(leaves) == version.merkle_root
        assert version.head["lines"] == {"count": len(leaves), "root": merkle.root(leaves).hex()}
        commitments = {document.party_commitment(party, "EUR").hex() for party in parties[version.id]}
        assert commitments == set(version.head["parties"])
        assert document.hash_of(version.head) == version.document_hash


async def test_every_signature_chain_verifies_with_the_servers_key(
    demo: Database, rows: Connection, settings: Settings
) -> None:
    for row in await rows.fetch("SELECT id FROM business_entity"):
        async with demo.session(SYSTEM) as session:
            assert await chain.check(session, row[0], keyring(settings)) is None
    await none_of(
        rows,
        "SELECT s.id FROM signature s JOIN quote_version v ON v.id = s.quote_version_id "
        "JOIN quote_party p ON p.id = s.quote_party_id WHERE s.document_hash <> v.document_hash "
        "OR s.record->'payload'->>'document' <> encode(v.document_hash, 'hex') OR p.acted_at <> s.signed_at "
        "OR s.signed_at < v.sent_at OR s.signed_at >= v.expires_at OR s.signed_at > v.superseded_at "
        "OR p.state <> CASE s.kind WHEN 'DECLINED' THEN 'DECLINED' ELSE 'SIGNED' END",
    )
    await none_of(
        rows,
        "SELECT p.id FROM quote_party p LEFT JOIN signature s ON s.quote_party_id = p.id "
        "WHERE (s.id IS NULL) <> (p.state IN ('PENDING', 'WAIVED'))",
    )


async def test_signers_are_users_of_the_party(rows: Connection) -> None:
    await none_of(
        rows,
        "SELECT s.id FROM signature s JOIN user_account u ON u.id = s.signer_user_id WHERE u.email <> s.signer_email "
        "OR u.name <> s.signer_name OR NOT EXISTS (SELECT 1 FROM membership m WHERE m.user_id = u.id "
        "AND m.entity_id = s.entity_id AND s.party_contact_id IN (m.contact_id, m.organization_id))",
    )
    assert await rows.fetchval("SELECT count(*) FROM signature WHERE signer_user_id IS NULL") == 0
