"""The window in which a customer is told to expect the team."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOTICEABLE = timedelta(minutes=10)
"""A window that changes by less is not told anew."""
_PLANNED, _NEAR = timedelta(minutes=30), timedelta(minutes=15)
_QUARTER, _FIVE = timedelta(minutes=15), timedelta(minutes=5)

Window = tuple[datetime, datetime]


def window(arrives: datetime, *, near: bool = False) -> Window:
    """Around the expected arrival: half an hour each way to the quarter, near it a quarter each way to five minutes."""
    around, step = (_NEAR, _FIVE) if near else (_PLANNED, _QUARTER)
    return _floor(arrives - around, step), _floor(arrives + around + step - timedelta(microseconds=1), step)


def noticeable(told: Window | None, now: Window) -> bool:
    """Whether a customer who was told one window has to be told another."""
    return told is None or any(abs(one - other) >= NOTICEABLE for one, other in zip(told, now, strict=True))


def moment(day: date, minutes: int) -> datetime:
    """Minutes after midnight on the clock of Amsterdam, also of a day on which that clock is changed."""
    midnight = datetime.combine(day, time.min)
    return (midnight + timedelta(minutes=minutes)).replace(tzinfo=AMSTERDAM).astimezone(ZoneInfo("UTC"))


def minutes_of(day: date, at: datetime) -> int:
    """What the clock of Amsterdam shows at a time, as minutes after the day's midnight; whole ones, cut."""
    shown = at.astimezone(AMSTERDAM).replace(tzinfo=None)
    return int((shown - datetime.combine(day, time.min)).total_seconds() // 60)


def _floor(at: datetime, step: timedelta) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour + (at - hour) // step * step
