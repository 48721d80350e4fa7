"""Candidates by their form alone, in blocks of an address, and in sentences."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from domain.mail_reading import addresses, dates, values
from domain.mail_reading import fields as f
from domain.mail_reading.addresses import Found
from domain.mail_reading.candidates import Candidate, Context, Stretch
from domain.mail_reading.labelled import looks_like_other
from domain.mail_reading.pairs import Layout
from domain.mail_reading.source import Line

_BILLING = re.compile(
    r"\b(?:factu\w*|invoic\w*|billing|crediteuren|boekhouding|postbus|accounts payable)\b", re.IGNORECASE
)
"""Words beside an address or a number that is not where somebody works."""
_NEAR = 3
_OF_SENDER, _ALONE = -3.0, -1.2
_PART = r"(?:van|de|der|den|het|'t|ter|ten|te|la|el|von|di|da|du|le|op|in|bin|ben|y)"
_WORD = r"(?:(?:[^\W\d_a-zà-ÿ]\.)+|[^\W\d_a-zà-ÿ][\w'-]*(?:\.[\w'-]+)*)"
_PERSON = rf"{_WORD}(?:(?: {_PART}){{0,3}} {_WORD}){{0,5}}"
_TITLED = re.compile(
    r"(?<!beste )(?<!geachte )(?<!dear )(?<!hallo )(?<!dag )(?<!hi )\b(?:[Dd]hr|[Mm]evr|[Mm]vr|[Mm]w|"
    r"[Mm]rs|[Mm]r|[Mm]s|[Dd]e heer(?: en mevrouw)?|"
    r"[Mm]evrouw|[Mm]eneer|[Ff]am|[Ff]amilie|[Hh]eer)\.? (?P<name>" + rf"(?:{_PART} )*" + _PERSON + ")"
)
_OF_CUSTOMER = re.compile(
    r"\b(?:(?:[Kk]lant|[Cc]ustomer|[Cc]lient|[Bb]ewoner|[Ee]indklant|[Bb]erijder|[Dd]river)(?:,| is| heet|"
    r":| named| called)? "
    r"|(?:namens|on behalf of) )(?:de heer |mevrouw |dhr\.? |mevr\.? |mr\.? |mrs\.? |ms\.? )?(?P<name>" + _PERSON + ")"
)
_FOR = re.compile(
    r"\b(?:[Vv]oor|[Bb]ij|[Ff]or|[Aa]t)(?: onze klant| our customer| de klant| klant| customer)? "
    rf"(?P<name>{_PERSON})(?=,|\s\(|\s(?:te|in|aan de|op de|uit|woonachtig|wonende|op het|living|from|at)\b)"
)
_REFERENCE = re.compile(
    r"\b(?:(?P<own>order|bestelling|opdracht|ordernummer|bestelnummer|opdrachtnummer|order number|orderid|"
    r"aanvraag)|referentie|ref|kenmerk|reference|"
    r"request)\s{0,2}(?:nummer|nr\.?|number|no\.?|id)?\s{0,2}(?:is|:|#|=|"
    r"-)?\s{0,2}#?(?P<token>[A-Za-z0-9][A-Za-z0-9._/-]{1,38}[A-Za-z0-9])(?![\w-])",
    re.IGNORECASE,
)
_LOOSE_REFERENCE = re.compile(r"(?<![\w/-])(?P<token>[A-Z]{2,5}[-_]?(?:20\d\d[-_])?\d{3,10})(?![\w-])")
_PURCHASE = re.compile(
    r"\b(?:PO|P\.O\.|inkooporder|purchase order)(?:[- ]?(?:nummer|nr\.?|number|"
    r"no\.?))?\s{0,2}[:#]?\s{0,2}(?P<token>[A-Z0-9][A-Z0-9._/-]{2,30}[A-Z0-9])(?![\w-])",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:klantnummer|debiteurnummer|customer (?:account|number)|account number)\s{0,2}(?:is|:|"
    r"#)?\s{0,2}(?P<token>[A-Z0-9][A-Z0-9._/-]{1,30}[A-Z0-9])(?![\w-])",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:graag|voorkeur|gewenst|wens|install\w*|plaats(?:en|ing)\w*|inplannen|ingepland|uitvoer\w*|"
    r"preferabl[ey]|preferred|prefers?|would like|"
    r"suits?|schikt|schikken|past|komt .{0,20} uit|monteren|aansluiten|fit|fitted|planned|schedule\w*)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:niet|geen|vanaf|na|uiterlijk|tussen|before|after|not|from|between|until|except|behalve|t/m|tot|"
    r"vakantie|holiday|away|afwezig|"
    r"opgeleverd|besteld|ordered|verhuis\w*|move|moves|moving|sleutel\w*|levering|delivered|delivery|"
    r"geldig|getekend|signed|since|sinds|voor|by|of)\s*(?:op |on |the |vóór )?\Z",
    re.IGNORECASE,
)
_NEVER = re.compile(r"\b(?:niet|geen|not|cannot|can't|vakantie|holiday|away|behalve|except)\b", re.IGNORECASE)
_GREETING = re.compile(
    r"\s*(?:beste|geachte|hallo|hoi|hi|dear|hello|dag|goede?(?:morgen|middag|navond)|good (?:morning|"
    r"afternoon)|l\.?s\.?)\b",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"\b(?:graag|order|bestelling|opdracht|aanvraag|klant|installatie|adres|onderstaand\w*|hierbij|please|"
    r"gegevens|laadpaal|laadpunt|nieuwe?|new|"
    r"details|customer|charger|install\w*|bijlage|attached|zie|see|product\w*|telefoon|mail|postcode|bvd|"
    r"alvast|request|week|planning|pro|the|dit|voor|met)\b",
    re.IGNORECASE,
)


def by_form(lines: Sequence[Line], layout: Layout, context: Context) -> Iterator[Candidate]:
    """Mail addresses, telephone numbers, postcodes with their place and street, wherever no label speaks of them."""
    for number, line in enumerate(lines):
        if layout.sections[number] == "other":
            continue
        stretch = Stretch(line, line.text, line.start)
        free = [c for c in _forms(stretch, context) if layout.is_free(number, c.start - line.start, c.end - line.start)]
        if _is_of_the_sender(line.text, context) or _BILLING.search(line.text):
            yield from (replace(candidate, weight=candidate.weight + _OF_SENDER) for candidate in free)
            continue
        alone = 0.0 if not free or _near(lines, number, layout) else _ALONE
        yield from (replace(candidate, weight=candidate.weight + alone) for candidate in free)
        if any(candidate.path == f.POSTCODE for candidate in free):
            yield from _around_postcode(lines, number, layout, context)


def _near(lines: Sequence[Line], number: int, layout: Layout) -> bool:
    """Whether something of a customer stands within three lines: a label's value, or a postcode."""
    for place in range(max(0, number - _NEAR), min(len(lines), number + _NEAR + 1)):
        if lines[place].part == lines[number].part and (
            place in layout.taken or any(True for _ in addresses.postcodes_in(lines[place].text, labelled=False))
        ):
            return True
    return False


