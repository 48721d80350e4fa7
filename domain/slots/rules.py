"""Settings of offering and booking, and what they allow to whom."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Self

from domain.slots.asking import Facts, today
from domain.slots.errors import SlotNotOffered, TooLateToChange, VisitNotOpen
from domain.teams.weather import Rule as WeatherRule
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.settings import Settings

_RESTRICTED = frozenset({Audience.CUSTOMER, Audience.PARTNER})


@dataclass(frozen=True, slots=True)
class SlotRules:
    """`high`: places from which a slot is HIGH; `notice_days` and `horizon_days` bound what is offered."""

    high: int = 6
    notice_days: int = 1
    horizon_days: int = 21
    hold_minutes: int = 10
    change_days: int = 2
    """Customers and partners change a visit at least so many days before."""
    weather: WeatherRule = field(default_factory=WeatherRule)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            settings.slot_high_places,
            settings.slot_notice_days,
            settings.slot_horizon_days,
            settings.slot_hold_minutes,
            settings.visit_change_days,
            WeatherRule.from_settings(settings),
        )

    def offered(self, now: datetime) -> tuple[date, date]:
        """The first and the last day that are offered."""
        first = today(now) + timedelta(days=self.notice_days)
        return first, first + timedelta(days=self.horizon_days - 1)

    def check_day(self, day: date, now: datetime) -> None:
        """Raises: SlotNotOffered"""
        first, last = self.offered(now)
        if not first <= day <= last:
            raise SlotNotOffered(first=first.isoformat(), last=last.isoformat(), field=("day",))

    def check_change(self, actor: Actor, facts: Facts) -> None:
        """Whether the actor may give the visit another place. Raises: VisitNotOpen, TooLateToChange"""
        if not facts.open:
            raise VisitNotOpen(field=("visit_id",))
        soon = facts.day is not None and facts.day < today(facts.now) + timedelta(days=self.change_days)
        if restricted(actor) and facts.planned and soon:
            raise TooLateToChange(field=("visit_id",))


def restricted(actor: Actor) -> bool:
    """Whether somebody learns bands alone, and changes visits in time only."""
    return actor.audience in _RESTRICTED
