"""Executing a request once per Idempotency-Key, however often and however simultaneously it is sent.

The row is inserted in the transaction of the work: a second request with the key waits for the first one's commit and
then gets its answer, or executes where the first one rolled back. Only work that was committed is kept, so a refused
request may be sent again with its key.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from domain.errors import IdempotencyKeyReused
from domain.idempotency.errors import IdempotencyKeyInUse
from domain.idempotency.models import IdempotencyKey
from tenants.actor import Actor

KEPT = timedelta(hours=48)
_WAIT = text("SELECT set_config('lock_timeout', :wait, true)")
_WAITED = text("SET LOCAL lock_timeout TO DEFAULT")
_LOCK_NOT_AVAILABLE = "55P03"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """One execution of one mutation field under a key."""

    mutation: str
    user_id: UUID | None
    organization_id: UUID | None
    key_digest: str
    request_digest: str
    encryption_key: bytes

    @classmethod
    def of(cls, secret: str, actor: Actor, key: str, path: str, mutation: str, request: bytes) -> "KeyedRequest":
        """`path` is where the field stands in the response, `request` its arguments and selection in normal form."""
        scope = "\0".join((*actor.settings().values(), key, path)).encode()
        return cls(
            mutation,
            actor.user_id,
            actor.organization_id,
            key_digest=_derived(secret, b"idempotency key", scope).hex(),
            request_digest=hashlib.sha256(mutation.encode() + b"\0" + request).hexdigest(),
            encryption_key=_derived(secret, b"idempotency answer", scope),
        )


async def answered(session: AsyncSession, request: KeyedRequest) -> bytes | None:
    """The answer where the request was executed before. Raises: IdempotencyKeyReused."""
    query = select(IdempotencyKey.request_digest, IdempotencyKey.answer)
    row = (await session.execute(query.where(_is(request), IdempotencyKey.expires_at >= func.now()))).one_or_none()
    return None if row is None else _opened(request, *row)


async def claim(session: AsyncSession, request: KeyedRequest, *, wait_ms: int = 5_000) -> bytes | None:
    """None: execute it, then `keep` the answer. Bytes: it was executed, this is the answer.

    Raises: IdempotencyKeyReused, and IdempotencyKeyInUse where the first execution does not end in `wait_ms`.
    """
    await session.execute(_WAIT, {"wait": str(wait_ms)})
    try:
        claimed = (await session.execute(_claim(request))).first()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise IdempotencyKeyInUse() from error
        raise
    await session.execute(_WAITED)
    return None if claimed else await answered(session, request)


async def keep(session: AsyncSession, request: KeyedRequest, answer: bytes) -> None:
    """Write the answer beside the work; both are committed together."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(request.encryption_key).encrypt(nonce, answer, request.key_digest.encode())
    await session.execute(update(IdempotencyKey).where(_is(request)).values(answer=sealed))


async def release(session: AsyncSession, request: KeyedRequest) -> None:
    """Forget the claim: the request was refused and may be sent again."""
    await session.execute(delete(IdempotencyKey).where(_is(request)))


async def sweep(session: AsyncSession) -> int:
    """Delete what is older than KEPT, as the system; the number of answers deleted."""
    gone = await session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.expires_at < func.now()).returning(IdempotencyKey.key_digest)
    )
    return len(gone.all())


def _claim(request: KeyedRequest) -> ReturningInsert[tuple[str]]:
    """Insert, or take over a row whose time is up; returns nothing where the key is taken."""
    fresh = insert(IdempotencyKey).values(
        key_digest=request.key_digest,
        user_id=request.user_id,
        organization_id=request.organization_id,
        mutation=request.mutation,
        request_digest=request.request_digest,
        expires_at=func.now() + KEPT,
    )
    return fresh.on_conflict_do_update(
        index_elements=[IdempotencyKey.key_digest],
        set_={"request_digest": fresh.excluded.request_digest, "answer": None, "expires_at": fresh.excluded.expires_at},
        where=IdempotencyKey.expires_at < func.now(),
    ).returning(IdempotencyKey.key_digest)


def _opened(request: KeyedRequest, digest: str, sealed: bytes | None) -> bytes:
    if digest != request.request_digest or sealed is None:
        raise IdempotencyKeyReused()
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return AESGCM(request.encryption_key).decrypt(nonce, body, request.key_digest.encode())


def _is(request: KeyedRequest) -> ColumnElement[bool]:
    return IdempotencyKey.key_digest == request.key_digest


def _derived(secret: str, purpose: bytes, scope: bytes) -> bytes:
    return hmac.new(secret.encode(), purpose + b"\0" + scope, hashlib.sha256).digest()
