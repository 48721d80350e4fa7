"""Orders out of a mail: lines are read by labels, tables, forms and sentences, and what they say is weighed."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from domain.mail_reading import addresses, labels, products, taught, values
from domain.mail_reading import fields as f
from domain.mail_reading.articles import Product, united
from domain.mail_reading.candidates import Candidate, Context, shifted
from domain.mail_reading.fields import ExtractedField, ExtractedOrder, Known
from domain.mail_reading.labelled import labelled
from domain.mail_reading.message import MailMessage
from domain.mail_reading.pairs import Layout, Understand, layout_of
from domain.mail_reading.parts import RegionKind
from domain.mail_reading.source import Line, lines_of, subject_line
from domain.mail_reading.splitting import Segment, Split, split
from domain.mail_reading.template import EMPTY, Template, merged
from domain.mail_reading.unlabelled import by_form, in_sentences, in_subject
from domain.mail_reading.weighing import address_checked, contradicted, field_of, name_checked, weighed

_READ = (RegionKind.BODY, RegionKind.FORWARDED)
_ORDER_LABELS = frozenset(
    {
        f.ORDER_ID,
        f.NAME,
        f.POSTCODE,
        f.STREET,
        f.HOUSE_NUMBER,
        f.SKU,
        labels.ADDRESS,
        labels.PLACE,
        labels.PRODUCT,
        f.PREFERRED_DATE,
    }
)
_OF_ALL = frozenset({f.PREFERRED_DATE, f.DEALER_GROUP, f.PURCHASE_ORDER, f.CUSTOMER_ACCOUNT, f.NOTES})
"""What may be said once for several orders."""
_SHARED, _FROM_QUOTE, _FROM_SIGNATURE = -0.8, -3.0, -1.2
_ENGLISH = re.compile(r"\b(?:the|and|please|customer|with|for|our|is|at|would|order|attached|regards)\b", re.IGNORECASE)
_DUTCH = re.compile(
    r"\b(?:de|het|een|graag|klant|met|voor|onze|van|en|bij|wij|groet|bijlage|opdracht)\b", re.IGNORECASE
)
_CORRECTS = re.compile(
    r"\b(?:i\.?p\.?v\b\.?|in plaats van|instead of|correctie|correction|klopt niet|niet juist|moet zijn|"
    r"moet worden|should be|"
    r"is incorrect|wijziging|gewijzigd|vervallen|geannuleerd|annuleer|annuleren|cancel|cancelled|not? longer)",
    re.IGNORECASE,
)
"""Words of a mail that takes something back: somebody looks at all of it."""
_CORRECTED = 0.85
_FEWEST_TELLING = 2


def extract(message: MailMessage, templates: Sequence[Template], known: Known) -> list[ExtractedOrder]:
    """The orders of a mail, none where it holds none; never raises. Values that are not in the mail are left out."""
    lines = lines_of(message)
    context = context_of(message, known, merged(templates))
    understand = taught.understanding(context.template)
    body = [line for line in _with_data_below_closing(lines, understand) if line.kind in _READ]
    orders = _orders(message, body, context, understand)
    if orders:
        return orders
    quoted = [replace(line, kind=RegionKind.BODY) for line in lines if line.kind is RegionKind.QUOTED]
    return _orders(message, body + quoted, context, understand, _FROM_QUOTE) if quoted else []


def context_of(message: MailMessage, known: Known, template: Template = EMPTY) -> Context:
    """What the lines of the mail are read with."""
    lines = lines_of(message)
    text = " ".join(line.text for line in lines[:200])[:20_000]
    ours = [address for address in (message.sender, *message.recipients) if address]
    names: dict[str, list[str]] = {}
    for sku, name in known.skus.items():
        names.setdefault(addresses.plain(name), []).append(sku)
    return Context(
        known,
        template,
        message.date.date() if message.date else None,
        len(_ENGLISH.findall(text)) > len(_DUTCH.findall(text)),
        frozenset(address.partition("@")[2] for address in ours) - values.PROVIDERS,
        {name: skus[0] for name, skus in names.items() if name and len(skus) == 1},
        {sku.casefold(): sku for sku in known.skus},
    )


def _with_data_below_closing(lines: list[Line], understand: Understand) -> list[Line]:
    """Lines below the closing words as part of the body where they are those of an order."""
    below = [line for line in lines if line.kind is RegionKind.SIGNATURE]
    pairs = layout_of(below, understand).pairs
    told = {pair.meaning.path for pair in pairs if pair.meaning.certainty == 1} & _ORDER_LABELS
    if len(told) < 2 or not told & {f.ORDER_ID, f.NAME, f.SKU, labels.PRODUCT, f.PREFERRED_DATE}:
        return lines
    return [replace(line, kind=RegionKind.BODY) if line.kind is RegionKind.SIGNATURE else line for line in lines]


def _orders(
    message: MailMessage, lines: list[Line], context: Context, understand: Understand, weight: float = 0.0
) -> list[ExtractedOrder]:
    parts = split(lines, layout_of(lines, understand), understand)
    orders = _of_split(message, parts, context, understand, weight)
    if len(parts.segments) > 1 and not _are_several(orders):
        orders = _of_split(message, Split([Segment(lines)]), context, understand, weight)
    corrects = any(_CORRECTS.search(line.text) for line in lines)
    return [_looked_at(order) if corrects or not _asks_for_something(order) else order for order in orders]


def _are_several(orders: Sequence[ExtractedOrder]) -> bool:
    """Whether what was cut are orders: no two have one number, and all have articles or none has."""
    numbers = [order.fields[f.ORDER_ID].value for order in orders if f.ORDER_ID in order.fields]
    with_articles = sum(any(f.product_field(path) for path in order.fields) for order in orders)
    return len(set(numbers)) == len(numbers) and with_articles in (0, len(orders))


def _of_split(
    message: MailMessage, parts: Split, context: Context, understand: Understand, weight: float
) -> list[ExtractedOrder]:
    """The order of each segment."""
    several = len(parts.segments) > 1
    said, products_of_all = _read(Segment(parts.shared), context, understand) if parts.shared else ([], [])
    of_all = shifted([candidate for candidate in said if candidate.path in _OF_ALL], _SHARED)
    subject = list(in_subject(subject_line(message), context))
    subject += list(taught.in_line(subject_line(message), context, subject=True))
    orders = []
    for segment in parts.segments:
        found, articles = _read(segment, context, understand)
        found = shifted(found, weight) + of_all
        if several:
            found = [_less_sure(candidate) for candidate in found]
        numbers = {candidate.value for candidate in found}
        found += [c for c in subject if not several or c.value in numbers]
        shared = several and not articles
        bought = united(products_of_all if shared else articles)
        order = _order(message, found, bought, context, weight + (_SHARED if shared else 0))
        if order is not None:
            orders.append(order)
    return orders


def _asks_for_something(order: ExtractedOrder) -> bool:
    """Whether it has two of a number, a name and an article; what has less may be anything."""
    articles = any(f.product_field(path) for path in order.fields)
    return (f.ORDER_ID in order.fields) + (f.NAME in order.fields) + articles >= 2


def _less_sure(candidate: Candidate) -> Candidate:
    """Of several orders in a mail: a number that no label names may be that of the one beside it."""
    is_loose = candidate.path == f.ORDER_ID and candidate.method in (f.Method.SENTENCE, f.Method.PATTERN)
    return replace(candidate, weight=candidate.weight - 1.5) if is_loose else candidate


def _looked_at(order: ExtractedOrder) -> ExtractedOrder:
    """The order with no field that is sure."""
    doubted = {p: replace(field, confidence=min(field.confidence, _CORRECTED)) for p, field in order.fields.items()}
    return replace(order, fields=doubted)


def _read(segment: Segment, context: Context, understand: Understand) -> tuple[list[Candidate], list[Product]]:
    """All candidates and products of some lines."""
    lines = segment.lines
    layout = layout_of(lines, understand)
    if segment.rows and len(lines) == len({pair.values[0].line.start for pair in segment.rows}):
        layout = Layout(segment.rows, [""] * len(lines), {i: [(0, len(line.text))] for i, line in enumerate(lines)})
    elif segment.rows:
        layout.pairs.extend(replace(pair, line=0) for pair in segment.rows)
        layout.sections = layout.sections or [""]
    articles = list(islice(products.in_tables(lines, layout, context, understand), products.MOST_LISTED))
    articles += products.beside_labels(layout.pairs, layout, context)
    found = list(labelled(layout.pairs, lines, layout, context, understand))
    articles += islice(products.in_lines(lines, layout, context), products.MOST_LISTED)
    articles += products.in_notes(layout.pairs, context)
    found += by_form(lines, layout, context)
    found += in_sentences(lines, layout, context)
    found += taught.in_lines(lines, context)
    return found, articles


def _order(
    message: MailMessage, found: Iterable[Candidate], articles: Sequence[Product], context: Context, weight: float
) -> ExtractedOrder | None:
    """The fields of one order; None where what was found is too little to be one."""
    best = {path: (contradicted(ranked), ranked[0][1]) for path, ranked in weighed(found).items()}
    checked = name_checked(address_checked(best, context.known.places))
    fields = {path: field_of(message, candidate, odds) for path, (odds, candidate) in checked.items()}
    fields.update(_of_products(message, articles, weight))
    telling = [path for path in fields if path in (f.NAME, f.EMAIL, f.PHONE, f.POSTCODE) or f.product_field(path)]
    if len(telling) < _FEWEST_TELLING:
        return None
    if not any(f.product_field(path) for path in telling) and not fields.keys() & {f.ORDER_ID, f.NAME}:
        return None
    ordered = {path: fields[path] for path in (*f.PLAIN, *fields) if path in fields}
    return ExtractedOrder(ordered, f.missing_in(ordered) + _without_number(articles))


def _of_products(message: MailMessage, articles: Sequence[Product], weight: float) -> dict[str, ExtractedField]:
    fields: dict[str, ExtractedField] = {}
    for position, product in enumerate(articles):
        if product.sku:
            fields[f.product_path(position, f.SKU)] = field_of(message, product.sku, product.sku.weight + weight)
        if product.quantity:
            count = int(product.quantity.value)
            odds = product.quantity.weight + weight
            fields[f.product_path(position, f.QUANTITY)] = field_of(message, product.quantity, odds, count)
        if product.description:
            odds = product.description.weight + weight
            fields[f.product_path(position, f.DESCRIPTION)] = field_of(message, product.description, odds)
    return fields


def _without_number(articles: Sequence[Product]) -> list[str]:
    """Products that the mail gives in words only."""
    return [f.product_path(position, f.SKU) for position, product in enumerate(articles) if product.sku is None]
