"""Commands become calls to a charger: what both versions of the protocol have alike."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any

from api.ocpp.calls import CallFailed
from api.ocpp.frames import Payload
from api.ocpp.talk import Talk
from domain.commands.delivery import CommandAnswer
from domain.commands.models import DeviceCommand

Order = Callable[[Talk, DeviceCommand, float], Awaitable[CommandAnswer]]

URGENT_SECONDS = 10.0
_DONE = frozenset({"Accepted", "AcceptedCanceled", "Scheduled", "Unlocked"})
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_VOLTS, _PHASES = 230, 3
_PROFILES = {"TxDefaultProfile": 1, "TxProfile": 2}

Asked = tuple[str, Payload]


def judged(answer: Payload) -> CommandAnswer:
    """By the status that the charger answers."""
    status = str(answer.get("status", "Accepted"))
    return CommandAnswer(status in _DONE, "" if status in _DONE else code(status), answer)


def code(status: str) -> str:
    """`NotSupported` is NOT_SUPPORTED."""
    return _WORDS.sub("_", status).upper()


def failed(error: CallFailed) -> CommandAnswer:
    """The charger could not, or did not answer."""
    return CommandAnswer(False, error.reason, {"detail": error.detail} if error.detail else {})


def parameter(command: DeviceCommand, name: str) -> Any:
    """Raises: CallFailed where the command does not say."""
    if (given := command.parameters.get(name)) is None:
        raise CallFailed("BAD_PARAMETERS", f"{command.kind} needs {name}")
    return given


async def transaction_of(talk: Talk, command: DeviceCommand) -> str:
    """The transaction that a command stops: the one it names, else the one that runs there."""
    if (given := command.parameters.get("transactionId")) is not None:
        return str(given)
    await talk.look_up()
    running = talk.tracked.running(command.connector)
    if len(running) != 1:
        raise CallFailed("NO_TRANSACTION", f"{len(running)} transactions run there")
    return running[0]


async def one_running(talk: Talk, command: DeviceCommand) -> str | None:
    """The transaction of the connector whose power is set, where it is known."""
    await talk.look_up()
    running = talk.tracked.running(command.connector) if command.connector else []
    return running[0] if len(running) == 1 else None


def profile_id(command: DeviceCommand, purpose: str) -> int:
    """The same for the same connector and purpose, so that a charging profile takes the place of the one before."""
    return (command.connector or 0) * 10 + _PROFILES[purpose]


def renamed(command: DeviceCommand, names: Mapping[str, str]) -> Payload:
    """Parameters by the protocol's names, those that are given."""
    return {name: command.parameters[own] for own, name in names.items() if own in command.parameters}


def limit(command: DeviceCommand, unit: str) -> Payload:
    """One period of a charging schedule from now on, until another takes its place."""
    watts = int(parameter(command, "powerW"))
    if unit == "W":
        return {"startPeriod": 0, "limit": watts}
    amperes = (Decimal(watts) / (_VOLTS * _PHASES)).quantize(Decimal("0.1"), ROUND_DOWN)
    return {"startPeriod": 0, "limit": amperes, "numberPhases": _PHASES}


def unit_of(allowed: str) -> str:
    """W where the charger allows it, or does not say; amperes are per phase, of which the platform knows less."""
    return "W" if not allowed or "Power" in allowed or "W" in allowed.split(",") else "A"


async def at_once(talk: Talk, asked: Iterable[Asked]) -> list[Payload | CallFailed]:
    """Send all, in this order, without waiting for an answer in between."""

    async def ask(action: str, payload: Payload) -> Payload | CallFailed:
        try:
            return await talk.calls.call(action, payload, URGENT_SECONDS)
        except CallFailed as error:
            return error

    return list(await asyncio.gather(*(ask(action, payload) for action, payload in asked)))


async def emergency(talk: Talk, stops: list[Asked], close: Asked, cut: Asked) -> CommandAnswer:
    """Stop what runs and close the connector; where something runs on that was not known, cut the power."""
    *stopped, closed = await at_once(talk, [*stops, close])
    if isinstance(closed, CallFailed):
        return failed(closed)
    told: dict[str, Any] = {"stopped": [_told(each) for each in stopped], "availability": closed["status"]}
    if closed["status"] == "Accepted" or (stopped and all(_is_done(each) for each in stopped)):
        return CommandAnswer(closed["status"] in _DONE, "" if closed["status"] in _DONE else "REJECTED", told)
    (was_cut,) = await at_once(talk, [cut])
    told["reset"] = _told(was_cut)
    return CommandAnswer(_is_done(was_cut), "" if _is_done(was_cut) else "STILL_RUNNING", told)


def _is_done(answer: Payload | CallFailed) -> bool:
    return not isinstance(answer, CallFailed) and answer.get("status") in _DONE


def _told(answer: Payload | CallFailed) -> str:
    return answer.reason if isinstance(answer, CallFailed) else str(answer.get("status"))
