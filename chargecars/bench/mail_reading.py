"""How mails of partners are read: how much of it is right, how honest the confidence is, how fast it goes."""

import time

from chargecars.bench.mail_corpus import (
    Labelled,
    Measured,
    corpus,
    known,
    measured,
    taught,
    wrong_accepted,
)
from chargecars.bench.report import Report, say, show_table
from domain.mail_reading.extraction import extract
from domain.mail_reading.message import read
from domain.mail_reading.template import Template

_SECONDS = 5.0
_PARTS = ("tune", "held", "later", "final")
_RIGHT = 0.99
"""Of what is accepted at 90 % confidence (issue 8)."""


def main(scale: int, json: bool) -> None:
    """Learn templates from one part of the mails, measure on the others, which nobody looked at while making rules."""
    templates = taught(corpus("tune"))
    results = {part: measured(corpus(part), templates) for part in _PARTS}
    both = measured(corpus("held", "final"), templates)
    if not json:
        _show(results | {"held + final": both})
    report = Report("mail-reading")
    for part, result in results.items():
        _figures(report, part, result)
    _figures(report, "unseen", both, _RIGHT)
    for name, counts in sorted(both.by_field().items()):
        report.add(f"unseen_precision_{name}", counts.precision, "ratio")
        report.add(f"unseen_recall_{name}", counts.recall, "ratio")
    for low, high, count, mean, right in both.reliability():
        report.add(f"unseen_reliability_{low:.2f}_{high:.2f}", right, f"ratio right of {count}, said {mean:.3f}")
    _speed(report, templates)
    print(report.line())  # noqa: T201  # the result


def _figures(report: Report, part: str, result: Measured, bar: float | None = None) -> None:
    report.add(f"{part}_mails", result.mails, "mails")
    report.add(f"{part}_fields_accepted", len(result.accepted), "fields")
    report.add(f"{part}_accepted_right", result.accepted_right, "ratio", bar, at_least=True)
    report.add(f"{part}_precision", result.precision, "ratio")
    report.add(f"{part}_recall", result.recall, "ratio")
    report.add(f"{part}_brier", result.brier, "")
    report.add(f"{part}_orders_to_review", result.reviewed / max(1, result.orders), "ratio")
    report.add(f"{part}_fields_asked", result.asked / max(1, len(result.judged)), "ratio")
    report.add(f"{part}_split_wrong", len(result.split_wrong), "mails")


def _speed(report: Report, templates: dict[str, Template]) -> None:
    """Whole mails, from bytes to orders, in one process; those with PDF files apart: each starts a process."""
    mails = corpus()
    with_pdf = [mail for mail in mails if b"application/pdf" in mail.raw]
    report.add("mails_per_second", _rate([mail for mail in mails if mail not in with_pdf], templates), "mails/s")
    report.add("mails_with_pdf_per_second", _rate(with_pdf, templates), "mails/s")


def _rate(mails: list[Labelled], templates: dict[str, Template]) -> float:
    against = known()
    done, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < _SECONDS:
        mail = mails[done % len(mails)]
        template = templates.get(mail.partner)
        extract(read(mail.raw), [template] if template else [], against)
        done += 1
    return done / passed


def _show(results: dict[str, Measured]) -> None:
    """Tables for people."""
    columns = ["mails", "accepted", "accepted right", "precision", "recall", "Brier", "to review"]
    cells = {(part, column): cell for part, r in results.items() for column, cell in zip(columns, _row(r), strict=True)}
    show_table("Reading of mails", list(results), columns, cells)
    for part, result in results.items():
        for line in (*wrong_accepted(result), *(f"{name}: another number of orders" for name in result.split_wrong)):
            say(f"{part}: {line}")


def _row(result: Measured) -> list[str]:
    return [
        str(result.mails),
        str(len(result.accepted)),
        f"{result.accepted_right:.2%}",
        f"{result.precision:.2%}",
        f"{result.recall:.2%}",
        f"{result.brier:.4f}",
        f"{result.reviewed} of {result.orders}",
    ]
