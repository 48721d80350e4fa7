"""Readings as they came and their roll-ups; the hot path, so rows are small and each table has its key and no more.

Nothing here names an entity: what is seen is decided by the charger. `telemetry_latest` alone has a foreign key to it;
no reading is written without its connector's row there, and a check per reading would cost more than the reading.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, PrimaryKeyConstraint, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from domain.quotes.models import OWN_CONTACT
from tenants.base import Base
from tenants.rls import Rule, child_of, protect


class TelemetryReading(Base):
    """What one connector measured at one moment, in monthly partitions (partitions.py). Values: readings.Reading."""

    __tablename__ = "telemetry_reading"
    __table_args__ = (
        PrimaryKeyConstraint("charger_id", "connector", "read_at", "sequence"),
        {"postgresql_partition_by": "RANGE (read_at)"},
    )

    read_at: Mapped[datetime]
    energy_wh: Mapped[int | None] = mapped_column(BigInteger)
    charger_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(Integer)
    power_w: Mapped[int | None] = mapped_column(Integer)
    voltage_mv: Mapped[int | None] = mapped_column(Integer)
    current_ma: Mapped[int | None] = mapped_column(Integer)
    connector: Mapped[int] = mapped_column(SmallInteger)
    revision: Mapped[int] = mapped_column(SmallInteger)
    temperature_dc: Mapped[int | None] = mapped_column(SmallInteger)
    soc_percent: Mapped[int | None] = mapped_column(SmallInteger)
    transaction_id: Mapped[str | None]


class ReadingCorrection(Base):
    """The values that a reading had before a higher revision of it came."""

    __tablename__ = "reading_correction"
    __table_args__ = (Index("ix_reading_correction_reading", "charger_id", "connector", "read_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())
    corrected_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime]
    energy_wh: Mapped[int | None] = mapped_column(BigInteger)
    charger_id: Mapped[UUID]
    sequence: Mapped[int] = mapped_column(Integer)
    power_w: Mapped[int | None] = mapped_column(Integer)
    voltage_mv: Mapped[int | None] = mapped_column(Integer)
    current_ma: Mapped[int | None] = mapped_column(Integer)
    connector: Mapped[int] = mapped_column(SmallInteger)
    revision: Mapped[int] = mapped_column(SmallInteger)
    temperature_dc: Mapped[int | None] = mapped_column(SmallInteger)
    soc_percent: Mapped[int | None] = mapped_column(SmallInteger)
    transaction_id: Mapped[str | None]


class TelemetryLatest(Base):
    """The newest reading of a connector. Who writes readings of it holds this row's lock."""

    __tablename__ = "telemetry_latest"
    __table_args__ = (PrimaryKeyConstraint("charger_id", "connector"),)

    charger_id: Mapped[UUID] = mapped_column(ForeignKey("charger.id"))
    connector: Mapped[int] = mapped_column(SmallInteger)
    read_at: Mapped[datetime | None]
    sequence: Mapped[int | None] = mapped_column(Integer)
    register_wh: Mapped[int | None] = mapped_column(BigInteger)
    """Of the newest reading that has one."""


class Rollup:
    """What the readings of one stretch of time come to: sums and extremes, so that smaller stretches add up to larger.

    `energy_wh` is the sum, over the readings in it that have a register, of how much the register rose since the one
    before, wherever that was; NULL where none has a register. The mean power is power_sum_w / power_readings.
    """

    energy_wh: Mapped[int | None] = mapped_column(BigInteger)
    power_sum_w: Mapped[int | None] = mapped_column(BigInteger)
    readings: Mapped[int] = mapped_column(Integer)
    power_readings: Mapped[int] = mapped_column(Integer)
    power_max_w: Mapped[int | None] = mapped_column(Integer)
    voltage_min_mv: Mapped[int | None] = mapped_column(Integer)
    voltage_max_mv: Mapped[int | None] = mapped_column(Integer)
    current_max_ma: Mapped[int | None] = mapped_column(Integer)
    temperature_max_dc: Mapped[int | None] = mapped_column(SmallInteger)
    soc_min_percent: Mapped[int | None] = mapped_column(SmallInteger)
    soc_max_percent: Mapped[int | None] = mapped_column(SmallInteger)


class TelemetryMinute(Base, Rollup):
    """In monthly partitions."""

    __tablename__ = "telemetry_minute"
    __table_args__ = (
        PrimaryKeyConstraint("charger_id", "connector", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(sort_order=-3)
    charger_id: Mapped[UUID] = mapped_column(sort_order=-2)
    connector: Mapped[int] = mapped_column(SmallInteger, sort_order=-1)


class TelemetryHour(Base, Rollup):
    """In monthly partitions. An hour of Amsterdam is an hour of UTC."""

    __tablename__ = "telemetry_hour"
    __table_args__ = (
        PrimaryKeyConstraint("charger_id", "connector", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(sort_order=-3)
    charger_id: Mapped[UUID] = mapped_column(sort_order=-2)
    connector: Mapped[int] = mapped_column(SmallInteger, sort_order=-1)


class TelemetryDay(Base, Rollup):
    """A calendar day in Amsterdam: 23 or 25 hours long when the clock changes."""

    __tablename__ = "telemetry_day"
    __table_args__ = (PrimaryKeyConstraint("charger_id", "connector", "day"),)

    charger_id: Mapped[UUID] = mapped_column(sort_order=-3)
    day: Mapped[date] = mapped_column(sort_order=-2)
    connector: Mapped[int] = mapped_column(SmallInteger, sort_order=-1)


_AS_THE_CHARGER = {
    **dict.fromkeys(("staff", "partner", "technician"), "The charger that measured it is visible to the actor."),
    "customer": "The charger that measured it is the actor's, or the actor charged there at that moment.",
}
_CHARGER = child_of("charger", "charger_id")
_READING = Rule(_CHARGER.sees, hidden=("transaction_id",))
"""Who else charged is not a party's business."""


_OWNED = f"EXISTS (SELECT FROM charger own WHERE own.id = charger_id AND own.owner_contact_id = {OWN_CONTACT})"


def _customer(table: str, at: str, hidden: tuple[str, ...] = ()) -> Rule:
    """What a charger of the customer's measured, and any charger while the customer charged there."""
    driven = (
        f"EXISTS (SELECT FROM charging_session driven WHERE driven.charger_id = {table}.charger_id "
        f"AND driven.connector = {table}.connector AND driven.driver_contact_id = {OWN_CONTACT} "
        f"AND {table}.{at} BETWEEN driven.started_at AND coalesce(driven.ended_at, 'infinity'))"
    )
    return Rule(f"{_OWNED} OR {driven}", hidden=hidden)


protect(
    TelemetryReading,
    system_may="SELECT, INSERT, UPDATE",
    explain=_AS_THE_CHARGER,
    staff=_CHARGER,
    partner=_READING,
    customer=_customer("telemetry_reading", "read_at", _READING.hidden),
    technician=_READING,
)
protect(
    ReadingCorrection,
    system_may="SELECT, INSERT, DELETE",
    explain={"staff": _AS_THE_CHARGER["staff"]},
    staff=_CHARGER,
)
for _model, _rule in (
    (TelemetryLatest, _customer("telemetry_latest", "read_at")),
    (TelemetryMinute, _customer("telemetry_minute", "at")),
    (TelemetryHour, Rule(_OWNED)),
    (TelemetryDay, Rule(_OWNED)),
):
    protect(
        _model,
        explain=_AS_THE_CHARGER,
        staff=_CHARGER,
        partner=_CHARGER,
        customer=_rule,
        technician=_CHARGER,
    )
