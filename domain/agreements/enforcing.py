"""What an order of a partner, or the cancelling of one, may not do by what was agreed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.agreements.partner_terms import PartnerTerms
from domain.errors import DomainError, Faults, FieldPath


class TermsFieldRequired(DomainError):
    """The agreement demands a field that other orders may leave out."""

    code = "TERMS_FIELD_REQUIRED"
    nl = "Dit veld is verplicht volgens de afspraken met de partner."
    en = "The agreement with the partner requires this field."


class TermsTooManyLines(DomainError):
    code = "TERMS_TOO_MANY_LINES"
    nl = "Een order mag volgens de afspraken hoogstens {maximum} regels hebben."
    en = "By agreement an order has {maximum} lines at most."


class TermsLimitReached(DomainError):
    code = "TERMS_LIMIT_REACHED"
    nl = "De partner mag volgens de afspraken {maximum} orders per dag plaatsen; dat aantal is bereikt."
    en = "By agreement the partner places {maximum} orders a day; that many have been placed."


class CancellationTooLate(DomainError):
    code = "CANCELLATION_TOO_LATE"
    nl = "Annuleren kan volgens de afspraken tot {hours} uur voor het bezoek; neem contact met ons op."
    en = "By agreement an order is cancelled up to {hours} hours before the visit; contact us."


class CancellationsUsedUp(DomainError):
    code = "CANCELLATIONS_USED_UP"
    nl = "Deze maand zijn er al {maximum} orders geannuleerd, het afgesproken aantal; neem contact met ons op."
    en = "{maximum} orders were cancelled this month, as many as agreed; contact us."


def check_document(terms: PartnerTerms, document: Mapping[str, Any]) -> None:
    """Raise every TermsFieldRequired and TermsTooManyLines of a document (JSON, or pydantic's model_dump)."""
    with Faults() as faults:
        for path in terms.required_fields:
            for missing in _missing(document, path.removeprefix("$.").split("."), ()):
                faults.add(TermsFieldRequired(field=missing))
        if len(document.get("products") or ()) > terms.most_lines:
            faults.add(TermsTooManyLines(maximum=terms.most_lines, field=("products",)))


def check_volume(terms: PartnerTerms, taken_today: int) -> None:
    """Raise TermsLimitReached where as many new orders were taken today as agreed."""
    if terms.orders_per_day is not None and taken_today >= terms.orders_per_day:
        raise TermsLimitReached(maximum=terms.orders_per_day)


def check_cancelling(
    terms: PartnerTerms, now: datetime, first_visit: datetime | None, cancelled_this_month: int
) -> None:
    """Raise CancellationTooLate or CancellationsUsedUp where a partner may not cancel by itself any more."""
    hours, most = terms.cancellable_until_hours, terms.free_cancellations_per_month
    if hours is not None and first_visit is not None and now > first_visit - timedelta(hours=hours):
        raise CancellationTooLate(hours=hours, field=("id",))
    if most is not None and cancelled_this_month >= most:
        raise CancellationsUsedUp(maximum=most, field=("id",))


def _missing(value: Any, path: Sequence[str], found: FieldPath) -> list[FieldPath]:
    """Where on its way a path ends in nothing: no key, null, blank text, an empty list."""
    if not path:
        return [found] if _is_nothing(value) else []
    name, many = path[0].removesuffix("[*]"), path[0].endswith("[*]")
    below = value.get(name) if isinstance(value, Mapping) else None
    if many:
        items = list(enumerate(below or ()))
        return [gap for place, item in items for gap in _missing(item, path[1:], (*found, name, place))]
    return _missing(below, path[1:], (*found, name))


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], (), {})
