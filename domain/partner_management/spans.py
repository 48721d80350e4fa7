"""Weeks and months of the calendar in Amsterdam."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.numbering.service import AMSTERDAM
from domain.partner_management.models import ScorePeriod


@dataclass(frozen=True, slots=True)
class Span:
    """A week from its Monday or a calendar month; `ends_on` is not included."""

    period: ScorePeriod
    starts_on: date

    @property
    def ends_on(self) -> date:
        if self.period is ScorePeriod.WEEK:
            return self.starts_on + timedelta(days=7)
        return (self.starts_on + timedelta(days=32)).replace(day=1)

    @property
    def before(self) -> "Span":
        return span_of(self.period, self.starts_on - timedelta(days=1))

    @property
    def first(self) -> datetime:
        return midnight(self.starts_on)

    @property
    def after(self) -> datetime:
        """The first moment that is not in it any more."""
        return midnight(self.ends_on)

    def compared_until(self, now: datetime) -> datetime:
        """Up to where the span before is compared with this one: as much of it as has passed of this one.

        Days and the time of day are those of the calendar, so that a change of the clock or a short month moves none.
        """
        if now >= self.after:
            return self.before.after
        local = now.astimezone(AMSTERDAM)
        passed = (local.date() - self.starts_on).days
        day = self.before.starts_on + timedelta(days=passed)
        if day >= self.before.ends_on:
            return self.before.after
        return datetime.combine(day, local.time(), AMSTERDAM)


def span_of(period: ScorePeriod, day: date) -> Span:
    """The span that a day is in."""
    if period is ScorePeriod.WEEK:
        return Span(period, day - timedelta(days=day.weekday()))
    return Span(period, day.replace(day=1))


def latest(period: ScorePeriod, now: datetime, count: int) -> list[Span]:
    """The span that is going on and those before it, the newest first."""
    spans = [span_of(period, now.astimezone(AMSTERDAM).date())]
    while len(spans) < count:
        spans.append(spans[-1].before)
    return spans


def midnight(day: date) -> datetime:
    """The moment at which a day begins in Amsterdam."""
    return datetime.combine(day, time(), AMSTERDAM)
