"""Starting, stopping, pausing and resuming sessions; tokens."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from api.charging_sessions import ChargingSession
from api.context import Info
from api.id_tokens import IdToken
from api.inputs import key_of, optional_key
from api.mutations import Payload, mutation
from api.quote_changes import contact_key
from api.reading import BigInt, read_in
from domain.chargers.models import Charger as ChargerRow
from domain.contacts import relations
from domain.contacts.models import Contact as ContactRow
from domain.errors import PermissionDenied, Required
from domain.rows import find
from domain.sessions import authorizing, controlling, telling, tokens
from domain.sessions.controlling import Wanted
from domain.sessions.errors import TokenNotAccepted
from domain.sessions.models import ChargingSession as SessionRow
from domain.sessions.models import TokenKind
from domain.sessions.reports import AuthorizationStatus
from domain.sessions.tokens import TokenDetails
from tenants.acting import acting_as
from tenants.audience import Audience
from tenants.permissions import Permission

_START, _WRITE = Permission.CHARGING_START, Permission.CHARGERS_WRITE
SessionId = Annotated[strawberry.ID, strawberry.argument(description="The session.")]
TokenId = Annotated[strawberry.ID, strawberry.argument(description="The token.")]
Change = Callable[[AsyncSession, UUID], Awaitable[SessionRow]]


@strawberry.input(description="A session to start at a charger that you see: one of yours, or a public one.")
class StartSessionInput:
    charger_id: strawberry.ID = strawberry.field(description="The charger.")
    connector: int = strawberry.field(description="The number of the connector.")
    id_token: str | None = strawberry.field(
        default=None, description="The token to charge with, one of yours; as who is logged in if left out."
    )
    driver_id: strawberry.ID | None = strawberry.field(
        default=None, description="For staff: who charges, where no token is given."
    )
    target_energy_wh: BigInt | None = strawberry.field(
        default=None, description="What is wanted, in Wh; milestones count towards it where the car tells no charge."
    )
    emergency: bool = strawberry.field(default=False, description="At once, at the price that the tariff asks for it.")


@strawberry.input(description="A token to register.")
class RegisterIdTokenInput:
    token: str = strawberry.field(description="As chargers say it: 1 to 36 letters, digits or `* - _ = : + | @ .`")
    contact_id: strawberry.ID = strawberry.field(description="Who charges with it and is billed.")
    entity_id: strawberry.ID | None = strawberry.field(
        default=None, description="At whose chargers it is good; your business entity if you have one only."
    )
    kind: TokenKind = strawberry.field(default=TokenKind.RFID, description="What it is.")
    label: str = strawberry.field(default="", description="What its holder calls it, at most 100 characters.")
    valid_until: datetime | None = strawberry.field(default=None, description="Until when it is good.")
    charger_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Private chargers of others at which it may charge too; at most 250."
    )


@strawberry.input(description="What a token is to be: all of it is replaced.")
class ChangeIdTokenInput:
    id: strawberry.ID = strawberry.field(description="The token.")
    label: str = strawberry.field(description="What its holder calls it, at most 100 characters.")
    charger_ids: list[strawberry.ID] = strawberry.field(
        description="Private chargers of others at which it may charge too; at most 250."
    )
    valid_until: datetime | None = strawberry.field(default=None, description="Until when it is good; null: for good.")


@strawberry.type(description="What a change of a session returns: the session follows what the charger answers.")
class ChargingSessionPayload(Payload):
    session: ChargingSession | None = strawberry.field(default=None, description="The session.")


@strawberry.type(description="What a change of a token returns.")
class IdTokenPayload(Payload):
    id_token: IdToken | None = strawberry.field(default=None, description="The token.")


@strawberry.type
class ChargingSessionMutations:
    @mutation(
        "Has a charger begin a session, STARTING until it has. Again meanwhile, by the same driver: the same session.",
        requires=_START,
        idempotent=True,
    )
    async def start_session(self, info: Info, input: StartSessionInput) -> ChargingSessionPayload:
        charger_key = key_of("Charger", input.charger_id, "chargerId")
        driver = contact_key(input.driver_id, "driverId")
        async with info.context.system() as session:
            async with acting_as(session, info.context.actor):
                charger = await find(session, ChargerRow, charger_key, field=("charger_id",))
                await _check_token(session, charger, input.id_token)
                driver = await _driver(session, info, driver)
            wanted = Wanted(
                charger_key, input.connector, input.id_token, driver, input.target_energy_wh, input.emergency
            )
            with _by(session, info):
                row = await controlling.start(session, wanted)
            return ChargingSessionPayload(session=await _as_actor(session, info, "session", row.id))

    @mutation(
        "Has a session end: it is COMPLETED when the charger has said so. One that has not begun is taken back.",
        requires=_START,
    )
    async def stop_session(self, info: Info, id: SessionId) -> ChargingSessionPayload:
        return await _changed(info, id, controlling.stop)

    @mutation("Has a session take no power: it is PAUSED when the charger has said so.", requires=_START)
    async def pause_session(self, info: Info, id: SessionId) -> ChargingSessionPayload:
        return await _changed(info, id, controlling.pause)

    @mutation("Has a paused session take power again: ACTIVE when the charger has said so.", requires=_START)
    async def resume_session(self, info: Info, id: SessionId) -> ChargingSessionPayload:
        return await _changed(info, id, controlling.resume)

    @mutation(
        "Ends a session that its charger does not end, at its last sign of life. What the charger says later counts.",
        requires=_WRITE,
    )
    async def close_session(self, info: Info, id: SessionId) -> ChargingSessionPayload:
        return await _changed(info, id, controlling.close_by_hand)

    @mutation("Registers a token that somebody charges with.", requires=_WRITE, idempotent=True)
    async def register_id_token(self, info: Info, input: RegisterIdTokenInput) -> IdTokenPayload:
        contact = contact_key(input.contact_id, "contactId")
        if contact is None:
            raise Required(field=("contact_id",))
        entity_key = optional_key("BusinessEntity", input.entity_id, "entityId")
        chargers = [key_of("Charger", id, f"chargerIds.{place}") for place, id in enumerate(input.charger_ids)]
        async with info.context.write() as session:
            entity = await relations.entity_of(session, entity_key)
            details = TokenDetails(input.token, contact, input.kind, input.label, input.valid_until, chargers)
            row = await tokens.register(session, entity, details)
            return IdTokenPayload(id_token=await read_in(session, info, "id_token", row.id))

    @mutation("Changes what a token is called, until when it is good, and where else.", requires=_WRITE)
    async def change_id_token(self, info: Info, input: ChangeIdTokenInput) -> IdTokenPayload:
        key = key_of("IdToken", input.id)
        chargers = [key_of("Charger", id, f"chargerIds.{place}") for place, id in enumerate(input.charger_ids)]
        async with info.context.write() as session:
            row = await tokens.change(
                session, key, label=input.label, valid_until=input.valid_until, charger_ids=chargers
            )
            return IdTokenPayload(id_token=await read_in(session, info, "id_token", row.id))

    @mutation("Blocks a token: nobody charges with it any more. A session that runs goes on.", requires=_START)
    async def block_id_token(
        self,
        info: Info,
        id: TokenId,
        reason: Annotated[str, strawberry.argument(description="Why, at most 500 characters.")] = "",
    ) -> IdTokenPayload:
        key = key_of("IdToken", id)
        async with info.context.write() as session:
            row = await tokens.block(session, key, reason)
            return IdTokenPayload(id_token=await read_in(session, info, "id_token", row.id))

    @mutation("Makes a blocked token good again.", requires=_START)
    async def unblock_id_token(self, info: Info, id: TokenId) -> IdTokenPayload:
        key = key_of("IdToken", id)
        async with info.context.write() as session:
            row = await tokens.unblock(session, key)
            return IdTokenPayload(id_token=await read_in(session, info, "id_token", row.id))


async def _check_token(session: AsyncSession, charger: ChargerRow, id_token: str | None) -> None:
    """A token has to be one that the actor sees, at the chargers of that entity."""
    if id_token is not None and await authorizing.token_named(session, charger.entity_id, id_token) is None:
        raise TokenNotAccepted(status=AuthorizationStatus.INVALID.value, field=("id_token",))


async def _driver(session: AsyncSession, info: Info, named: UUID | None) -> UUID | None:
    """Who charges, as the actor may say: itself; for staff anybody of theirs."""
    actor = info.context.actor
    if actor.audience is Audience.CUSTOMER:
        if named not in (None, actor.contact_id):
            raise PermissionDenied(field=("driver_id",))
        return actor.contact_id
    if named is not None:
        await find(session, ContactRow, named, field=("driver_id",))
    return named


async def _changed(info: Info, id: strawberry.ID, change: Change) -> ChargingSessionPayload:
    """A change of a session that the actor sees, by the platform."""
    key = key_of("ChargingSession", id)
    async with info.context.system() as session:
        async with acting_as(session, info.context.actor):
            await find(session, SessionRow, key)
        with _by(session, info):
            await change(session, key)
        return ChargingSessionPayload(session=await _as_actor(session, info, "session", key))


def _by(session: AsyncSession, info: Info) -> AbstractContextManager[None]:
    """Drivers and owners are not named to each other; staff find them as who asked for the session or command."""
    return telling.unnamed(session) if info.context.actor.audience is Audience.CUSTOMER else nullcontext()


async def _as_actor(session: AsyncSession, info: Info, field: str, id: UUID) -> Any:
    async with acting_as(session, info.context.actor):
        return await read_in(session, info, field, id)
