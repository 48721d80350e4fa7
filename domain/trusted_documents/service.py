"""Registering and withdrawing the documents of a client, and restricting it to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound, TooMany
from domain.events.record import Payload, record
from domain.trusted_documents.clients import ClientKey, ClientRow, administered, channel_of
from domain.trusted_documents.errors import NoTrustedDocuments
from domain.trusted_documents.events import CHANGED, RESTRICTED
from domain.trusted_documents.models import TrustedDocument
from tenants.actor import Actor
from tenants.auth.models import ApiKey

MOST_DOCUMENTS = 2_000
"""Of one client."""


@dataclass(frozen=True, slots=True)
class Text:
    """A document that holds against the schema, and its SHA-256 in 64 hexadecimal digits."""

    hash: str
    document: str
    operation_names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is to be the case: these texts are registered, and with `prune` no others."""

    texts: Mapping[str, Text]
    kept: Collection[str] = ()
    """Hashes of texts that were registered before and stay."""
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Hashes that were, or would be, registered, left as they are, and withdrawn."""

    added: list[str]
    unchanged: list[str]
    withdrawn: list[str]


async def register(
    session: AsyncSession, actor: Actor, key: ClientKey, manifest: Manifest, *, dry_run: bool = False
) -> Change:
    """Make the manifest so. `session` is the platform's.

    Raises: NotFound for the client or a kept hash, TooMany
    """
    client = await administered(session, actor, key)
    known = await _hashes(session, key)
    _check_kept(manifest.kept, known)
    named = {*manifest.texts, *manifest.kept}
    change = Change(sorted(named - known), sorted(named & known), sorted(known - named) if manifest.prune else [])
    if len(known) + len(change.added) - len(change.withdrawn) > MOST_DOCUMENTS:
        raise TooMany(maximum=MOST_DOCUMENTS, field=("documents",))
    if not dry_run:
        await _add(session, key, client, [manifest.texts[hash] for hash in change.added])
        await _remove(session, key, change.withdrawn)
        await _record_change(session, key, client, len(change.added), len(change.withdrawn))
    return change


async def withdraw(session: AsyncSession, actor: Actor, key: ClientKey, hashes: Sequence[str]) -> list[str]:
    """Withdraw documents; those that were withdrawn before change nothing. Returns the hashes that were there."""
    client = await administered(session, actor, key)
    gone = sorted(await _hashes(session, key) & set(hashes))
    await _remove(session, key, gone)
    await _record_change(session, key, client, 0, len(gone))
    return gone


async def restrict(session: AsyncSession, actor: Actor, key: ClientKey, restricted: bool) -> ClientRow:
    """Let a client send its trusted documents only, or anything again. Raises: NoTrustedDocuments"""
    client = await administered(session, actor, key)
    if restricted and not await _hashes(session, key):
        raise NoTrustedDocuments()
    if client.restricted_to_trusted_documents != restricted:
        client.restricted_to_trusted_documents = restricted
        await _record(session, client, RESTRICTED[key.kind](restricted))
    return client


async def hand_over(session: AsyncSession, old: ApiKey, new: ApiKey) -> None:
    """A key that replaces another has the same manifest and the same restriction."""
    new.restricted_to_trusted_documents = old.restricted_to_trusted_documents
    of = TrustedDocument
    copied = select(of.entity_id, of.organization_id, func.uuid(str(new.id)), of.document, of.hash, of.operation_names)
    columns = ["entity_id", "organization_id", "api_key_id", "document", "hash", "operation_names"]
    await session.execute(insert(of).from_select(columns, copied.where(of.api_key_id == old.id)))


def _check_kept(kept: Collection[str], known: Collection[str]) -> None:
    for hash in kept:
        if hash not in known:
            raise NotFound(field=("documents",))


async def _hashes(session: AsyncSession, key: ClientKey) -> set[str]:
    query = select(TrustedDocument.hash).where(TrustedDocument.client_id == key.id)
    return set((await session.execute(query)).scalars())


async def _add(session: AsyncSession, key: ClientKey, client: ClientRow, texts: Sequence[Text]) -> None:
    owner = {
        "entity_id": client.entity_id,
        "organization_id": getattr(client, "organization_id", None),
        key.column: key.id,
    }
    rows = [
        {**owner, "hash": text.hash, "document": text.document, "operation_names": [*text.operation_names]}
        for text in texts
    ]
    if rows:
        await session.execute(insert(TrustedDocument), rows)


async def _remove(session: AsyncSession, key: ClientKey, hashes: Sequence[str]) -> None:
    if hashes:
        mine = TrustedDocument.client_id == key.id
        await session.execute(delete(TrustedDocument).where(mine, TrustedDocument.hash.in_(hashes)))


async def _record_change(session: AsyncSession, key: ClientKey, client: ClientRow, added: int, withdrawn: int) -> None:
    if added or withdrawn:
        await _record(session, client, CHANGED[key.kind](added, withdrawn))


async def _record(session: AsyncSession, client: ClientRow, happened: Payload) -> None:
    await record(
        session,
        happened,
        entity_id=client.entity_id,
        subject_id=client.id,
        organization_ids=[getattr(client, "organization_id", None)],
        channel=await channel_of(session, client),
    )
