"""Telling chargers what to do, and taking it back."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.scalars import JSON

from api.context import Info
from api.device_commands import DeviceCommand
from api.inputs import key_of
from api.mutations import Payload, mutation
from api.reading import read_in
from domain import validation
from domain.chargers.models import Charger
from domain.commands import service as commands
from domain.commands.models import CommandKind
from domain.errors import PermissionDenied
from domain.rows import find
from domain.sessions.authorizing import token_named
from tenants.audience import Audience
from tenants.permissions import Permission

MOST_BYTES = 4_000


@strawberry.input(description="What a charger is told to do.")
class SendChargerCommandInput:
    charger_id: strawberry.ID = strawberry.field(description="The charger.")
    kind: CommandKind = strawberry.field(description="What it is told.")
    connector: int | None = strawberry.field(
        default=None, description="At which connector; left out: the charger as a whole."
    )
    parameters: JSON | None = strawberry.field(
        default=None, description='How, by kind: `{"powerW": 7400}`, `{"hard": true}`; see DeviceCommandKind.'
    )
    timeout_seconds: int | None = strawberry.field(
        default=None, description="How long an answer counts, 5 to 86,400; 120 if left out, 3,600 of an emergency stop."
    )


@strawberry.type(description="What sendChargerCommand and cancelDeviceCommand return.")
class DeviceCommandPayload(Payload):
    command: DeviceCommand | None = strawberry.field(default=None, description="The command.")


@strawberry.type
class DeviceCommandMutations:
    @mutation(
        "Tells a charger to do something: a private owner only its own. It is sent at once where the charger is "
        "connected, and otherwise waits for its deadline; the same that still waits is not sent twice.",
        requires=Permission.CHARGERS_COMMAND,
        idempotent=True,
    )
    async def send_charger_command(self, info: Info, input: SendChargerCommandInput) -> DeviceCommandPayload:
        key = key_of("Charger", input.charger_id, "chargerId")
        given: Any = {} if input.parameters is None else input.parameters
        parameters = validation.json_object(given, "parameters", maximum=MOST_BYTES)
        async with info.context.write() as session:
            await _check_token(session, info, key, parameters)
            command = await commands.request(
                session,
                charger_id=key,
                kind=input.kind,
                connector=input.connector,
                parameters=parameters,
                timeout_seconds=input.timeout_seconds,
            )
            return DeviceCommandPayload(command=await read_in(session, info, "command", command.id))

    @mutation("Takes back a command that was not sent yet.", requires=Permission.CHARGERS_COMMAND)
    async def cancel_device_command(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The command.")]
    ) -> DeviceCommandPayload:
        key = key_of("DeviceCommand", id)
        async with info.context.write() as session:
            command = await commands.cancel(session, key)
            return DeviceCommandPayload(command=await read_in(session, info, "command", command.id))


async def _check_token(session: AsyncSession, info: Info, charger_id: UUID, parameters: Mapping[str, Any]) -> None:
    """Whose token is named, pays: from outside one names one's own. Raises: NotFound, PermissionDenied."""
    audience, token = info.context.actor.audience, parameters.get("idToken")
    if audience not in (Audience.CUSTOMER, Audience.PARTNER) or not isinstance(token, str):
        return
    charger = await find(session, Charger, charger_id, field=("charger_id",))
    if audience is Audience.PARTNER or await token_named(session, charger.entity_id, token) is None:
        raise PermissionDenied(field=("parameters", "idToken"))