def _is_of_the_sender(text: str, context: Context) -> bool:
    """Whether a line names the sender's own mail address or site."""
    lowered = text.lower()
    return any(domain and domain in lowered for domain in context.own_domains)


def _forms(stretch: Stretch, context: Context) -> Iterator[Candidate]:
    for found in values.emails_in(stretch.text):
        own = found.value.partition("@")[2] in context.own_domains
        yield stretch.candidate(f.EMAIL, found, f.Method.PATTERN, -1.0 if own else 3.2)
    for found in values.phones_in(stretch.text):
        yield stretch.candidate(f.PHONE, found, f.Method.PATTERN, 3.0)
    for found in addresses.postcodes_in(stretch.text, labelled=False):
        yield stretch.candidate(f.POSTCODE, found, f.Method.PATTERN, 3.2)
        place = addresses.place_after(stretch.text, found.end)
        if place is not None:
            yield stretch.candidate(f.CITY, place, f.Method.PATTERN, 2.4)


def _around_postcode(lines: Sequence[Line], number: int, layout: Layout, context: Context) -> Iterator[Candidate]:
    """The street before a postcode, on its line or on the one above, and the name above that."""
    line = lines[number]
    stretch = Stretch(line, line.text, line.start)
    postcode = next(addresses.postcodes_in(line.text, labelled=False))
    before = line.text[: postcode.start]
    pairs = list(addresses.streets_in(before))
    if pairs:
        yield from _street(stretch, pairs[-1], _street_weight(pairs[-1], before))
        return
    above = _above(lines, number, layout)
    if above is None or before.strip(" *•-–>"):
        return
    upper = Stretch(lines[above], lines[above].text, lines[above].start)
    pairs = list(addresses.streets_in(upper.text)) or list(addresses.number_first_in(upper.text))
    if not pairs:
        return
    yield from _street(upper, pairs[-1], 3.2)
    yield from _name_above(lines, above, layout)


