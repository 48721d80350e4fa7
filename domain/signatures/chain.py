"""The chain of an entity's signatures: who signs next continues where the last one ended."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.proofs.canonical import Json
from domain.proofs.seal import RECORD_TYPE, Break, ChainEnd, Keyring, SealedRecord, check_chain, seal
from domain.signatures.models import ChainHead, Signature


def chain_name(entity_id: UUID) -> str:
    return f"signatures/{entity_id}"


async def append(session: AsyncSession, entity_id: UUID, payload: Mapping[str, Json], keys: Keyring) -> SealedRecord:
    """Seal the next record; the chain stays locked until the transaction ends."""
    head = await _locked_head(session, entity_id)
    chain = chain_name(entity_id)
    record = seal(keys, chain, payload, ChainEnd(chain, head.position, head.record_hash) if head.position else None)
    head.position, head.record_hash = record.sequence, record.hash
    return record


def columns_of(record: SealedRecord) -> dict[str, Any]:
    """The columns of a signature that keep its sealed record."""
    return {
        "chain_position": record.sequence,
        "previous_hash": record.previous or b"",
        "record": {
            "chain": record.chain,
            "key": record.key_id,
            "payload": record.payload,
            "previous": record.previous.hex() if record.previous else None,
            "sequence": record.sequence,
            "type": RECORD_TYPE,
        },
        "record_hash": record.hash,
        "key_id": record.key_id,
        "seal": record.signature,
    }


def sealed_record(signature: Signature) -> SealedRecord:
    """The sealed record of a row, as it was signed."""
    kept = signature.record
    previous = bytes.fromhex(kept["previous"]) if kept["previous"] else None
    return SealedRecord(kept["chain"], kept["sequence"], previous, kept["payload"], kept["key"], signature.seal)


async def check(session: AsyncSession, entity_id: UUID, keys: Keyring) -> Break | None:
    """The first break of an entity's whole chain, None if it holds. For staff and the system."""
    rows = select(Signature).where(Signature.entity_id == entity_id).order_by(Signature.chain_position)
    head = select(ChainHead.record_hash).where(ChainHead.entity_id == entity_id)
    records = [sealed_record(row) for row in (await session.execute(rows)).scalars()]
    return check_chain(chain_name(entity_id), records, keys, (await session.execute(head)).scalar_one_or_none())


async def _locked_head(session: AsyncSession, entity_id: UUID) -> ChainHead:
    query = select(ChainHead).where(ChainHead.entity_id == entity_id).with_for_update()
    query = query.execution_options(populate_existing=True)
    head = (await session.execute(query)).scalar_one_or_none()
    if head is None:
        first = insert(ChainHead).values(entity_id=entity_id, position=0, record_hash=b"")
        await session.execute(first.on_conflict_do_nothing())
        head = (await session.execute(query)).scalar_one()
    return head
