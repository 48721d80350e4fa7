"""What a connector measured over a span of time, at a resolution: buckets with their gaps, or readings as they came."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Interval,
    Numeric,
    Select,
    SmallInteger,
    and_,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from domain.chargers.models import Charger
from domain.telemetry.models import (
    Rollup,
    TelemetryDay,
    TelemetryHour,
    TelemetryLatest,
    TelemetryMinute,
    TelemetryReading,
)
from domain.telemetry.rollups import AMSTERDAM

MOST = 2_000
"""Points of one series."""


class Resolution(StrEnum):
    RAW = "RAW"
    """Readings as they came."""
    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    """Calendar days in Amsterdam."""


_AT = DateTime(timezone=True)
_EPOCH: ColumnElement[datetime] = literal_column("timestamptz '2000-01-01 00:00:00+00'", _AT)
_R = TelemetryReading


def _interval(written: str) -> ColumnElement[Any]:
    return literal_column(f"interval '{written}'", Interval)


_ONE_DAY, _INSTANT = _interval("1 day"), _interval("1 microsecond")


def series(
    charger_id: UUID | ColumnElement[UUID],
    connector: int | ColumnElement[int],
    resolution: Resolution | ColumnElement[str],
    since: datetime | ColumnElement[datetime],
    until: datetime | ColumnElement[datetime],
) -> Select[Any]:
    """The first `MOST` points of [since, until), oldest first; nothing where the charger is not seen.

    A bucket belongs to it whose beginning or end does; those after now are left out, those without readings are not.
    """
    asked = _Asked(charger_id, connector, resolution, since, until)
    parts = union_all(
        _readings(asked),
        _buckets(asked, Resolution.MINUTE, TelemetryMinute, "minute"),
        _buckets(asked, Resolution.HOUR, TelemetryHour, "hour"),
        _days(asked),
    ).subquery()
    return select(parts).order_by(parts.c.at, parts.c.sequence).limit(MOST)


class _Asked:
    """What is asked for, as SQL."""

    def __init__(self, charger_id: Any, connector: Any, resolution: Any, since: Any, until: Any) -> None:
        self.charger_id = charger_id
        self.connector = cast(connector, Integer)
        self.resolution = resolution if isinstance(resolution, ColumnElement) else literal_column(f"'{resolution}'")
        self.since: ColumnElement[datetime] = cast(since, _AT)
        self.until: ColumnElement[datetime] = cast(until, _AT)

    def of(self, model: Any) -> ColumnElement[bool]:
        return and_(model.charger_id == self.charger_id, model.connector == self.connector)

    def seen(self, resolution: Resolution) -> ColumnElement[bool]:
        return and_(Charger.id == self.charger_id, self.resolution == literal_column(f"'{resolution}'"))


def _buckets(asked: _Asked, resolution: Resolution, model: Any, step: str) -> Select[Any]:
    """At most `MOST` of them, however long the span is."""
    width = _interval(f"1 {step}")
    first = func.date_bin(width, asked.since, _EPOCH)
    past = func.least(asked.until, func.now(), first + _interval(f"{MOST} {step}"))
    slots = func.generate_series(first, past - _INSTANT, width).table_valued("at").render_derived()
    at = cast(slots.c.at, _AT)
    joined = and_(asked.of(model), model.at == at, model.at >= first, model.at < past)
    return (
        select(at.label("at"), (at + width).label("until"), *_rolled(model))
        .select_from(Charger)
        .join(slots, literal_column("true"))
        .outerjoin(model, joined)
        .where(asked.seen(resolution))
    )


def _days(asked: _Asked) -> Select[Any]:
    """From the day that `since` is in."""
    first = func.date_trunc("day", func.timezone(AMSTERDAM, asked.since))
    past = func.least(
        func.timezone(AMSTERDAM, func.least(asked.until, func.now()) - _INSTANT),
        first + _interval(f"{MOST - 1} days"),
    )
    slots = func.generate_series(first, past, _ONE_DAY).table_valued("at").render_derived()
    midnight = cast(slots.c.at, DateTime())
    next_midnight = midnight + _ONE_DAY
    joined = and_(asked.of(TelemetryDay), TelemetryDay.day == func.date(midnight))
    return (
        select(
            cast(func.timezone(AMSTERDAM, midnight), _AT).label("at"),
            cast(func.timezone(AMSTERDAM, next_midnight), _AT).label("until"),
            *_rolled(TelemetryDay),
        )
        .select_from(Charger)
        .join(slots, literal_column("true"))
        .outerjoin(TelemetryDay, joined)
        .where(asked.seen(Resolution.DAY))
    )


def _rolled(model: type[Rollup] | Any) -> list[ColumnElement[Any]]:
    mean = func.round(cast(model.power_sum_w, Numeric) / func.nullif(model.power_readings, 0))
    return [
        func.coalesce(model.readings, 0).label("readings"),
        model.energy_wh.label("energy_wh"),
        cast(mean, Integer).label("average_power_w"),
        model.power_max_w.label("max_power_w"),
        model.voltage_min_mv.label("min_voltage_mv"),
        model.voltage_max_mv.label("max_voltage_mv"),
        model.current_max_ma.label("max_current_ma"),
        model.temperature_max_dc.label("max_temperature_dc"),
        model.soc_min_percent.label("min_soc_percent"),
        model.soc_max_percent.label("max_soc_percent"),
        cast(null(), BigInteger).label("register_wh"),
        cast(null(), Integer).label("sequence"),
        cast(null(), SmallInteger).label("revision"),
    ]


def _readings(asked: _Asked) -> Select[Any]:
    """Casts, because a column of the table would say of the union that it is never null."""
    rows = (
        select(_R)
        .where(asked.of(_R), _R.read_at >= asked.since, _R.read_at < asked.until)
        .with_only_columns(*(column for column in _R.__table__.c if column.name != "transaction_id"))
        .order_by(_R.read_at, _R.sequence)
        .limit(MOST)
        .subquery()
    )
    before = func.lag(rows.c.energy_wh).over(
        partition_by=rows.c.energy_wh.is_(None), order_by=(rows.c.read_at, rows.c.sequence)
    )
    rise = rows.c.energy_wh - func.coalesce(before, _register_before(asked), rows.c.energy_wh)
    return (
        select(
            rows.c.read_at.label("at"),
            cast(null(), _AT).label("until"),
            literal_column("1", Integer).label("readings"),
            case((rows.c.energy_wh.is_not(None), func.greatest(rise, 0))).label("energy_wh"),
            rows.c.power_w.label("average_power_w"),
            rows.c.power_w.label("max_power_w"),
            rows.c.voltage_mv.label("min_voltage_mv"),
            rows.c.voltage_mv.label("max_voltage_mv"),
            rows.c.current_ma.label("max_current_ma"),
            rows.c.temperature_dc.label("max_temperature_dc"),
            rows.c.soc_percent.label("min_soc_percent"),
            rows.c.soc_percent.label("max_soc_percent"),
            rows.c.energy_wh.label("register_wh"),
            cast(rows.c.sequence, Integer).label("sequence"),
            cast(rows.c.revision, SmallInteger).label("revision"),
        )
        .select_from(Charger)
        .join(rows, literal_column("true"))
        .where(asked.seen(Resolution.RAW))
    )


def _register_before(asked: _Asked) -> ColumnElement[Any]:
    """Not looked for where the connector never had a register: that would go through all of its readings."""
    ever = select(TelemetryLatest.register_wh).where(asked.of(TelemetryLatest)).scalar_subquery()
    earlier = and_(asked.of(_R), _R.read_at < asked.since, _R.energy_wh.is_not(None), ever.is_not(None))
    query = select(_R.energy_wh).where(earlier).order_by(_R.read_at.desc(), _R.sequence.desc()).limit(1)
    return query.scalar_subquery()
