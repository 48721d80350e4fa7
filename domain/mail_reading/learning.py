"""What a corrected mail teaches: labels, words around a value, names of articles; and which rules were right."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.mail_reading import addresses, labels, taught, values
from domain.mail_reading import fields as f
from domain.mail_reading.extraction import context_of, extract
from domain.mail_reading.fields import ExtractedField, ExtractedOrder, Known
from domain.mail_reading.message import SUBJECT, MailMessage
from domain.mail_reading.parts import RegionKind
from domain.mail_reading.source import Line, lines_of, subject_line
from domain.mail_reading.template import MOST_RULES, Rule, Template, seen

_LONGEST_LABEL = 45
_LONGEST_ALIAS = 100
_READ = (RegionKind.BODY, RegionKind.FORWARDED)
_FROM_TEMPLATE = frozenset({f.Method.LEARNED})


def learned(
    template: Template,
    mail: MailMessage,
    corrected: Mapping[str, Any],
    known: Known,
    *,
    others: Sequence[Template] = (),
) -> Template:
    """The template with what the values of one order of the mail show; None says that the mail holds no such value.

    Paths that are not in `corrected` are neither right nor wrong. `others`: templates that it is read with besides.
    """
    order = _meant(extract(mail, [template, *others], known), corrected)
    for path, value in list(corrected.items())[:MOST_RULES]:
        if not f.is_path(path):
            continue
        found = order.fields.get(path)
        was_right = found is not None and value is not None and str(found.value) == str(value)
        if found is not None and found.method in _FROM_TEMPLATE:
            template = _judged(template, mail, found, path, was_right)
        if was_right and found is not None and found.confidence >= f.THRESHOLD and found.method not in _FROM_TEMPLATE:
            continue
        template = _taught(template, mail, path, value, found, order, corrected, known)
    return template


def _meant(orders: Sequence[ExtractedOrder], corrected: Mapping[str, Any]) -> ExtractedOrder:
    """The order of the mail that has most in common with the values."""

    def common(order: ExtractedOrder) -> int:
        return sum(path in order.fields and str(order.fields[path].value) == str(v) for path, v in corrected.items())

    return max(orders, key=common, default=ExtractedOrder({}))


def _judged(template: Template, mail: MailMessage, found: ExtractedField, path: str, was_right: bool) -> Template:
    """Count a rule that led to a value as right or wrong: every one that stands at its place."""
    line = _line_at(mail, found)
    if line is None:
        return template
    if (sku := f.product_field(path)) is not None and sku[1] == f.SKU:
        key = addresses.plain(found.text)
        return _with(template, aliases={k: seen(r, was_right) if k == key else r for k, r in template.aliases.items()})
    name = sku[1] if sku else path
    label = _label_of(mail, line, found)
    kept = {
        k: seen(r, was_right) if k == label and labels.covers(r.path, name) else r for k, r in template.labels.items()
    }
    contexts = [seen(r, was_right) if r.path == path and _stands(r, line, found) else r for r in template.contexts]
    return replace(template, labels=kept, contexts=tuple(contexts))


def _with(template: Template, aliases: dict[str, Rule]) -> Template:
    return replace(template, aliases=aliases)


def _stands(rule: Rule, line: Line, found: ExtractedField) -> bool:
    return _context(line, found.start, found.end, rule.key.startswith(taught.SUBJECT_MARK))[0] == rule.key


def _taught(
    template: Template,
    mail: MailMessage,
    path: str,
    value: Any,
    found: ExtractedField | None,
    order: ExtractedOrder,
    corrected: Mapping[str, Any],
    known: Known,
) -> Template:
    """A rule for a value that was not read, or not surely, or not rightly."""
    product = f.product_field(path)
    if value is None:
        return _ignored(template, mail, found)
    if product is not None:
        return _alias(template, product, str(value), order, corrected, known) if product[1] == f.SKU else template
    places = list(_places(mail, path, str(value), known))
    for line, start, _ in places:
        label = _label_before(line, start)
        if label is not None and not _is_told(label, corrected):
            return _label(template, label, path)
    for line, start, end in places:
        key, after = _context(line, start, end, line.part == SUBJECT)
        if key:
            return _contextual(template, Rule(key, path, after))
    return template


def _ignored(template: Template, mail: MailMessage, found: ExtractedField | None) -> Template:
    """Where something was read that is not of the order: its label says nothing from now on."""
    line = _line_at(mail, found) if found else None
    label = _label_of(mail, line, found) if line and found else None
    return _label(template, label, labels.IGNORED) if label else template


def _label(template: Template, label: str, path: str) -> Template:
    common = labels.meaning(label)
    if common is not None and path and common.certainty == 1 and labels.covers(common.path, path):
        return template  # it is read so already: what went wrong is not the label
    rule = template.labels.get(label)
    if rule is not None and path:
        path = labels.joined(rule.path, path)
    kept = rule if rule is not None and rule.path == path else Rule(label, path)
    return replace(template, labels=_newest({**template.labels, label: kept}))


def _is_told(label: str, corrected: Mapping[str, Any]) -> bool:
    """Whether what would be a label is part of a value: somebody's name left of a number."""
    return any(label in labels.normal(str(value)) for value in corrected.values() if value is not None)


