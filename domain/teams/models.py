"""Regions, teams and the calendar they work by; shared by all business entities."""

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Time,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from tenants.base import Base, Identified, Texts, Updated, one_of, references
from tenants.rls import IN_ANY_CONTEXT, Rule, protect

BASE_CITY, BASE_POSTCODE, BASE_LATITUDE, BASE_LONGITUDE = "Nijkerk", "3861", 52.2217, 5.4837
"""Where teams start the day unless another place is said (P3)."""
MOST_JOBS, MOST_MINUTES, CREW = 3, 480, 2


class AbsenceReason(StrEnum):
    ILL = "ILL"
    LEAVE = "LEAVE"
    VEHICLE = "VEHICLE"
    TRAINING = "TRAINING"
    OTHER = "OTHER"


class Region(Identified, Updated, Base):
    """A part of the country by postcode; regions overlap (P1)."""

    __tablename__ = "region"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z0-9-]{1,20}$'", name="code"),
        CheckConstraint(
            "array_to_string(postcode_prefixes, ',', '*') ~ '^[1-9][0-9]{0,3}(,[1-9][0-9]{0,3})*$'",
            name="postcode_prefixes",
        ),
        Index("ix_region_newest", "created_at", "id"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    postcode_prefixes: Mapped[Texts]
    """One to four digits each; at least one."""


class Team(Identified, Updated, Base):
    """A crew with a vehicle; shared by all business entities (T4)."""

    __tablename__ = "team"
    __table_args__ = (
        CheckConstraint("crew BETWEEN 1 AND 10", name="crew"),
        CheckConstraint("max_jobs BETWEEN 1 AND 10", name="max_jobs"),
        CheckConstraint("max_minutes BETWEEN 30 AND 1440", name="max_minutes"),
        Index("ix_team_newest", "created_at", "id"),
    )

    name: Mapped[str] = mapped_column(unique=True)
    base_city: Mapped[str]
    skills: Mapped[Texts] = mapped_column(server_default=text("'{}'"))
    base_postcode: Mapped[str] = mapped_column(server_default=BASE_POSTCODE)
    """`1234AB`, or its four digits."""
    base_latitude: Mapped[float] = mapped_column(Float, server_default=text(str(BASE_LATITUDE)))
    base_longitude: Mapped[float] = mapped_column(Float, server_default=text(str(BASE_LONGITUDE)))
    vehicle: Mapped[str] = mapped_column(server_default="")
    crew: Mapped[int] = mapped_column(Integer, server_default=text(str(CREW)))
    """How many mechanics it is made up of."""
    max_jobs: Mapped[int] = mapped_column(Integer, server_default=text(str(MOST_JOBS)))
    """Visits per day."""
    max_minutes: Mapped[int] = mapped_column(Integer, server_default=text(str(MOST_MINUTES)))
    """Work at customers per day, driving excluded."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=true())


class TeamRegion(Base):
    """That a team works in a region; a team without any works everywhere."""

    __tablename__ = "team_region"
    __table_args__ = (PrimaryKeyConstraint("team_id", "region_id"), Index("ix_team_region_region", "region_id"))

    team_id: Mapped[UUID] = references("team.id")
    region_id: Mapped[UUID] = references("region.id")


class TeamMember(Identified, Base):
    """That somebody is on a team, from a day until a day, both included."""

    __tablename__ = "team_member"
    __table_args__ = (
        CheckConstraint("until >= since", name="until"),
        Index("ix_team_member_team", "team_id", "since"),
    )

    team_id: Mapped[UUID] = references("team.id")
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    """Its login, where there is one."""
    name: Mapped[str]
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)


class TeamHours(Base):
    """When a team works on a weekday, in Amsterdam: it leaves its base and is back within them."""

    __tablename__ = "team_hours"
    __table_args__ = (
        PrimaryKeyConstraint("team_id", "weekday"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("ends > starts", name="ends"),
    )

    team_id: Mapped[UUID] = references("team.id")
    weekday: Mapped[int] = mapped_column(SmallInteger)
    """0 is Monday."""
    starts: Mapped[time] = mapped_column(Time)
    ends: Mapped[time] = mapped_column(Time)


class Absence(Identified, Updated, Base):
    """That a team does not work on some days, or in some hours of them."""

    __tablename__ = "absence"
    __table_args__ = (
        one_of("reason", AbsenceReason),
        CheckConstraint("NOT isempty(days) AND NOT lower_inf(days) AND NOT upper_inf(days)", name="days"),
        CheckConstraint("(starts IS NULL) = (ends IS NULL) AND (ends > starts) IS NOT FALSE", name="hours"),
        Index("ix_absence_team_newest", "team_id", "created_at", "id"),
        Index("ix_absence_newest", "created_at", "id"),
        Index("ix_absence_days", "days", postgresql_using="gist"),
    )

    team_id: Mapped[UUID] = references("team.id")
    days: Mapped[Range[date]] = mapped_column(DATERANGE)
    """Half-open."""
    starts: Mapped[time | None] = mapped_column(Time)
    ends: Mapped[time | None] = mapped_column(Time)
    """Hours of each of the days, in Amsterdam; the whole day where they are absent."""
    reason: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")


class HolidayChange(Identified, Updated, Base):
    """What differs from the calendar of public holidays: one more day off, or one on which work goes on."""

    __tablename__ = "holiday_change"

    day: Mapped[date] = mapped_column(Date, unique=True)
    name: Mapped[str]
    working: Mapped[bool] = mapped_column(Boolean)


class WeatherDay(Base):
    """What a forecast said of a day around the centre of a two-digit postcode area."""

    __tablename__ = "weather_day"

    area: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    gusts_kmh: Mapped[float] = mapped_column(Float)
    """Strongest gust."""
    rain_mm: Mapped[float] = mapped_column(Float)
    warmest_c: Mapped[float] = mapped_column(Float)
    answered_at: Mapped[datetime] = mapped_column(index=True)


class PlanningDay(Base):
    """Lock and fingerprint of a day: its version grows with every change that planning has to know of.

    Triggers count (domain/teams/planning_days.py); a day without a row has version 0.
    """

    __tablename__ = "planning_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


_SHARED = "Teams are shared by all business entities."
_OWN_TEAM = "The team is the actor's own."
_OWN = Rule("team_id = {team}")
_KEPT_BY_STAFF = Rule(IN_ANY_CONTEXT, "SELECT, INSERT, UPDATE, DELETE")
_TO_PARTNERS = ("id", "name", "created_at")

protect(
    Region,
    staff=_KEPT_BY_STAFF,
    technician=Rule("EXISTS (SELECT 1 FROM team_region r WHERE r.region_id = region.id)"),
    explain={
        "staff": "Regions are shared by all business entities.",
        "technician": "The actor's team works in the region.",
    },
)
protect(
    Team,
    staff=Rule(IN_ANY_CONTEXT, "SELECT, INSERT, UPDATE"),
    partner=Rule(
        "EXISTS (SELECT 1 FROM visit v WHERE v.team_id = team.id)",
        hidden=tuple(column.name for column in Team.__table__.columns if column.name not in _TO_PARTNERS),
    ),
    technician=Rule("id = {team}"),
    explain={
        "staff": _SHARED,
        "partner": "The team makes a visit that the actor sees.",
        "technician": _OWN_TEAM,
    },
)
for _model in (TeamRegion, TeamMember, TeamHours, Absence):
    protect(_model, staff=_KEPT_BY_STAFF, technician=_OWN, explain={"staff": _SHARED, "technician": _OWN_TEAM})
protect(
    HolidayChange,
    staff=_KEPT_BY_STAFF,
    technician=Rule(IN_ANY_CONTEXT),
    explain=dict.fromkeys(("staff", "technician"), "Holidays are the same for everybody."),
)
# Read and written as the system: whoever may see a plan is told what it needs of them.
protect(PlanningDay)
protect(WeatherDay)
