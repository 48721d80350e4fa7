"""What follows from all that was reported of a session, whatever came twice and in whatever order: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from domain.sessions.models import ReportKind
from domain.sessions.reports import ChargingState

T = TypeVar("T")

_ORDER = {ReportKind.STARTED: 0, ReportKind.UPDATED: 1, ReportKind.ENDED: 2}


class Said(NamedTuple):
    """One report as it is kept."""

    kind: ReportKind
    at: datetime
    sequence: int
    meter_wh: int | None = None
    id_token: str | None = None
    charging_state: ChargingState | None = None
    reason: str = ""
    offline: bool = False
    corrected: bool = False
    received_at: datetime | None = None
    key: str = ""

    @property
    def place(self) -> tuple[datetime, int, int, str]:
        return (self.at, self.sequence, _ORDER[self.kind], self.key)


@dataclass(frozen=True, slots=True)
class Facts:
    """`started_at` is the first that was heard where no report says that it began; so is the meter."""

    started_at: datetime
    heard_at: datetime
    started: bool
    ended_at: datetime | None = None
    meter_start_wh: int | None = None
    meter_end_wh: int | None = None
    id_token: str | None = None
    reason: str = ""
    offline: bool = False
    corrected: bool = False
    suspended_since: datetime | None = None
    """Of a pause that goes on."""
    pauses: tuple[tuple[datetime, datetime], ...] = field(default=())

    def pauses_until(self, ended_at: datetime | None) -> tuple[tuple[datetime, datetime], ...]:
        """All pauses, the one that goes on ending with the session."""
        if ended_at is None or self.suspended_since is None or self.suspended_since >= ended_at:
            return self.pauses
        return (*self.pauses, (self.suspended_since, ended_at))

    def until(self, latest: datetime | None) -> "Facts":
        """With an end that is no later."""
        if latest is None or self.ended_at is None or self.ended_at <= latest:
            return self
        pauses = tuple((begin, min(end, latest)) for begin, end in self.pauses if begin < latest)
        return replace(self, ended_at=latest, pauses=pauses)


def fold(reports: Sequence[Said]) -> Facts:
    """All that the reports of one session say together. At least one."""
    said = sorted(reports, key=lambda each: each.place)
    begun = [each for each in said if each.kind is ReportKind.STARTED]
    over = [each for each in said if each.kind is ReportKind.ENDED]
    started_at = (begun or said)[0].at
    ended_at, moved = _ended(started_at, over)
    pauses, since = _pauses(said, started_at, ended_at)
    return Facts(
        started_at=started_at,
        heard_at=max(said[-1].at, started_at),
        started=bool(begun),
        ended_at=ended_at,
        meter_start_wh=_first(each.meter_wh for each in begun),
        meter_end_wh=_first(each.meter_wh for each in over),
        id_token=_first(each.id_token for each in (*begun, *said)),
        reason=_first(each.reason or None for each in over) or "",
        offline=any(each.offline for each in begun),
        corrected=moved or any(each.corrected for each in said),
        suspended_since=since,
        pauses=pauses,
    )


def _ended(started_at: datetime, over: Sequence[Said]) -> tuple[datetime | None, bool]:
    """When it ended, and whether the clock was wrong: an end before the beginning is one at its receipt."""
    if not over:
        return None, False
    last = over[0]
    if last.at >= started_at:
        return last.at, False
    received = last.received_at if last.received_at and not last.offline else started_at
    return max(received, started_at), True


def _pauses(
    said: Sequence[Said], started_at: datetime, ended_at: datetime | None
) -> tuple[tuple[tuple[datetime, datetime], ...], datetime | None]:
    found: list[tuple[datetime, datetime]] = []
    since: datetime | None = None
    for each in said:
        at = max(each.at, started_at)
        if ended_at is not None and at >= ended_at:
            break
        if each.charging_state is ChargingState.SUSPENDED and since is None:
            since = at
        elif each.charging_state is ChargingState.CHARGING and since is not None:
            found, since = [*found, (since, at)], None
    if since is not None and ended_at is not None:
        found, since = [*found, (since, ended_at)], None
    return tuple(pause for pause in found if pause[1] > pause[0]), since


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
