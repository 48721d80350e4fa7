"""How a business entity tells people: its quiet hours, and when it reminds them."""

import re
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import Faults, InvalidInput
from domain.events.record import changes_of, record
from domain.notifications.events import NotificationSettingsSaved
from domain.notifications.quiet import Quiet
from domain.rows import find
from domain.validation import integer
from tenants.models import BusinessEntity

_KEY = "notifications"
MOST_DAYS = 90
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class NoTimeOfDay(InvalidInput):
    code = "NO_TIME_OF_DAY"
    nl = "Geen tijdstip; verwacht uren en minuten, zoals 21:00."
    en = "Not a time of day; expected hours and minutes, such as 21:00."


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """Days of 0 send no such reminder."""

    quiet: Quiet = field(default_factory=Quiet)
    quote_reminder_days: int = 7
    """After so many days a quote that nobody signed is brought to mind."""
    quote_expiry_days: int = 3
    """So many days before it expires its signers are told."""
    visit_reminder: bool = True
    """Whether customers are reminded the day before a visit."""


def notification_settings(entity: BusinessEntity) -> NotificationSettings:
    """The entity's own, or the defaults."""
    kept = entity.settings.get(_KEY, {})
    usual = NotificationSettings()
    return NotificationSettings(
        quiet=Quiet(
            time_of_day(kept.get("quiet_from", "21:00")),
            time_of_day(kept.get("quiet_until", "08:00")),
            bool(kept.get("quiet_weekends", False)),
            bool(kept.get("quiet_holidays", False)),
        ),
        quote_reminder_days=int(kept.get("quote_reminder_days", usual.quote_reminder_days)),
        quote_expiry_days=int(kept.get("quote_expiry_days", usual.quote_expiry_days)),
        visit_reminder=bool(kept.get("visit_reminder", usual.visit_reminder)),
    )


async def save(session: AsyncSession, entity_id: UUID, given: NotificationSettings) -> BusinessEntity:
    """Set them all."""
    with Faults() as faults:
        faults.take(lambda days: integer(days, 0, MOST_DAYS), given.quote_reminder_days, "quote_reminder_days")
        faults.take(lambda days: integer(days, 0, MOST_DAYS), given.quote_expiry_days, "quote_expiry_days")
    entity = await find(session, BusinessEntity, entity_id, lock=True, field=("entity_id",))
    entity.settings = {**entity.settings, _KEY: _kept(given)}
    changes = changes_of(entity)
    await record(session, NotificationSettingsSaved(), entity_id=entity.id, subject_id=entity.id, changes=changes)
    return entity


def _kept(given: NotificationSettings) -> dict[str, Any]:
    return {
        "quiet_from": f"{given.quiet.start:%H:%M}",
        "quiet_until": f"{given.quiet.end:%H:%M}",
        "quiet_weekends": given.quiet.weekends,
        "quiet_holidays": given.quiet.holidays,
        "quote_reminder_days": given.quote_reminder_days,
        "quote_expiry_days": given.quote_expiry_days,
        "visit_reminder": given.visit_reminder,
    }


def time_of_day(value: str, *path: str | int) -> time:
    """`21:00` as a time. Raises: NoTimeOfDay."""
    hours, colon, minutes = value.strip().partition(":")
    if not (
        colon and len(hours) == 2 and len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit()
    ):
        raise NoTimeOfDay(field=path)
    try:
        return time(int(hours), int(minutes))
    except ValueError as error:
        raise NoTimeOfDay(field=path) from error