def _newest(rules: dict[str, Rule]) -> dict[str, Rule]:
    return dict(list(rules.items())[-MOST_RULES:])


def _contextual(template: Template, rule: Rule) -> Template:
    if any((other.key, other.path, other.after) == (rule.key, rule.path, rule.after) for other in template.contexts):
        return template
    return replace(template, contexts=(*template.contexts, rule)[-taught.MOST_CONTEXTS :])


def _alias(
    template: Template,
    product: tuple[int, str],
    sku: str,
    order: ExtractedOrder,
    corrected: Mapping[str, Any],
    known: Known,
) -> Template:
    """What the article was called where its number should have stood: the number misspelt, or its description."""
    if sku not in known.skus:
        return template
    read = order.fields.get(f.product_path(product[0], f.SKU))
    words = order.fields.get(f.product_path(product[0], f.DESCRIPTION))
    written = read.text if read is not None and read.value != sku else words.text if words is not None else None
    if written is None and read is not None:
        written = read.text
    key = addresses.plain(written or "")
    if not key or len(key) > _LONGEST_ALIAS or key == addresses.plain(sku):
        return template
    rule = template.aliases.get(key)
    kept = rule if rule is not None and rule.path == sku else Rule(key, sku)
    return replace(template, aliases=_newest({**template.aliases, key: kept}))


def _places(mail: MailMessage, path: str, value: str, known: Known) -> Iterator[tuple[Line, int, int]]:
    """Where a value stands in the mail, whatever way it is written; the body first, then the subject."""
    lines = [line for line in lines_of(mail) if line.kind in _READ]
    for line in (*lines, subject_line(mail)):
        for start, end in _written(path, value, line, mail, known):
            yield line, line.start + start, line.start + end


def _written(path: str, value: str, line: Line, mail: MailMessage, known: Known) -> list[tuple[int, int]]:
    """The stretches of a line that have the value as their normal form."""
    text = line.text
    if path == f.PREFERRED_DATE:
        days = context_of(mail, known).days(text)
        return [(day.start, day.end) for day in days if day.day.isoformat() == value]
    if path == f.HOUSE_NUMBER:
        numbers = re.finditer(r"\b\d{1,5}\b(?:[-/ ]{0,2}\w{1,4}\b)?", text)
        return [match.span() for match in numbers if addresses.house_number(match[0]) == value]
    if path in _FORMS:
        return [(found.start, found.end) for found in _FORMS[path](text) if found.value == value]
    return [match.span() for match in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) if value]


_FORMS: dict[str, Callable[[str], Iterator[addresses.Found]]] = {
    f.PHONE: values.phones_in,
    f.EMAIL: values.emails_in,
    f.POSTCODE: lambda text: addresses.postcodes_in(text, labelled=True),
}


def _line_at(mail: MailMessage, found: ExtractedField) -> Line | None:
    if found.part == SUBJECT:
        return subject_line(mail)
    return next((ln for ln in lines_of(mail) if ln.part == found.part and ln.start <= found.start < ln.end + 1), None)


def _label_of(mail: MailMessage, line: Line, found: ExtractedField) -> str | None:
    return _label_before(line, found.start) or _label_above(mail, line)


def _label_above(mail: MailMessage, line: Line) -> str | None:
    above = [ln for ln in lines_of(mail) if ln.part == line.part and ln.end < line.start and ln.text.strip()]
    text = above[-1].text if above else ""
    return labels.normal(text) if text.rstrip().endswith(":") and len(text) <= _LONGEST_LABEL else None


def _label_before(line: Line, start: int) -> str | None:
    """The words between the last separator and the colon, tab or bar before a place, as a label."""
    for left, right in zip(line.cells, line.cells[1:], strict=False):
        if (
            right.start <= start < right.end
            and len(left.text) <= _LONGEST_LABEL
            and ":" not in right.text[: start - right.start]
        ):
            return labels.normal(left.text) or None
    before = line.text[: start - line.start]
    found = re.search(
        r"(?:^|[,;|\t])\s*(?P<label>[^\n,;|\t:=]{2,45}?)\s*[:=]\s*(?P<titles>(?:\w{1,7}\.? ){0,3})$", before
    )
    return (labels.normal(found["label"]) or None) if found else None


def _context(line: Line, start: int, end: int, in_subject: bool) -> tuple[str, str]:
    """Up to three words before a place and the one after it; nothing where the words before say too little."""
    before = re.findall(r"\w+", line.text[: start - line.start])[-3:]
    after = re.match(r"\W{1,3}(\w+)", line.text[end - line.start :])
    # Names and numbers may be somebody's; what is learned is kept when whoever it was about is forgotten.
    common = [word for word in before if word.islower() and word.isalpha()]
    if common != before or (not before and not in_subject):
        return "", ""
    if before and sum(map(len, before)) < 4:
        return "", ""
    key = " ".join(before).lower() or taught.BEGINNING
    following = after[1] if after and after[1].islower() and after[1].isalpha() else ""
    return (taught.SUBJECT_MARK if in_subject else "") + key, following
