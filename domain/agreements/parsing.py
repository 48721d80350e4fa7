"""Reading commission terms from their JSON; see commission_terms.py."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from domain import validation
from domain.agreements.commission_terms import (
    Bonus,
    BonusMetric,
    Caps,
    CommissionPeriod,
    Kickback,
    KickbackPer,
    Penalty,
    PenaltyMetric,
    Reward,
    Terms,
    Tier,
)
from domain.catalog.models import ArticleCategory
from domain.errors import Duplicate, Faults, InvalidInput, TooFew, TooMany, WrongType
from domain.money import MAX_CENTS, decimal

T = TypeVar("T")
Values = Mapping[str, Any]

MOST_LEVELS = 20
MOST_RULES = 20
MOST_TIERS = 20
RATE_DECIMALS = 3
_MOST_THRESHOLD = Decimal(10) ** 12
_CURRENCIES = ("EUR",)


class OneOfTwo(InvalidInput):
    code = "ONE_OF_TWO"
    nl = "Geef precies een van {choices}."
    en = "Give exactly one of {choices}."


class RatesExceedTheWhole(InvalidInput):
    code = "RATES_EXCEED_THE_WHOLE"
    nl = "De percentages zijn samen {total}; dat mag hoogstens 100 zijn."
    en = "The rates add up to {total}, which may be 100 at most."


class NotRising(InvalidInput):
    code = "NOT_RISING"
    nl = "Elke grens moet hoger zijn dan de vorige."
    en = "Every threshold has to be above the one before."


class OnlyWithAPartner(InvalidInput):
    code = "ONLY_WITH_A_PARTNER"
    nl = "Dit kan alleen met een partner worden afgesproken, niet als standaard van de onderneming."
    en = "This can only be agreed with a partner, not as the entity's standard."


class UnknownTerm(InvalidInput):
    code = "UNKNOWN_TERM"
    nl = "Deze afspraak bestaat niet; mogelijk zijn {known}."
    en = "There is no such term; known are {known}."


def parse(given: Values, *, with_partner: bool = True) -> Terms:
    """The terms of their JSON. Raises InvalidInput, or DomainErrors with all faults, each at its path."""
    _known(given, ("levels", "categories", "kickback", "bonuses", "penalties", "caps", "currency"))
    with Faults() as faults:
        parts = {name: faults.take(_PARSERS[name], given[name], name) for name in _PARSERS if _has(given, name)}
        for name in ("bonuses", "penalties"):
            if parts.get(name) and not with_partner:
                faults.add(OnlyWithAPartner(field=(name,)))
    return Terms(**{name: value for name, value in parts.items() if value is not None})


def _has(given: Values, name: str) -> bool:
    return given.get(name) is not None


def _known(given: object, names: Sequence[str]) -> Values:
    if not isinstance(given, Mapping):
        raise WrongType(expected={"nl": "een object", "en": "an object"})
    for name in given:
        if name not in names:
            raise UnknownTerm(known=", ".join(names), field=(name,))
    return given


# --- values ---------------------------------------------------------------------------------------------------------


def percent(value: object) -> Decimal:
    """0 to 100 with at most three decimals."""
    return decimal(value, Decimal(0), Decimal(100), RATE_DECIMALS)


def _threshold(value: object) -> Decimal:
    return decimal(value, Decimal(0), _MOST_THRESHOLD, 2)


def _cents(value: object) -> int:
    return validation.integer(value, 1, MAX_CENTS)  # type: ignore[arg-type]  # refuses what is no integer


def _list(value: object, maximum: int, parse_one: Callable[[Any], T]) -> tuple[T, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WrongType(expected={"nl": "een lijst", "en": "a list"})
    if len(value) > maximum:
        raise TooMany(maximum=maximum)
    with Faults() as faults:
        found = [faults.take(parse_one, item, place) for place, item in enumerate(value)]
    return tuple(item for item in found if item is not None)


# --- terms ----------------------------------------------------------------------------------------------------------


def _levels(value: object) -> tuple[Decimal, ...]:
    rates = _list(value, MOST_LEVELS, percent)
    if sum(rates) > 100:
        raise RatesExceedTheWhole(total=sum(rates))
    return rates


def _categories(value: object) -> frozenset[str]:
    choices = tuple(category.value for category in ArticleCategory)
    found = _list(value, len(choices), lambda item: validation.choice(item, choices))
    if not found:
        raise TooFew(minimum=1)
    if len(set(found)) < len(found):
        raise Duplicate()
    return frozenset(found)


def _reward(given: Values) -> Reward:
    fixed, part = given.get("amount_cents"), given.get("percent")
    if (fixed is None) == (part is None):
        raise OneOfTwo(choices="amount_cents, percent")
    with Faults() as faults:
        cents = faults.take(_cents, fixed, "amount_cents") if fixed is not None else None
        rate = faults.take(percent, part, "percent") if part is not None else None
    return Reward(cents, rate)


def _kickback(value: object) -> Kickback:
    given = _known(value, ("per", "amount_cents", "percent"))
    with Faults() as faults:
        per = faults.take(_choice_of(KickbackPer), given.get("per"), "per")
    reward = _reward(given)
    if per is KickbackPer.LEAD and reward.amount_cents is None:
        raise OneOfTwo(choices="amount_cents", field=("percent",))
    return Kickback(KickbackPer(str(per)), reward)


def _choice_of(kind: type[StrEnum]) -> Callable[[Any], Any]:
    choices = tuple(one.value for one in kind)
    return lambda value: kind(validation.choice(value, choices))


def _tier(value: object) -> Tier:
    given = _known(value, ("from", "amount_cents", "percent"))
    with Faults() as faults:
        threshold = faults.take(_threshold, given.get("from"), "from")
        reward = _reward(given)
    return Tier(threshold or Decimal(0), reward)


def _tiers(value: object) -> tuple[Tier, ...]:
    tiers = _list(value, MOST_TIERS, _tier)
    if not tiers:
        raise TooFew(minimum=1)
    for place in range(1, len(tiers)):
        if tiers[place].threshold <= tiers[place - 1].threshold:
            raise NotRising(field=(place, "from"))
    return tiers


def _count(value: object) -> int:
    return validation.integer(value, 0, 1_000_000)  # type: ignore[arg-type]  # refuses what is no integer


def _bonus(value: object) -> Bonus:
    given = _known(value, ("metric", "period", "tiers", "minimum_count"))
    with Faults() as faults:
        metric = faults.take(_choice_of(BonusMetric), given.get("metric"), "metric")
        span = faults.take(_choice_of(CommissionPeriod), given.get("period"), "period")
        tiers = faults.take(_tiers, given.get("tiers"), "tiers")
        minimum = faults.take(_count, given.get("minimum_count", 0), "minimum_count")
    return Bonus(BonusMetric(str(metric)), CommissionPeriod(str(span)), tiers or (), minimum or 0)


def _penalty(value: object) -> Penalty:
    names = ("metric", "period", "above", "amount_cents", "percent", "minimum_count", "within_hours")
    given = _known(value, names)
    with Faults() as faults:
        metric = faults.take(_choice_of(PenaltyMetric), given.get("metric"), "metric")
        span = faults.take(_choice_of(CommissionPeriod), given.get("period"), "period")
        above = faults.take(percent, given.get("above"), "above")
        minimum = faults.take(_count, given.get("minimum_count", 0), "minimum_count")
        hours = faults.take(_hours(metric), given.get("within_hours"), "within_hours")
        reward = _reward(given)
    return Penalty(
        PenaltyMetric(str(metric)), CommissionPeriod(str(span)), above or Decimal(0), reward, minimum or 0, hours
    )


def _hours(metric: PenaltyMetric | None) -> Callable[[Any], int | None]:
    def hours(value: Any) -> int | None:
        if metric is not PenaltyMetric.LATE_LEADS:
            if value is not None:
                raise UnknownTerm(known="metric, period, above, amount_cents, percent, minimum_count")
            return None
        return validation.integer(value, 1, 8760)

    return hours


def _caps(value: object) -> Caps:
    given = _known(value, ("order_cents", "month_cents", "year_cents"))
    with Faults() as faults:
        cut = {name: faults.take(_cents, given[name], name) for name in given if given[name] is not None}
    return Caps(**cut)


def _currency(value: object) -> str:
    return validation.choice(str(value), _CURRENCIES)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "levels": _levels,
    "categories": _categories,
    "kickback": _kickback,
    "bonuses": lambda value: _list(value, MOST_RULES, _bonus),
    "penalties": lambda value: _list(value, MOST_RULES, _penalty),
    "caps": _caps,
    "currency": _currency,
}
