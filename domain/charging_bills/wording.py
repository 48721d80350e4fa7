"""What invoices say of a session, in the payer's language."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from babel.dates import format_date, format_time
from babel.numbers import format_decimal

from domain.charging_bills.models import SessionBillLine
from domain.errors import language_of
from domain.money import Money
from domain.numbering.service import AMSTERDAM

_LOCALES = {"nl": "nl_NL", "en": "en_GB"}
_KINDS = {
    "ENERGY": ("Energie", "Energy"),
    "TIME": ("Laadtijd", "Time"),
    "IDLE": ("Bezet na het laden", "Occupied after charging"),
    "START_FEE": ("Starttarief", "Start fee"),
    "MINIMUM": ("Aanvulling tot het minimum", "Up to the minimum"),
    "PACK": ("Korting uit energiepakket", "Energy pack"),
    "DISCOUNT": ("Korting abonnement", "Plan discount"),
    "CAP": ("Gedekt door de maandbundel", "Covered by the subscription"),
    "DAMAGE_RESERVE": ("Schadereserve", "Damage reserve"),
}
_SEGMENTS = {"PEAK": ("piek", "peak"), "NIGHT": ("nacht", "night"), "STANDARD": ("", "")}
CORRECTED = {"nl": "Meterstanden gecorrigeerd", "en": "Meter readings corrected"}
WAIVED = {"nl": "Kwijtgescholden", "en": "Waived"}
UNDONE = {"nl": "Kwijtschelding ingetrokken", "en": "Waiver withdrawn"}
GIVEN_BACK = {"nl": "Gecrediteerd, terug naar de wallet", "en": "Credited, returned to the wallet"}
_MOST_LINES = 40
"""Of a bill, in the text of an invoice's line; the bill itself has them all."""


def _say(pair: tuple[str, str], language: str) -> str:
    return pair[1] if language_of(language) == "en" else pair[0]


def described(
    number: str, charger: str, span: tuple[datetime, datetime], lines: Iterable[SessionBillLine], language: str
) -> str:
    """The first line names the session, one more per item of its bill."""
    title = _say(("Laadsessie", "Charging session"), language)
    items = [_item(line, language) for line in lines]
    left = len(items) - _MOST_LINES
    if left > 0:
        items = [*items[:_MOST_LINES], f"… (+{left})"]
    return "\n".join([f"{title} {number}, {charger}, {when(span, language)}", *items])


def correction(number: str, charger: str, reason: str, language: str) -> str:
    """What a line says that adds what was billed too little before."""
    title = _say(("Correctie laadsessie", "Correction of charging session"), language)
    return f"{title} {number}, {charger}\n{reason}"


def when(span: tuple[datetime, datetime], language: str) -> str:
    """`14 november 2026 18:02-20:05`, as the clock in Amsterdam shows it."""
    start, end = (moment.astimezone(AMSTERDAM) for moment in span)
    locale = _LOCALES[language_of(language)]
    day, last = (format_date(moment, "d MMMM y", locale=locale) for moment in (start, end))
    first, until = (format_time(moment, "HH:mm", locale=locale) for moment in (start, end))
    return f"{day} {first}-{until}" if day == last else f"{day} {first} - {last} {until}"


def kind(name: str, segment: str, language: str) -> str:
    """`Energie (piek)`."""
    said = _say(_KINDS.get(name, (name, name)), language)
    parts = [_say(_SEGMENTS.get(part, (part, part)), language) for part in segment.split("+") if part]
    known = ", ".join(part for part in parts if part)
    return f"{said} ({known})" if known else said


def _item(line: SessionBillLine, language: str) -> str:
    said = kind(line.kind, line.segment, language)
    amount = Money(line.net_cents, line.currency).format(language)
    factor = f" × {_number(line.multiplier, language)}" if line.multiplier != 1 else ""
    if line.unit not in _UNITS:
        return f"{said}: {amount}"
    unit, per = _UNITS[line.unit]
    price = Money(1, line.currency).amount * line.unit_price
    counted = f"{_number(Decimal(line.quantity) / per, language)} {_say(unit, language)}"
    return f"{said}: {counted} × {_number(price, language)}{factor} = {amount}"


_UNITS = {"WATT_HOUR": (("kWh", "kWh"), 1000), "SECOND": (("uur", "h"), 3600)}


def _number(value: Decimal, language: str) -> str:
    return str(format_decimal(value, format="#,##0.####", locale=_LOCALES[language_of(language)]))


def reasons(given: Sequence[str]) -> str:
    """Each reason once, as an invoice says them."""
    return "; ".join(dict.fromkeys(reason for reason in given if reason))
