"""Reading by what corrections taught."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from domain.mail_reading import fields as f
from domain.mail_reading import labels
from domain.mail_reading.candidates import Candidate, Context, Stretch
from domain.mail_reading.labelled import read_as
from domain.mail_reading.labels import Meaning
from domain.mail_reading.pairs import Pair, Understand
from domain.mail_reading.source import Line
from domain.mail_reading.template import Rule, Template

SUBJECT_MARK = "subject: "
"""Before the words of a rule that is for subjects."""
BEGINNING = "^"
"""Instead of words where a value begins its line."""
MOST_CONTEXTS = 60


def understanding(template: Template) -> Understand:
    """What labels mean to this partner: learned ones before the common ones."""

    def understand(words: str, exactly: bool = False) -> Meaning | None:
        rule = template.labels.get(labels.normal(words)) if template.labels and len(words) <= 60 else None
        if rule is None or rule.trust < 0.3:
            return labels.meaning(words, exactly)
        return Meaning(rule.path, 1.0, rule.weight)

    return understand


def in_lines(lines: Sequence[Line], context: Context) -> Iterator[Candidate]:
    """What stands behind words that a field's value was found behind before."""
    if context.template.contexts:
        for line in lines:
            yield from in_line(line, context, subject=False)


def in_line(line: Line, context: Context, *, subject: bool) -> Iterator[Candidate]:
    """The same in one line, or in the subject."""
    for rule in context.template.contexts[:MOST_CONTEXTS]:
        if rule.key.startswith(SUBJECT_MARK) is not subject or rule.path not in f.PLAIN:
            continue
        for found in _pattern(rule.key.removeprefix(SUBJECT_MARK), rule.after).finditer(line.text):
            stretch = Stretch.of(line, found.end() if not rule.after else found.start("value"), _end(found, rule, line))
            yield from _candidates(rule, stretch, context)


def _end(found: re.Match[str], rule: Rule, line: Line) -> int:
    return found.end("value") if rule.after else len(line.text)


def _candidates(rule: Rule, stretch: Stretch, context: Context) -> Iterator[Candidate]:
    pair = Pair(rule.key, Meaning(rule.path, 1.0, rule.weight), (stretch,), 0)
    for candidate in read_as(pair, rule.weight, context):
        if candidate.path == rule.path and candidate.start <= stretch.start + 1:
            key = f"{rule.key}…{rule.after}"
            yield Candidate(
                candidate.path,
                candidate.value,
                candidate.part,
                candidate.start,
                candidate.end,
                f.Method.LEARNED,
                candidate.weight,
                key,
            )


@lru_cache(2048)
def _pattern(before: str, after: str) -> re.Pattern[str]:
    """Words, a value, and the word after it where one is known."""
    lead = (
        r"^\W{0,3}"
        if before == BEGINNING
        else r"(?<!\w)" + r"\W{1,3}".join(map(re.escape, before.split())) + r"\W{1,3}"
    )
    tail = rf"(?P<value>[^\n]{{1,80}}?)(?=\W{{1,3}}{re.escape(after)}(?!\w))" if after else ""
    return re.compile(lead + tail, re.IGNORECASE)
