"""What changed in the API, and what of that concerns a key: since its last use, and what it uses of what goes."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.context import Info
from api.deprecations import MOST
from api.developers import changes
from api.developers.changes import Change, ChangeKind, Surface
from api.enums import described
from api.inputs import key_of
from api.reading import BadInput, BigInt, field
from domain.deprecations.models import DeprecatedUse
from domain.errors import NotFound
from domain.rows import find
from tenants.actor import SYSTEM, ClientKind
from tenants.auth.models import ApiKey
from tenants.permissions import Permission

MOST_CHANGES = 500
described(Surface, "Which part of the API.", GRAPHQL="The GraphQL schema.", HTTP="The endpoints beside it.")
described(
    ChangeKind,
    "What changed.",
    ADDED="It is new.",
    DEPRECATED="It is going to be removed: its reason says when, and what to use.",
    REMOVED="It is gone.",
)


@strawberry.type(description="One change of one part of the API.")
class ApiChange:
    day: date = strawberry.field(description="When it was released.")
    surface: Surface = strawberry.field(description="Which part of the API.")
    kind: ChangeKind = strawberry.field(description="What changed.")
    part: str = strawberry.field(description="A schema coordinate, such as `Order.number`; or method and path.")
    text: str = strawberry.field(description="What it is, or the reason of the deprecation.")


@strawberry.type(description="Some changes of the API, the newest first.")
class ApiChanges:
    changes: list[ApiChange] = strawberry.field(description="The changes.")
    total: int = strawberry.field(description="How many there are.")
    after: int | None = strawberry.field(description="For the next ones; null at the end.")


@strawberry.type(description="A part of the API that is going to be removed and that a key still uses.")
class ApiKeyDeprecation:
    part: str = strawberry.field(description="A schema coordinate; or method and path.")
    since: date = strawberry.field(description="Since when it is deprecated.")
    removal: date = strawberry.field(description="The day after which it may be gone.")
    replacement: str = strawberry.field(description="What to use instead.")
    uses: BigInt = strawberry.field(description="Requests that used it, of the last 400 days.")
    last_used_at: datetime = strawberry.field(description="When it was used last, exact to a minute.")


@strawberry.type(description="What a key has to know of what changed.")
class ApiKeyChanges:
    name: str = strawberry.field(description="The key's name.")
    last_used_at: datetime | None = strawberry.field(description="When the key was used last, exact to a minute.")
    since: datetime = strawberry.field(description="From when on changes are told.")
    changes: ApiChanges = strawberry.field(description="What was released since.")
    deprecations: list[ApiKeyDeprecation] = strawberry.field(
        description=f"What it uses of what is going to be removed, the soonest first; at most {MOST}."
    )


_First = Annotated[int, strawberry.argument(description=f"How many at most, up to {MOST_CHANGES}.")]
_After = Annotated[int, strawberry.argument(description="How many to pass over: `after` of the page before.")]


@strawberry.type
class ApiChangeQueries:
    @field("What changed in the API from release to release, the newest first.", requires=Permission.SCHEMA_READ)
    def api_changes(
        self,
        since: Annotated[date | None, strawberry.argument(description="Released on this day or later.")] = None,
        surface: Annotated[Surface | None, strawberry.argument(description="Only of this part.")] = None,
        kind: Annotated[ChangeKind | None, strawberry.argument(description="Only these changes.")] = None,
        first: _First = 100,
        after: _After = 0,
    ) -> ApiChanges:
        wanted = [
            each for each in changes.since(since) if surface in (None, each.surface) and kind in (None, each.kind)
        ]
        return _page(wanted, first, after)

    @field(
        "What changed since a key was last used, and what it uses of what is going to be removed. Of the key that asks "
        "where none is named: then say since when.",
        requires=Permission.SCHEMA_READ,
    )
    async def api_key_changes(
        self,
        info: Info,
        api_key_id: Annotated[strawberry.ID | None, strawberry.argument(description="The key.")] = None,
        since: Annotated[
            datetime | None, strawberry.argument(description="From when on; since its last use if left out.")
        ] = None,
        first: _First = 100,
        after: _After = 0,
    ) -> ApiKeyChanges:
        key = await _key(info, api_key_id)
        start = since or key.last_used_at or key.created_at
        async with info.context.database.session(SYSTEM) as session:
            used = await _deprecations(session, key.id)
        return ApiKeyChanges(
            name=key.name,
            last_used_at=key.last_used_at,
            since=start,
            changes=_page(list(changes.since(start.astimezone(UTC).date())), first, after),
            deprecations=used,
        )


async def _key(info: Info, id: str | None) -> ApiKey:
    """The key as the actor sees it; a key sees itself."""
    context = info.context
    if id is not None:
        async with context.read() as session:
            return await find(session, ApiKey, key_of("ApiKey", id, "apiKeyId"), field=("api_key_id",))
    client = context.actor.client
    if client is None or client.kind is not ClientKind.API_KEY:
        raise NotFound(field=("api_key_id",))
    async with context.database.session(SYSTEM) as session:
        return await find(session, ApiKey, client.id, field=("api_key_id",))


async def _deprecations(session: AsyncSession, key_id: UUID) -> list[ApiKeyDeprecation]:
    """What a key used that is not gone yet."""
    use: Any = DeprecatedUse
    removal = func.max(use.removal)
    query = (
        select(
            use.part,
            func.max(use.since).label("since"),
            removal.label("removal"),
            func.max(use.replacement).label("replacement"),
            func.sum(use.uses).label("uses"),
            func.max(use.last_used_at).label("last_used_at"),
        )
        .where(use.client_id == key_id, use.client_kind == ClientKind.API_KEY.value)
        .group_by(use.part)
        .order_by(removal, use.part)
        .limit(MOST)
    )
    found = await session.execute(query)
    return [ApiKeyDeprecation(**{**row._mapping, "uses": BigInt(row.uses)}) for row in found]


def _page(wanted: list[Change], first: int, after: int) -> ApiChanges:
    if not 0 <= first <= MOST_CHANGES:
        raise BadInput("BAD_INPUT", "first", f"between 0 and {MOST_CHANGES}.")
    if after < 0:
        raise BadInput("BAD_INPUT", "after", "0 or more.")
    shown = wanted[after : after + first]
    end = after + len(shown)
    return ApiChanges(
        changes=[
            ApiChange(day=each.day, surface=each.surface, kind=each.kind, part=each.part, text=each.text)
            for each in shown
        ],
        total=len(wanted),
        after=end if end < len(wanted) else None,
    )
