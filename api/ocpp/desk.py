"""The commands of one connected charger: one after the other, but an emergency stop goes ahead of all."""

import asyncio
import time
from collections.abc import Mapping
from uuid import UUID

import structlog

from api.ocpp import metrics, orders, times
from api.ocpp.calls import CallFailed
from api.ocpp.orders import Order
from api.ocpp.talk import Talk, persistently
from domain.commands.delivery import CommandAnswer
from domain.commands.models import CommandKind, DeviceCommand
from domain.devices.dispatch import CannotSend

log = structlog.get_logger(__name__)

_LONGEST_SECONDS = 45.0
"""How long a charger may take for an answer while other commands wait behind it."""
_VOID = (CommandKind.START, CommandKind.SET_POWER)
_OPEN = frozenset({"NO_ANSWER", "CONNECTION_LOST"})


class Desk:
    """`carry_out` is what the dispatcher calls, in the order in which commands were given."""

    __slots__ = ("_gone", "_orders", "_talk", "_turn", "_waiting")

    def __init__(self, talk: Talk, orders: Mapping[CommandKind, Order]) -> None:
        self._talk = talk
        self._orders = orders
        self._turn = asyncio.Lock()
        self._waiting: dict[UUID, DeviceCommand] = {}
        self._gone = False

    async def carry_out(self, command: DeviceCommand) -> None:
        """Tell the charger, and the port what it answers.

        Raises: ConnectionError where the connection has ended before it was sent; CannotSend where an emergency stop
        has made it void.
        """
        if command.kind == CommandKind.EMERGENCY_STOP:
            self._void(command.connector)
            await self._order(command)
            return
        self._waiting[command.id] = command
        async with self._turn:
            if self._waiting.pop(command.id, None) is None:
                raise CannotSend(CommandKind.EMERGENCY_STOP.value)
            await self._order(command)

    def leave(self) -> None:
        """The connection is gone: what waits is not sent any more."""
        self._gone = True

    def _void(self, connector: int | None) -> None:
        for id, command in [*self._waiting.items()]:
            if command.kind in _VOID and (not connector or command.connector in (None, connector)):
                del self._waiting[id]

    async def _order(self, command: DeviceCommand) -> None:
        if self._gone:
            raise ConnectionError("the charger has gone")
        left = (command.deadline_at - times.now()).total_seconds()
        if left <= 0:
            return  # it is told as timed out by who keeps the deadlines
        began = time.perf_counter()
        answer = await self._answer(command, min(left, _LONGEST_SECONDS))
        outcome = "unanswered" if answer is None else "done" if answer.accepted else "failed"
        metrics.COMMANDS.labels(command.kind, outcome).inc()
        metrics.COMMAND_SECONDS.labels(command.kind).observe(time.perf_counter() - began)
        if answer is not None:
            await self._tell(command, answer)

    async def _answer(self, command: DeviceCommand, seconds: float) -> CommandAnswer | None:
        """None where nobody knows whether it was done: it times out, and an emergency stop is sent once more."""
        try:
            return await self._orders[CommandKind(command.kind)](self._talk, command, seconds)
        except CallFailed as error:
            return None if error.reason in _OPEN else orders.failed(error)
        except Exception:
            log.exception("command_failed", charger=self._talk.device.identity, kind=command.kind)
            return CommandAnswer(False, "INTERNAL")

    async def _tell(self, command: DeviceCommand, answer: CommandAnswer) -> None:
        talk = self._talk
        try:
            await persistently(lambda: talk.port.answered(talk.device, command.id, answer))
        except Exception:
            log.exception("answer_not_kept", charger=talk.device.identity, command=str(command.id))
