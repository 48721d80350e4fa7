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

With `previewable=True` clients may pass `preview: true`: the same resolver, rolled back, and `payload.preview` tells
what would happen (api/previewing.py). The payload is then a PreviewablePayload; all of its work has to be rows written
in `write()` and `system()`.
"""

import asyncio
import functools
import hashlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import MISSING, dataclass, fields
from inspect import Parameter, signature
from typing import Annotated, Any, TypeAlias

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
from api.preview_unit import PreviewUnit
from api.previewing import COST_OF_A_PREVIEW, Preview, foreseen
from api.reading import mutation as checked_mutation
from api.reading.specs import COST
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


@strawberry.type(description="What a mutation returns that can be previewed.")
class PreviewablePayload(Payload):
    preview: Preview | None = strawberry.field(
        default=None,
        description="What would happen; only where `preview: true` was given and nothing is refused.",
        metadata={COST: COST_OF_A_PREVIEW},
    )


WhetherPreview = Annotated[
    bool,
    strawberry.argument(
        description="Do everything and keep nothing: the payload is as it would be, `preview` tells what would follow."
    ),
]


def mutation(
    description: str,
    *,
    requires: Permission,
    idempotent: bool = False,
    pace: Pace | None = None,
    previewable: bool = False,
) -> Callable[[Resolver], Any]:
    """A field of Mutation. `idempotent`: the Idempotency-Key header is required; it is honoured everywhere.

    `pace`: for whom answers leave at whole steps, after the transaction; how long a step is, in seconds, 0 for none.
    `previewable`: adds the argument `preview`; the resolver returns a PreviewablePayload.
    """

    def declare(resolver: Resolver) -> Any:
        run = _wrapped(resolver, idempotent, previewable)
        run = _paced(run, pace) if pace else run
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


def _wrapped(resolver: Resolver, idempotent: bool, previewable: bool = False) -> Resolver:
    payload_type = _payload_type(resolver)
    if previewable and not issubclass(payload_type, PreviewablePayload):
        raise TypeError(f"{payload_type.__name__} has to be a PreviewablePayload")

    @functools.wraps(resolver)
    async def run(*args: Any, info: Info, **kwargs: Any) -> Any:
        context = info.context
        preview = kwargs.pop("preview", False) if previewable else False
        try:
            await _hold_visitor(context)
            keyed = None if preview else _keyed(context, info, idempotent)
            work = functools.partial(resolver, *args, info=info, **kwargs)
            if preview:
                return await _with_retries(lambda: _preview(context, info, work))
            return await _with_retries(lambda: _once(context, info, keyed, work))
        except (DomainError, DomainErrors) as refused:
            return payload_type(user_errors=user_errors(refused, context.language))

    return _with_preview(run) if previewable else run


def _with_preview(run: Resolver) -> Resolver:
    """The resolver with the argument `preview` in its signature, which Strawberry reads."""
    given = signature(run)
    added = Parameter("preview", Parameter.KEYWORD_ONLY, default=False, annotation=WhetherPreview)
    setattr(run, "__signature__", given.replace(parameters=[*given.parameters.values(), added]))  # noqa: B010  # no attribute of Callable
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


async def _preview(context: Context, info: Info, work: Resolver) -> Any:
    """What `_once` would answer, completed before the transaction is rolled back. No Idempotency-Key is looked at."""
    if not isinstance(context.executor, Executor):
        raise TypeError("a preview needs a schema with execution_context_class=api.executor.Executor")
    spent = context.spent
    try:
        async with PreviewUnit(context.database) as unit:
            context.unit, context.previewing = unit, True
            payload = await work()
            if isinstance(payload, PreviewablePayload) and not payload.user_errors:
                payload.preview = await foreseen(unit, info)
            return await context.executor.completed(info._raw_info, payload)
    except StaleDataError as error:
        raise Stale() from error
    except DBAPIError:
        context.spent = spent
        raise
    finally:
        context.unit, context.previewing = None, False


async def _with_retries(execute: Callable[[], Awaitable[Any]]) -> Any:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await execute()
        except DBAPIError as error:
            if attempt == _ATTEMPTS or getattr(error.orig, "sqlstate", None) not in _RETRIED:
                raise
        await asyncio.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  # spreads the contenders, no secret
    raise AssertionError("the last attempt returns or raises")