def _street_weight(pair: tuple[Found, Found], before: str) -> float:
    """A street is sure of its beginning where it begins the line or follows a comma."""
    lead = before[: pair[0].start].rstrip()
    return 3.2 if not lead.strip(" *•-–>") or lead.endswith((",", ":", "|", "\t", ";")) else 0.8


def _street(stretch: Stretch, pair: tuple[Found, Found], weight: float) -> Iterator[Candidate]:
    street, number = pair
    trimmed = _without_lead(street)
    start = 3.0 if trimmed is not street and weight < 3 else weight
    sure = 0.0 if addresses.is_street_like(trimmed.value) else -0.7
    yield stretch.candidate(
        f.STREET, trimmed, f.Method.PATTERN, min(start, 3.2) + sure - (0.6 if trimmed is not street else 0)
    )
    yield stretch.candidate(f.HOUSE_NUMBER, number, f.Method.PATTERN, max(weight, 2.6))


_LEAD = re.compile(
    r"^.*\b(?:op|aan(?: de| het)? adres|adres is|address is|is|aan|at|te|in|bij|address|naar|woont)\s+(?=(?:de |het |"
    r"')?[^\W\d_a-zà-ÿ])",
    re.DOTALL,
)


def _without_lead(street: Found) -> Found:
    """The street without the words of a sentence before it."""
    lead = _LEAD.match(street.value)
    if lead is None or lead.end() >= len(street.value) - 2:
        return street
    return Found(street.value[lead.end() :], street.start + lead.end(), street.end, street.doubt)


def _above(lines: Sequence[Line], number: int, layout: Layout) -> int | None:
    above = number - 1
    if above < 0 or lines[above].part != lines[number].part or not lines[above].text.strip():
        return None
    return above if layout.is_free(above, 0, len(lines[above].text)) else None


def _name_above(lines: Sequence[Line], street: int, layout: Layout) -> Iterator[Candidate]:
    above = _above(lines, street, layout)
    if above is None or above in layout.headings or not is_name_like(lines[above].text):
        return
    stretch = Stretch(lines[above], lines[above].text, lines[above].start)
    found = values.name_in(stretch.text)
    if found is not None:
        yield stretch.candidate(f.NAME, found, f.Method.PATTERN, 2.4)


def is_name_like(text: str) -> bool:
    """Whether a line can be the name above an address."""
    words = text.strip().rstrip(",").split()
    if not 1 <= len(words) <= 6 or text.rstrip().endswith((":", ".", "?", "!")) or _GREETING.match(text):
        return False
    return words[0][:1].isupper() and not _NO_NAME.search(text) and not any(c.isdigit() for c in text)


