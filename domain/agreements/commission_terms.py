"""What may be agreed about commission (B3, B4), as data: rates per level, kickback, bonuses, penalties, caps.

    {"levels": ["5", "3", "2"], "categories": ["CHARGING_STATION"], "currency": "EUR",
     "kickback": {"per": "ORDER", "amount_cents": 2500},
     "bonuses": [{"metric": "ORDERS", "period": "QUARTER", "tiers": [{"from": "50", "percent": "0.5"}]}],
     "penalties": [{"metric": "CANCELLATION_RATE", "period": "MONTH", "above": "10", "percent": "5"}],
     "caps": {"order_cents": 50000, "month_cents": null, "year_cents": 2500000}}

Percents and thresholds are decimals written as text; parsing.py reads them, or gives every fault at its place.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any


class KickbackPer(StrEnum):
    LEAD = "LEAD"
    ORDER = "ORDER"


class CommissionPeriod(StrEnum):
    """Over what time performance is measured; of the calendar in Amsterdam."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"

    def of(self, day: date) -> tuple[date, date]:
        """The span that a day is in: its first day, and the first day after it."""
        months = {CommissionPeriod.MONTH: 1, CommissionPeriod.QUARTER: 3, CommissionPeriod.YEAR: 12}[self]
        first = date(day.year, (day.month - 1) // months * months + 1, 1)
        after = first.year * 12 + first.month - 1 + months
        return first, date(after // 12, after % 12 + 1, 1)


class BonusMetric(StrEnum):
    """What a bonus is for; measuring.py defines each figure."""

    ORDERS = "ORDERS"
    NET_AMOUNT = "NET_AMOUNT"
    FIRST_TIME_RIGHT = "FIRST_TIME_RIGHT"
    CONVERSION = "CONVERSION"


class PenaltyMetric(StrEnum):
    """Which missed term costs; measuring.py defines each figure."""

    CANCELLATION_RATE = "CANCELLATION_RATE"
    LATE_LEADS = "LATE_LEADS"


@dataclass(frozen=True, slots=True)
class Reward:
    """A fixed amount in cents, or a percent of a base: exactly one of both."""

    amount_cents: int | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Kickback:
    """For who brought it: per lead that was qualified (fixed), or per order (fixed, or percent of its base)."""

    per: KickbackPer
    reward: Reward


@dataclass(frozen=True, slots=True)
class Tier:
    """Reached from `threshold` on, which is included."""

    threshold: Decimal
    reward: Reward


@dataclass(frozen=True, slots=True)
class Bonus:
    """The highest tier that is reached counts, alone; percent is of the net amount of the span's orders."""

    metric: BonusMetric
    span: CommissionPeriod
    tiers: tuple[Tier, ...]
    minimum_count: int = 0
    """How many orders, visits or quotes have to be behind the figure."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """Costs `reward` where the figure is above `above`; percent is of what the partner itself earned in the span."""

    metric: PenaltyMetric
    span: CommissionPeriod
    above: Decimal
    reward: Reward
    minimum_count: int = 0
    within_hours: int | None = None
    """LATE_LEADS: the term, from the lead's coming in to the end of its intake."""


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that is paid: for one order over all its beneficiaries; to one beneficiary per month and per year."""

    order_cents: int | None = None
    month_cents: int | None = None
    year_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Commission as agreed; `levels` are percents from the root of the tree down, levels beyond them earn nothing."""

    levels: tuple[Decimal, ...] = (Decimal(5), Decimal(3), Decimal(2))
    categories: frozenset[str] | None = None
    """Categories of articles that count; None: all."""
    kickback: Kickback | None = None
    bonuses: tuple[Bonus, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    caps: Caps = field(default_factory=Caps)
    currency: str = "EUR"

    def counts(self, category: str) -> bool:
        return self.categories is None or category in self.categories

    def rate(self, level: int) -> Decimal:
        """Percent of a level, the root being 1."""
        return self.levels[level - 1] if 1 <= level <= len(self.levels) else Decimal(0)


STANDARD = Terms()
"""Decision 10: what holds where neither an agreement nor the entity says otherwise."""


# --- back to JSON ---------------------------------------------------------------------------------------------------


def as_json(terms: Terms) -> dict[str, Any]:
    """The normal form, which `parse` gives back as it was."""
    return {
        "levels": [str(rate) for rate in terms.levels],
        "categories": sorted(terms.categories) if terms.categories is not None else None,
        "kickback": {"per": terms.kickback.per.value, **_reward_json(terms.kickback.reward)}
        if terms.kickback
        else None,
        "bonuses": [_bonus_json(bonus) for bonus in terms.bonuses],
        "penalties": [_penalty_json(penalty) for penalty in terms.penalties],
        "caps": {
            "order_cents": terms.caps.order_cents,
            "month_cents": terms.caps.month_cents,
            "year_cents": terms.caps.year_cents,
        },
        "currency": terms.currency,
    }


def _kickback_json(kickback: Kickback | None) -> dict[str, Any] | None:
    return {"per": kickback.per.value, **_reward_json(kickback.reward)} if kickback else None


def _reward_json(reward: Reward) -> dict[str, Any]:
    if reward.percent is not None:
        return {"percent": str(reward.percent)}
    return {"amount_cents": reward.amount_cents}


def _bonus_json(bonus: Bonus) -> dict[str, Any]:
    tiers = [{"from": str(tier.threshold), **_reward_json(tier.reward)} for tier in bonus.tiers]
    return {
        "metric": bonus.metric.value,
        "period": bonus.span.value,
        "tiers": tiers,
        "minimum_count": bonus.minimum_count,
    }


def _penalty_json(penalty: Penalty) -> dict[str, Any]:
    return {
        "metric": penalty.metric.value,
        "period": penalty.span.value,
        "above": str(penalty.above),
        "minimum_count": penalty.minimum_count,
        **_reward_json(penalty.reward),
        **({"within_hours": penalty.within_hours} if penalty.within_hours is not None else {}),
    }
