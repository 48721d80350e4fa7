"""How chargers are used, by hour of the day, day and charger: sums over the hours of sessions that have ended."""

from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, Date, Float, Integer, Select, cast, func, literal_column, or_, select

from domain.chargers.models import Charger, Connector
from domain.contacts.models import Contact
from domain.sessions.models import SessionHour

_H = SessionHour
_ZONE = "Europe/Amsterdam"
_LOCAL = func.timezone(_ZONE, _H.hour)
_HOUR, _DAY = cast(func.extract("hour", _LOCAL), Integer), cast(_LOCAL, Date)
_NO_HOUR, _NO_DAY = cast(literal_column("NULL"), Integer), cast(literal_column("NULL"), Date)
_NO_CHARGER = cast(literal_column("NULL"), _H.charger_id.type)
_HOURS_A_DAY = 24


def in_all(arguments: Any) -> Select[Any]:
    """One row over all chargers of the arguments (`since`, `until`, `entity_id`, `charger_id`, `owner_id`)."""
    return _used(arguments, _NO_HOUR, _NO_DAY, _NO_CHARGER, _connectors(arguments), _seconds(arguments))


def by_hour(arguments: Any) -> Select[Any]:
    """A row per hour on the clock in Amsterdam."""
    seconds = _seconds(arguments) / _HOURS_A_DAY
    query = _used(arguments, _HOUR, _NO_DAY, _NO_CHARGER, _connectors(arguments), seconds)
    return query.group_by(_HOUR).order_by(_HOUR)


def by_day(arguments: Any) -> Select[Any]:
    """A row per day in Amsterdam, the latest first."""
    day = func.extract("epoch", _midnight(_DAY + 1) - _midnight(_DAY))
    return (
        _used(arguments, _NO_HOUR, _DAY, _NO_CHARGER, _connectors(arguments), day).group_by(_DAY).order_by(_DAY.desc())
    )


def by_charger(arguments: Any) -> Select[Any]:
    """A row per charger, the most used first."""
    own = select(func.count()).where(Connector.charger_id == _H.charger_id).correlate(_H).scalar_subquery()
    query = _used(arguments, _NO_HOUR, _NO_DAY, _H.charger_id, own, _seconds(arguments)).group_by(_H.charger_id)
    return query.order_by(func.sum(_H.energy_wh).desc(), _H.charger_id)


def _used(arguments: Any, hour: Any, day: Any, charger: Any, connectors: Any, seconds: Any) -> Select[Any]:
    """Sums over hours; `occupancy` is the part of `seconds` of each of `connectors` that a car was connected."""
    connected = func.coalesce(func.sum(_H.connected_seconds), 0)
    occupancy = cast(connected, Float) * 100 / func.nullif(cast(connectors, Float) * cast(seconds, Float), 0)
    return select(
        hour.label("hour"),
        day.label("day"),
        charger.label("charger_id"),
        cast(func.count(func.distinct(_H.session_id)), Integer).label("sessions"),
        cast(func.coalesce(func.sum(_H.energy_wh), 0), BigInteger).label("energy_wh"),
        cast(connected, BigInteger).label("connected_seconds"),
        cast(func.coalesce(func.sum(_H.charging_seconds), 0), BigInteger).label("charging_seconds"),
        func.least(func.coalesce(occupancy, 0.0), 100.0).label("occupancy"),
    ).where(
        _H.hour >= _midnight(arguments.since),
        _H.hour < _midnight(arguments.until),
        *_narrowed(arguments, _H, _H.charger_id),
    )


def _narrowed(arguments: Any, table: Any, charger_id: Any) -> list[Any]:
    given = (
        (table.entity_id, arguments.entity_id),
        (charger_id, arguments.charger_id),
        (table.owner_contact_id, arguments.owner_id),
    )
    return [column == value for column, value in given if value is not None]


def _connectors(arguments: Any) -> Any:
    """Connectors of the chargers in question; of somebody with a contact of its own: its chargers, no public ones."""
    contact = arguments.actor.contact_id
    owned = or_(contact.is_(None), Charger.owner_contact_id.in_(select(Contact.id)))
    query = select(func.count()).select_from(Connector).join(Charger, Charger.id == Connector.charger_id).where(owned)
    return query.where(*_narrowed(arguments, Charger, Charger.id)).scalar_subquery()


def _seconds(arguments: Any) -> Any:
    """Of the time asked for, as far as it is over."""
    until = func.least(_midnight(arguments.until), func.now())
    return func.greatest(func.extract("epoch", until - _midnight(arguments.since)), 0)


def _midnight(day: Any) -> Any:
    return func.timezone(_ZONE, cast(cast(day, Date), TIMESTAMP()))