def in_sentences(lines: Sequence[Line], layout: Layout, context: Context) -> Iterator[Candidate]:
    """Names after a title or "our customer", references after "order", wishes for a day."""
    for number, line in enumerate(lines):
        if layout.sections[number] == "other":
            continue
        stretch = Stretch(line, line.text, line.start)
        if (alone := _LOOSE_REFERENCE.fullmatch(line.text.strip(" *#:"))) and alone["token"] not in context.known.skus:
            start = line.text.index(alone["token"])
            found = Found(alone["token"], start, start + len(alone["token"]))
            yield stretch.candidate(f.ORDER_ID, found, f.Method.PATTERN, 1.6)
        for candidate in (*_names(stretch), *_references(stretch, context), *_days(stretch, context)):
            if layout.is_free(number, candidate.start - line.start, candidate.end - line.start):
                yield candidate


def _names(stretch: Stretch) -> Iterator[Candidate]:
    if _GREETING.match(stretch.text) and len(stretch.text.split()) <= 5:
        return
    for pattern, weight in ((_TITLED, 2.6), (_OF_CUSTOMER, 2.4), (_FOR, 1.7)):
        for match in pattern.finditer(stretch.text):
            name = values.name_in(match["name"])
            if name is None or _NO_NAME.search(name.value):
                continue
            found = replace(name, start=match.start("name") + name.start, end=match.start("name") + name.end)
            single = 0.8 if len(name.value.split()) == 1 else 0.0
            yield stretch.candidate(f.NAME, found, f.Method.SENTENCE, weight - single)


def _references(stretch: Stretch, context: Context) -> Iterator[Candidate]:
    for pattern, path, weight in (
        (_PURCHASE, f.PURCHASE_ORDER, 3.0),
        (_ACCOUNT, f.CUSTOMER_ACCOUNT, 3.0),
        (_REFERENCE, f.ORDER_ID, 2.0),
    ):
        for match in pattern.finditer(stretch.text):
            token = match["token"]
            if not any(c.isdigit() for c in token) or looks_like_other(
                token, stretch.text[match.start("token") :], context
            ):
                continue
            stronger = 1.0 if path == f.ORDER_ID and match["own"] and len(token) >= 4 else 0.0
            short = 2.0 if len(token) < 4 else 0.0
            yield stretch.candidate(
                path, Found(token, *match.span("token")), f.Method.SENTENCE, weight + stronger - short
            )


def in_subject(line: Line, context: Context) -> Iterator[Candidate]:
    """The order's number, and a name, in the subject."""
    stretch = Stretch(line, line.text, line.start)
    found = list(_references(stretch, context))
    yield from found
    if not any(candidate.path == f.ORDER_ID for candidate in found):
        for match in _LOOSE_REFERENCE.finditer(line.text):
            if not looks_like_other(match["token"], match["token"], context) and not any(
                candidate.start <= match.start() < candidate.end for candidate in found
            ):
                yield stretch.candidate(f.ORDER_ID, Found(match["token"], *match.span("token")), f.Method.PATTERN, 1.6)
    yield from (replace(c, weight=c.weight - 0.4) for c in _names(stretch))


def _days(stretch: Stretch, context: Context) -> Iterator[Candidate]:
    for found in dates.days_in(stretch.text, context.written, context.english):
        sentence = _sentence(stretch.text, found.start)
        if not _WISH.search(sentence):
            continue
        before = stretch.text[max(0, found.start - 60) : found.start]
        doubt = found.doubt + (3.0 if _AGAINST.search(before) else 0) + (2.0 if _NEVER.search(sentence) else 0)
        day = Found(found.day.isoformat(), found.start, found.end, doubt)
        yield stretch.candidate(f.PREFERRED_DATE, day, f.Method.SENTENCE, 2.5)


def _sentence(text: str, at: int) -> str:
    """The sentence around a place, in its line."""
    start = max(text.rfind(mark, 0, at) for mark in (". ", "! ", "? ", "; ")) + 1
    ends = [end for mark in (". ", "! ", "? ", "; ") if (end := text.find(mark, at)) >= 0]
    return text[start : min(ends, default=len(text))]
