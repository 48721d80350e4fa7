"""Declaring a mutation: one transaction, refusals as data, retries, Idempotency-Key.

    @strawberry.type(description="What createOrganization returns.")
    class CreateOrganizationPayload(Payload):
        organization: Organization | None = strawberry.field(default=None, description="The new organization.")

    @mutation("Creates an organization.", requires=Permission.ORGANIZATIONS_WRITE)
    async def create_organization(info: Info, input: CreateOrganizationInput) -> CreateOrganizationPayload:
        async with info.context.write() as session:
            made = await organizations.create(session, ...)
            return CreateOrganizationPayload(organization=await read_in(session, info, "organization", made.id))

The resolver raises DomainError and holds no try/except. Its whole work is one transaction, however often it asks for
`write()`: committed after the resolver returned, rolled back when it raised. `system()` is a transaction of its own
that commits before it; a mutation that needs both must not touch the same rows in both. Nothing may be sent outside
(mail, HTTP with effects) from within: a deadlock or a lost serialization runs the resolver again, up to three times.
"""

import asyncio
import functools
import hashlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeAlias

import orjson
import strawberry
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from api.context import Context, Info
from api.errors import UserError, user_errors
from api.executor import Completed, Executor
from api.metrics import REPLAYS
from api.pacing import till_the_next_step
from api.reading import mutation as checked_mutation
from api.unit import UnitOfWork
from domain.errors import DomainError, DomainErrors, IdempotencyKeyRequired, RateLimited, Stale
from domain.idempotency import service as idempotency
from domain.idempotency.service import KeyedRequest
from tenants.actor import Actor
from tenants.permissions import Permission
from tenants.rate import take

Resolver: TypeAlias = Callable[..., Awaitable["Payload"]]
Pace: TypeAlias = Callable[[Actor], float]

_ATTEMPTS = 3
_RETRIED = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected"""


@strawberry.type(description="What every mutation returns.")
class Payload:
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was changed; empty when the mutation did its work."
    )


def mutation(
    description: str, *, requires: Permission, idempotent: bool = False, pace: Pace | None = None
) -> Callable[[Resolver], Any]:
    """A field of Mutation. `idempotent`: the Idempotency-Key header is required; it is honoured everywhere.

    `pace`: for whom answers leave at whole steps, after the transaction; how long a step is, in seconds, 0 for none.
    """

    def declare(resolver: Resolver) -> Any:
        run = _paced(_wrapped(resolver, idempotent), pace) if pace else _wrapped(resolver, idempotent)
        return checked_mutation(_described(description, idempotent), requires=requires)(run)

    return declare


def _paced(run: Resolver, pace: Pace) -> Resolver:
    @functools.wraps(run)
    async def paced(*args: Any, info: Info, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return await run(*args, info=info, **kwargs)
        finally:
            if step := pace(info.context.actor):
                await till_the_next_step(began, step)

    return paced


def _described(description: str, idempotent: bool) -> str:
    return f"{description} Requires the `Idempotency-Key` header." if idempotent else description


def _wrapped(resolver: Resolver, idempotent: bool) -> Resolver:
    payload_type = _payload_type(resolver)

    @functools.wraps(resolver)
    async def run(*args: Any, info: Info, **kwargs: Any) -> Any:
        context = info.context
        try:
            await _hold_visitor(context)
            keyed = _keyed(context, info, idempotent)
            work = functools.partial(resolver, *args, info=info, **kwargs)
            return await _with_retries(lambda: _once(context, info, keyed, work))
        except (DomainError, DomainErrors) as refused:
            return payload_type(user_errors=user_errors(refused, context.language))

    return run


def _payload_type(resolver: Resolver) -> type[Payload]:
    """The declared return type: a Payload that can be made of errors alone."""
    name = f"{resolver.__module__}.{getattr(resolver, '__name__', resolver)}"
    declared = resolver.__annotations__.get("return")
    made = eval(declared, getattr(resolver, "__globals__", {})) if isinstance(declared, str) else declared  # noqa: S307  # our own annotation
    if not (isinstance(made, type) and issubclass(made, Payload)):
        raise TypeError(f"{name} has to return a subclass of Payload")
    demanded = [f.name for f in fields(made) if f.default is MISSING and f.default_factory is MISSING]
    if demanded:
        raise TypeError(f"{made.__name__} cannot be made of errors alone: give {', '.join(demanded)} a default")
    return made


async def _hold_visitor(context: Context) -> None:
    """Who has not logged in may change only so much per minute."""
    if context.actor.signed_in or context.redis is None:
        return
    address = hashlib.sha256(context.request.ip_address.encode()).hexdigest()[:32]
    taken = await take(context.redis, f"visitor:{address}", context.settings.anonymous_mutations_per_minute, 60)
    if not taken.allowed:
        raise RateLimited(seconds=taken.retry_after)


# --- one execution ------------------------------------------------------------------------------------------------


class _Replay(Exception):
    """The key was executed before: the resolver is not run, or left from within its first `write()`."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer


@dataclass(slots=True)
class _Keyed:
    """A mutation field under an Idempotency-Key."""

    request: KeyedRequest
    executor: Executor

    async def look(self, context: Context) -> None:
        """Before the resolver, which may look at what the first execution has changed."""
        async with context.read() as session:
            answer = await idempotency.answered(session, self.request)
        if answer is not None:
            raise _Replay(answer)

    async def claim(self, session: AsyncSession) -> None:
        """In the transaction of the work: two at once pass `look`, one of them waits here for the other."""
        answer = await idempotency.claim(session, self.request)
        if answer is not None:
            raise _Replay(answer)

    async def conclude(self, unit: UnitOfWork, info: Any, payload: Payload) -> Any:
        """Keep the completed answer beside the work; a refusal is forgotten, so that it may be tried again."""
        session = unit.first_session
        if session is None:
            return payload
        if payload.user_errors:
            await idempotency.release(session, self.request)
            return payload
        completed = await self.executor.completed(info, payload)
        await idempotency.keep(session, self.request, orjson.dumps(completed.data))
        return completed


def _keyed(context: Context, info: Info, required: bool) -> _Keyed | None:
    key = context.request.idempotency_key
    if key is None and required:
        raise IdempotencyKeyRequired()
    if key is None:
        return None
    if not isinstance(context.executor, Executor):
        raise TypeError("an Idempotency-Key needs a schema with execution_context_class=api.executor.Executor")
    raw = info._raw_info
    path = ".".join(map(str, raw.path.as_list()))
    secret = context.settings.secret_key.get_secret_value()
    normal = context.executor.normal_form(raw)
    request = KeyedRequest.of(secret, context.actor, key, path, raw.field_name, normal)
    return _Keyed(request, context.executor)


async def _once(context: Context, info: Info, keyed: _Keyed | None, work: Resolver) -> Any:
    spent = context.spent
    try:
        if keyed:
            await keyed.look(context)
        async with UnitOfWork(context.database, keyed.claim if keyed else None) as unit:
            context.unit = unit
            payload = await work()
            return await keyed.conclude(unit, info._raw_info, payload) if keyed else payload
    except _Replay as replay:
        REPLAYS.inc()
        return Completed(orjson.loads(replay.answer))
    except StaleDataError as error:
        raise Stale() from error
    except DBAPIError:
        context.spent = spent  # what an attempt that is repeated has read is no cost of the client's
        raise
    finally:
        context.unit = None


async def _with_retries(execute: Callable[[], Awaitable[Any]]) -> Any:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await execute()
        except DBAPIError as error:
            if attempt == _ATTEMPTS or getattr(error.orig, "sqlstate", None) not in _RETRIED:
                raise
        await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  # spreads the contenders, no secret
    raise AssertionError("the last attempt returns or raises")
