"""The commands of one connected charger: one after the other, but an emergency stop goes ahead of all."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Waiting:
    command: DeviceCommand
    turn: "asyncio.Future[None]"


class Desk:
    """`carry_out` is what the dispatcher calls, in the order in which commands were given."""

    __slots__ = ("_busy", "_gone", "_orders", "_talk", "_waiting")

    def __init__(self, talk: Talk, orders: Mapping[CommandKind, Order]) -> None:
        self._talk = talk
        self._orders = orders
        self._waiting: list[_Waiting] = []
        self._busy = self._gone = False

    async def carry_out(self, command: DeviceCommand) -> None:
        """Tell the charger, and the port what it answers.

        Raises: ConnectionError where the connection has ended before it was sent; CannotSend where an emergency stop
        has made it void.
        """
        if command.kind == CommandKind.EMERGENCY_STOP:
            self._void(command.connector)
            await self._order(command)
            return
        await self._turn(command)
        try:
            await self._order(command)
        finally:
            self._busy = False
            self._next()

    def leave(self) -> None:
        """The connection is gone: what waits is not sent any more."""
        self._gone = True
        self._fail(lambda _: True, ConnectionError("the charger has gone"))

    async def _turn(self, command: DeviceCommand) -> None:
        waiting = _Waiting(command, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._next()
        await waiting.turn

    def _next(self) -> None:
        while self._waiting and not self._busy:
            turn = self._waiting.pop(0).turn
            if not turn.done():
                self._busy = True
                turn.set_result(None)

    def _void(self, connector: int | None) -> None:
        """What must not be done after an emergency stop."""

        def concerned(command: DeviceCommand) -> bool:
            return command.kind in _VOID and (not connector or command.connector in (None, connector))

        self._fail(concerned, CannotSend(CommandKind.EMERGENCY_STOP.value))

    def _fail(self, concerned: Callable[[DeviceCommand], bool], error: Exception) -> None:
        for waiting in self._waiting:
            if concerned(waiting.command) and not waiting.turn.done():
                waiting.turn.set_exception(error)

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
