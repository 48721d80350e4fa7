"""What each kind of command is told, checked before anything is sent. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from domain import validation
from domain.commands.errors import UnknownParameter
from domain.commands.models import CommandKind
from domain.errors import Faults, NotAChoice, Required, WrongType

MOST_POWER_W = 2_000_000
MAX_TOKEN = 36
"""OCPP 2.0.1's idToken; OCPP 1.6 has 20."""
MAX_DATA = 2_000
TRIGGERS = ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification", "FirmwareStatusNotification")
Check = Callable[..., Any]


def _power(value: Any, *field: str | int) -> int:
    return validation.integer(value, 0, MOST_POWER_W, *field)


def _flag(value: Any, *field: str | int) -> bool:
    if type(value) is not bool:
        raise WrongType(field=field, expected={"nl": "waar of onwaar", "en": "true or false"})
    return value


def _token(value: Any, *field: str | int) -> str:
    return validation.name(value, *field, maximum=MAX_TOKEN)


def _data(value: Any, *field: str | int) -> str:
    return validation.text(value, *field, minimum=0, maximum=MAX_DATA)


def _trigger(value: Any, *field: str | int) -> str:
    if value not in TRIGGERS:
        raise NotAChoice(choices=", ".join(TRIGGERS), field=field)
    return str(value)


def _moment(value: Any, *field: str | int) -> str:
    return validation.name(value, *field, maximum=40)


KNOWN: dict[CommandKind, dict[str, Check]] = {
    CommandKind.START: {"idToken": _token, "powerW": _power},
    CommandKind.STOP: {"transactionId": _token},
    CommandKind.SET_POWER: {"powerW": _power},
    CommandKind.EMERGENCY_STOP: {},
    CommandKind.RESET: {"hard": _flag},
    CommandKind.UNLOCK: {},
    CommandKind.GET_DIAGNOSTICS: {"location": _data, "since": _moment, "until": _moment},
    CommandKind.TRIGGER_MESSAGE: {"message": _trigger},
    CommandKind.DATA_TRANSFER: {"vendorId": _token, "messageId": _token, "data": _data},
}
NEEDED: dict[CommandKind, tuple[str, ...]] = {
    CommandKind.SET_POWER: ("powerW",),
    CommandKind.TRIGGER_MESSAGE: ("message",),
    CommandKind.DATA_TRANSFER: ("vendorId",),
}
OF_A_CONNECTOR = frozenset({CommandKind.START, CommandKind.UNLOCK})
"""Kinds that name a connector."""


def checked(kind: CommandKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in their normal form; all faults at once, under `parameters`."""
    known = KNOWN[kind]
    with Faults() as faults:
        for name in given.keys() - known.keys():
            faults.add(UnknownParameter(kind=kind.value, name=str(name)[:40], field=("parameters",)))
        for name in NEEDED.get(kind, ()):
            if given.get(name) is None:
                faults.add(Required(field=("parameters", name)))
        found = {
            name: faults.take(check, given[name], "parameters", name)
            for name, check in known.items()
            if given.get(name) is not None
        }
    return found
