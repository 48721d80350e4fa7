"""Candidates beside labels."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from domain.mail_reading import addresses, dates, labels, values
from domain.mail_reading import fields as f
from domain.mail_reading.addresses import Found
from domain.mail_reading.candidates import Candidate, Context, Stretch
from domain.mail_reading.pairs import Layout, Pair, Understand, continued
from domain.mail_reading.source import Line

SURE, LIKELY, UNSURE = 4.2, 2.6, 1.0
"""Log-odds of what stands beside a label of full, some and little certainty."""
_NEGATED = re.compile(
    r"\b(?:niet|geen|vanaf|na|voor|uiterlijk|tussen|before|after|not|from|between|until|except|behalve|"
    r"t/m|tot|tm|by|no)\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"(?:n\.?v\.?t\.?|geen|none|n/?a|onbekend|unknown|-+|–|\?+|nvt|not available|leeg|tbd|volgt|x+|nee|no|\.+|/+)\.?",
    re.IGNORECASE,
)
MOST_NOTE_LINES = 12


def weight_of(meaning: labels.Meaning) -> float:
    """Log-odds by how certain a label is."""
    certainty = meaning.certainty
    if meaning.weight is not None:
        return meaning.weight
    return SURE if certainty >= 1 else LIKELY + 0.6 if certainty >= 0.8 else LIKELY if certainty >= 0.6 else UNSURE


def labelled(
    pairs: list[Pair], lines: list[Line], layout: Layout, context: Context, understand: Understand
) -> Iterator[Candidate]:
    """What the labels of the order say; those of sections about others are left out."""
    names: dict[str, Candidate] = {}
    for pair in pairs:
        path = pair.meaning.path
        if path == labels.IGNORED or not _counts(pair, layout):
            continue
        weight = weight_of(pair.meaning)
        if path in (labels.FIRST_NAME, labels.INFIX, labels.LAST_NAME):
            _name_part(pair, weight, names)
        elif path == f.NOTES:
            yield from _notes(pair, weight, lines, layout, understand)
        elif path in _READERS:
            for candidate in _READERS[path](pair, weight, context):
                yield _by(pair, candidate)
    yield from _composed(names)
    yield from _additions(pairs, layout)


def _by(pair: Pair, candidate: Candidate) -> Candidate:
    """The candidate with what led to it."""
    is_plain = candidate.method == f.Method.LABEL
    method = f.Method.LEARNED if pair.meaning.weight is not None else pair.method
    return replace(candidate, rule=labels.normal(pair.label), method=method if is_plain else candidate.method)


_REFERENCES = frozenset({f.ORDER_ID, f.PURCHASE_ORDER, f.CUSTOMER_ACCOUNT, f.DEALER_GROUP, f.PREFERRED_DATE, f.NOTES})


def _counts(pair: Pair, layout: Layout) -> bool:
    return layout.sections[pair.line] != "other" or pair.meaning.path in _REFERENCES


def _name_part(pair: Pair, weight: float, names: dict[str, Candidate]) -> None:
    stretch = pair.values[0]
    found = values.name_in(stretch.text)
    if pair.meaning.path == labels.INFIX and _EMPTY.fullmatch(stretch.text):
        return
    if found is not None and pair.meaning.path not in names:
        whole = (
            Found(stretch.text.strip(" ,"), 0, len(stretch.text)) if pair.meaning.path != labels.LAST_NAME else found
        )
        names[pair.meaning.path] = stretch.candidate(f.NAME, whole, f.Method.LABEL, weight)


def _composed(names: dict[str, Candidate]) -> Iterator[Candidate]:
    """First name, infix and last name as one."""
    last = names.get(labels.LAST_NAME)
    if last is None:
        return
    pieces = [names[part] for part in (labels.FIRST_NAME, labels.INFIX, labels.LAST_NAME) if part in names]
    value = " ".join(piece.value for piece in pieces)
    together = all(piece.part == last.part for piece in pieces)
    start = min(piece.start for piece in pieces) if together else last.start
    end = max(piece.end for piece in pieces) if together else last.end
    weight = min(piece.weight for piece in pieces) - (0 if len(pieces) > 1 else 1.0)
    yield replace(last, value=value, start=start, end=end, weight=weight)


def _additions(pairs: list[Pair], layout: Layout) -> Iterator[Candidate]:
    """House number and addition in two fields, as one."""
    numbers = [pair for pair in pairs if pair.meaning.path == f.HOUSE_NUMBER and _counts(pair, layout)]
    additions = [pair for pair in pairs if pair.meaning.path == labels.ADDITION and _counts(pair, layout)]
    if len(numbers) != 1 or len(additions) != 1 or _EMPTY.fullmatch(additions[0].values[0].text):
        return
    number, addition = numbers[0].values[0], additions[0].values[0]
    value = addresses.house_number(f"{number.text} {addition.text}")
    if value is not None and number.line.part == addition.line.part:
        start, end = min(number.start, addition.start), max(number.start, addition.start) + 1
        end = max(number.start + len(number.text), addition.start + len(addition.text), end)
        yield Candidate(f.HOUSE_NUMBER, value, number.line.part, start, end, f.Method.LABEL, SURE + 3)


def _notes(pair: Pair, weight: float, lines: list[Line], layout: Layout, understand: Understand) -> Iterator[Candidate]:
    stretches = list(continued(pair, lines, layout, understand, MOST_NOTE_LINES))
    text = "\n".join(stretch.text for stretch in stretches).strip()
    first, last = stretches[0], stretches[-1]
    if text and not _EMPTY.fullmatch(text) and first.line.part == last.line.part:
        end = last.start + len(last.text)
        yield Candidate(f.NOTES, text, first.line.part, first.start, end, f.Method.LABEL, weight - 0.4)


def _each(path: str, find: Callable[[str], Iterator[Found]]) -> Callable[[Pair, float, Context], Iterator[Candidate]]:
    def read(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
        for stretch in pair.values:
            for found in find(stretch.text):
                method = f.Method.FUZZY if found.fuzzy else f.Method.LABEL
                yield stretch.candidate(path, found, method, weight)

    return read


def _reference(path: str) -> Callable[[Pair, float, Context], Iterator[Candidate]]:
    def read(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
        stretch = pair.values[0]
        found = values.token_in(stretch.text)
        if found is not None and not looks_like_other(found.value, stretch.text, context):
            yield stretch.candidate(path, found, f.Method.LABEL, weight)

    return read


def looks_like_other(token: str, text: str, context: Context) -> bool:
    """Whether what stands where a reference would is a date, a telephone number, an article or a postcode."""
    if token in context.known.skus or any(True for _ in addresses.postcodes_in(token, labelled=False)):
        return True
    day = next(dates.days_in(text, context.written, context.english), None)
    return (day is not None and day.start == 0) or token.lower().endswith(("kw", "%"))


def _name(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    stretch = pair.values[0]
    found = values.name_in(stretch.text)
    if found is not None and not _EMPTY.fullmatch(found.value):
        yield stretch.candidate(f.NAME, found, f.Method.LABEL, weight - 0.2)
    yield from _reach(pair, weight - 1.5, context)
    yield from _address(replace(pair, values=pair.values), weight - 1.0, context)


def _reach(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    yield from _each(f.PHONE, values.phones_in)(pair, weight, context)
    yield from _each(f.EMAIL, values.emails_in)(pair, weight, context)


def _house(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    stretch = pair.values[0]
    value = addresses.house_number(stretch.text)
    if value is not None:
        found = Found(value, 0, len(stretch.text))
        bare = labels.normal(pair.label) in ("nr", "no", "nummer", "number")
        yield stretch.candidate(f.HOUSE_NUMBER, found, f.Method.LABEL, weight - (1.5 if bare else 0))


def _city(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    stretch = pair.values[0]
    yield from _postcode(pair, weight - 0.5, context)
    after = next(addresses.postcodes_in(stretch.text, labelled=True), None)
    found = addresses.place_after(stretch.text, after.end if after else 0)
    if found is not None:
        yield stretch.candidate(f.CITY, found, f.Method.LABEL, weight)


def _postcode(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    for stretch in pair.values:
        clean = list(addresses.postcodes_in(stretch.text, labelled=True))
        for found in clean or addresses.misread_postcodes_in(stretch.text):
            yield stretch.candidate(f.POSTCODE, found, f.Method.FUZZY if found.fuzzy else f.Method.LABEL, weight)


def _postcode_and_more(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    yield from _postcode(pair, weight, context)
    stretch = pair.values[0]
    for found in addresses.postcodes_in(stretch.text, labelled=True):
        place = addresses.place_after(stretch.text, found.end)
        if place is not None:
            yield stretch.candidate(f.CITY, place, f.Method.LABEL, weight - 0.3)


def _street(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    stretch = pair.values[0]
    together = list(_street_and_number(stretch, weight))
    yield from together
    if not together and 2 < len(stretch.text) <= 80 and any(c.isalpha() for c in stretch.text):
        street = stretch.text.strip(" .,")
        yield stretch.candidate(f.STREET, Found(street, 0, len(street)), f.Method.LABEL, weight)


def _street_and_number(stretch: Stretch, weight: float) -> Iterator[Candidate]:
    pairs = list(addresses.streets_in(stretch.text)) or list(addresses.number_first_in(stretch.text))
    for street, number in pairs[:1]:
        yield stretch.candidate(f.STREET, street, f.Method.LABEL, weight - 0.3)
        yield stretch.candidate(f.HOUSE_NUMBER, number, f.Method.LABEL, weight - 0.3)


def _address(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    """Street, number, postcode and place in one value or in the lines below the label."""
    yield from _postcode_and_more(replace(pair, values=pair.values[:1]), weight, context)
    for stretch in pair.values[1:]:
        yield from _postcode_and_more(replace(pair, values=(stretch,)), weight, context)
    if len(pair.values) > 1 and not any(character.isdigit() for character in pair.values[0].text):
        name = values.name_in(pair.values[0].text)
        if name is not None:
            yield pair.values[0].candidate(f.NAME, name, f.Method.PATTERN, LIKELY)
    for stretch in pair.values:
        found = list(_street_and_number(stretch, weight))
        if found:
            yield from found
            yield from _place_without_postcode(stretch, found[-1], weight)
            return


def _place_without_postcode(stretch: Stretch, number: Candidate, weight: float) -> Iterator[Candidate]:
    """`Dorpsstraat 12, Utrecht`."""
    at = number.end - stretch.start
    if any(True for _ in addresses.postcodes_in(stretch.text, labelled=True)):
        return
    found = re.match(r"\s*(?:,|;|\bte\b|\bin\b|-)\s*", stretch.text[at:])
    place = addresses.place_after(stretch.text, at + found.end()) if found else None
    if place is not None:
        yield stretch.candidate(f.CITY, place, f.Method.LABEL, weight - 0.8)


def _day(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    stretch = pair.values[0]
    for found in dates.days_in(stretch.text, context.written, context.english):
        doubt = found.doubt + (3.0 if _NEGATED.search(stretch.text[: found.start]) else 0.0)
        day = Found(found.day.isoformat(), found.start, found.end, doubt)
        yield stretch.candidate(f.PREFERRED_DATE, day, f.Method.LABEL, weight - 0.3)


_READERS: dict[str, Callable[[Pair, float, Context], Iterator[Candidate]]] = {
    f.NAME: _name,
    f.EMAIL: _each(f.EMAIL, values.emails_in),
    f.PHONE: _each(f.PHONE, values.phones_in),
    f.STREET: _street,
    f.HOUSE_NUMBER: _house,
    f.POSTCODE: _postcode_and_more,
    f.CITY: _city,
    f.PREFERRED_DATE: _day,
    labels.ADDRESS: _address,
    labels.NUMBERED_STREET: _address,
    labels.PLACE: _postcode_and_more,
    labels.REACH: _reach,
    **{path: _reference(path) for path in (f.ORDER_ID, f.PURCHASE_ORDER, f.CUSTOMER_ACCOUNT, f.DEALER_GROUP)},
}


def read_as(pair: Pair, weight: float, context: Context) -> Iterator[Candidate]:
    """The values beside a label as its meaning wants them read."""
    return _READERS[pair.meaning.path](pair, weight, context) if pair.meaning.path in _READERS else iter(())
