"""What a statement's template shows: every text ready, in the document's language."""

from datetime import date
from typing import Any

from babel.dates import format_date

from domain.documents.making import looks
from domain.documents.making.words import words_of
from domain.documents.printable import PrintableStatement, StatementEntry
from domain.errors import language_of
from domain.money import Money

_LOCALES = {"nl": "nl_NL", "en": "en_GB"}


def statement_data(statement: PrintableStatement) -> dict[str, Any]:
    """What `statement.typ` reads."""
    words = words_of(statement.language)
    days = {"since": _day(statement, statement.since), "on": _day(statement, statement.on)}
    return {
        "words": words,
        "language": language_of(statement.language),
        "look": looks.look(statement.look),
        "title": statement.heading or words["statement"],
        "number": statement.customer.registered_name,
        "author": statement.seller.registered_name,
        "keywords": [],
        "made": [statement.on.year, statement.on.month, statement.on.day],
        "footer": looks.footer(statement.seller, words),
        "small_print": "",
        "recipient": looks.address(statement.customer, statement.language),
        "recipient_label": words["to"],
        "facts": [
            (words["statement_on"], days["on"], True),
            (words["period"], words["statement_period"].format(**days), False),
        ],
        "paragraphs": [part.strip() for part in statement.letter.split("\n\n") if part.strip()],
        "columns": [words[f"statement_{name}"] for name in ("on", "kind", "due", "amount", "open")],
        "opening_label": words["statement_opening"],
        "opening": _money(statement, statement.opening_cents),
        "entries": [_entry(statement, entry, words) for entry in statement.entries],
        "total_label": words["statement_closing" if statement.closing_cents >= 0 else "statement_closing_credit"],
        "total": _money(statement, abs(statement.closing_cents)),
        "overdue_label": words["statement_overdue"],
        "overdue": _money(statement, statement.overdue_cents) if statement.overdue_cents else "",
        "payment": _payment(statement, words),
    }


def _entry(statement: PrintableStatement, entry: StatementEntry, words: dict[str, Any]) -> list[str]:
    return [
        _day(statement, entry.on),
        entry.text or words["entry"][entry.kind.value].format(number=entry.number),
        _day(statement, entry.due_on) if entry.due_on else "",
        _money(statement, entry.amount_cents),
        _money(statement, entry.open_cents) if entry.open_cents else "",
    ]


def _payment(statement: PrintableStatement, words: dict[str, Any]) -> str:
    if statement.closing_cents <= 0 or not statement.seller.iban:
        return ""
    return str(
        words["statement_pay"].format(
            amount=_money(statement, statement.closing_cents),
            iban=looks.unbroken(looks.iban(statement.seller.iban)),
            name=statement.seller.registered_name,
            reference=statement.payment_reference or statement.customer.registered_name,
        )
    )


def _money(statement: PrintableStatement, cents: int) -> str:
    return Money(cents, statement.currency).format(statement.language)


def _day(statement: PrintableStatement, on: date) -> str:
    return str(format_date(on, "d MMM y", locale=_LOCALES[language_of(statement.language)]))
