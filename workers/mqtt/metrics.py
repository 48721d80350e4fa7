"""What a charger writes to `metrics`: many readings in one message, each with its sequence and moment.

Types are looked at together here; whether a value is possible is looked at where the readings of every protocol come
together (`domain.telemetry.readings.check`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import repeat
from operator import itemgetter
from typing import Any
from uuid import UUID

from domain.devices.port import RefusedReading as Impossible
from domain.telemetry.readings import Reading
from workers.mqtt.reading import LONGEST_MOMENT, MOST_ID, Fields, Refusal, Refused, moment, read_object, shown

MOST_READINGS = 1_000
"""In one message."""
_KEYS = ("connector", "sequence", "revision")
_VALUES = ("energyWh", "powerW", "voltageMv", "currentMa", "temperatureDc", "socPercent")
_KNOWN = frozenset(("at", "transactionId", *_KEYS, *_VALUES))
_INTEGER = frozenset((int,))
_INTEGER_OR_NONE = frozenset((int, type(None)))
_TEXT_OR_NONE = frozenset((str, type(None)))
_DEFAULTS = {"connector": None, "sequence": 0, "revision": 0, **dict.fromkeys((*_VALUES, "transactionId"))}
"""Fields of Reading after `charger_id`, but for the moment, and what they are where they are left out."""
_new = tuple.__new__
"""Reading's own constructor gives names to eleven arguments, which takes as long as all checks."""
_READING = partial(_new, Reading)


@dataclass(frozen=True, slots=True)
class RefusedReading:
    """One reading that was left out of its message."""

    index: int
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Metrics:
    message_id: str | None
    readings: Sequence[Reading]
    refused: Sequence[RefusedReading]


def read_metrics(charger_id: UUID, payload: bytes) -> Metrics:
    """The readings of a payload. Raises: Refused where the message as a whole cannot be read."""
    given = read_object(payload)
    items = given.pop("readings", None)
    fields = Fields(given)
    message_id = fields.text_or_none("messageId", MOST_ID)
    fields.done()
    if type(items) is not list:
        raise Refused(Refusal.MISSING_FIELD if items is None else Refusal.BAD_FIELD, "readings must be a list")
    if len(items) > MOST_READINGS:
        raise Refused(Refusal.TOO_MANY_READINGS, f"{len(items)} readings, at most {MOST_READINGS} are taken")
    return _sorted_out(message_id, charger_id, items)


def left_out(metrics: Metrics, impossible: Iterable[Impossible]) -> list[RefusedReading]:
    """Everything of a message that is not stored, by its place in the message."""
    unreadable = {fault.index for fault in metrics.refused}
    places = [at for at in range(len(metrics.readings) + len(unreadable)) if at not in unreadable]
    return [*metrics.refused, *(RefusedReading(places[each.place], each.reason) for each in impossible)]


def _sorted_out(message_id: str | None, charger_id: UUID, items: list[Any]) -> Metrics:
    if items and (alike := _alike(charger_id, items)):
        return Metrics(message_id, alike, [])
    readings: list[Reading] = []
    refused: list[RefusedReading] = []
    for index, item in enumerate(items):
        try:
            readings.append(_reading(charger_id, item))
        except Refused as error:
            refused.append(RefusedReading(index, error.reason, error.detail))
    return Metrics(message_id, readings, refused)


def _alike(charger_id: UUID, items: list[Any]) -> list[Reading] | None:
    """All at once, column by column, where they have the same fields and no fault; None where one has to look closely.

    That is how chargers write, and takes half as long.
    """
    fields = tuple(items[0]) if type(items[0]) is dict else ()
    if len(fields) < 3 or not _KNOWN.issuperset(fields) or not {"connector", "at"}.issubset(fields):
        return None
    try:
        rows = list(map(_getter(fields), items))
    except (KeyError, TypeError, IndexError):
        return None
    columns = dict(zip(fields, zip(*rows, strict=True), strict=True))
    moments = _moments(columns.pop("at"))
    if moments is None or {*map(len, items)} != {len(fields)} or not all(map(_fits, columns, columns.values())):
        return None
    given = [columns.get(name) or repeat(default) for name, default in _DEFAULTS.items()]
    return list(map(_READING, zip(repeat(charger_id), given[0], moments, *given[1:], strict=False)))


@lru_cache(maxsize=64)
def _getter(fields: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return itemgetter(*fields)


def _moments(values: tuple[Any, ...]) -> list[datetime] | None:
    """Of texts in UTC."""
    if {*map(type, values)} != {str} or max(map(len, values)) > LONGEST_MOMENT:
        return None
    try:
        found = list(map(datetime.fromisoformat, values))
    except ValueError:
        return None
    return found if all([each.tzinfo is UTC for each in found]) else None


def _fits(name: str, values: tuple[Any, ...]) -> bool:
    if name == "transactionId":
        return _TEXT_OR_NONE.issuperset(map(type, values)) and all(each is None or _is_id(each) for each in {*values})
    return (_INTEGER if name in _KEYS else _INTEGER_OR_NONE).issuperset(map(type, values))


def _reading(charger_id: UUID, given: Any) -> Reading:
    if type(given) is not dict:
        raise Refused(Refusal.MALFORMED, "a reading must be an object")
    get = given.get
    at, transaction = moment(get("at")), get("transactionId")
    keys = (get("connector"), get("sequence", 0), get("revision", 0))
    values = (
        get("energyWh"),
        get("powerW"),
        get("voltageMv"),
        get("currentMa"),
        get("temperatureDc"),
        get("socPercent"),
    )
    if (
        at is None
        or not _INTEGER.issuperset(map(type, keys))
        or not _INTEGER_OR_NONE.issuperset(map(type, values))
        or not _KNOWN.issuperset(given)
        or (transaction is not None and not _is_id(transaction))
    ):
        raise _fault(given)
    return _new(Reading, (charger_id, keys[0], at, *keys[1:], *values, transaction))


def _is_id(value: object) -> bool:
    return type(value) is str and 1 <= len(value) <= MOST_ID and value.isprintable()


def _fault(given: dict[str, Any]) -> Refused:
    """Which field does not fit; slower, and only for a reading that has one that does not."""
    for name in ("connector", "at"):
        if given.get(name) is None:
            return Refused(Refusal.MISSING_FIELD, name)
    for name in (*_KEYS, *_VALUES):
        if name in given and type(given[name]) not in (_INTEGER if name in _KEYS else _INTEGER_OR_NONE):
            return Refused(Refusal.BAD_FIELD, f"{name} must be an integer of 64 bits")
    if moment(given["at"]) is None:
        return Refused(Refusal.BAD_FIELD, "at must be a date and time in ISO 8601 with an offset")
    if unknown := sorted(given.keys() - _KNOWN):
        return Refused(Refusal.UNKNOWN_FIELD, shown(unknown[0]))
    return Refused(Refusal.BAD_FIELD, f"transactionId must be a printable text of 1 to {MOST_ID} characters")
