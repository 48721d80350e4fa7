"""One article of an order: its number, known, misspelt or unknown, and what is said of it twice."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from domain.mail_reading import fields as f
from domain.mail_reading import values
from domain.mail_reading.addresses import Found, plain
from domain.mail_reading.candidates import Candidate, Context, Stretch
from domain.mail_reading.labelled import SURE

CODE = re.compile(r"(?<![\w@./-])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9]{2,12}(?:-[A-Za-z0-9]{1,12}){1,4}(?![\w@-])")
_CLOSE, _MARGIN = 84.0, 6.0


@dataclass(frozen=True, slots=True)
class Product:
    """What was read of one line of an order; each part may be absent."""

    sku: Candidate | None = None
    quantity: Candidate | None = None
    description: Candidate | None = None

    @property
    def place(self) -> tuple[int, int]:
        first = self.sku or self.description or self.quantity
        return (first.part, first.start) if first else (0, 0)


def sku_in(stretch: Stretch, context: Context, weight: float, *, any_token: bool) -> Candidate | None:
    """The article number in a text: a known one, else one that is close to a known one, else what has its form."""
    for token in values.TOKEN.finditer(stretch.text):
        written = token["token"]
        known = known_sku(written, context)
        if known is not None:
            found = Found(known, *token.span("token"))
            return stretch.candidate(f.SKU, found, f.Method.KNOWN, max(weight, SURE) + 0.5)
    for code in CODE.finditer(stretch.text):
        return unlisted(stretch, code[0], code.start(), context, weight)
    first = values.token_in(stretch.text) if any_token else None
    return unlisted(stretch, first.value, first.start, context, weight) if first is not None else None


def known_sku(written: str, context: Context) -> str | None:
    folded = context.folded_skus
    return folded.get(written.casefold())


def unlisted(stretch: Stretch, written: str, start: int, context: Context, weight: float) -> Candidate:
    """A number that is not in the map: a slip of one that is, or one that nobody told us of."""
    span = (start, start + len(written))
    close = process.extract(written.upper(), list(context.known.skus), scorer=fuzz.ratio, score_cutoff=_CLOSE, limit=2)
    if not close:
        doubt = 1.2 if context.known.skus else 0.3
        return stretch.candidate(f.SKU, Found(written, *span, doubt), f.Method.PATTERN, weight)
    alone = len(close) == 1 or close[0][1] - close[1][1] >= _MARGIN
    found = Found(close[0][0], *span, 0.0, True)
    return stretch.candidate(f.SKU, found, f.Method.FUZZY, min(weight, 1.6 if alone else 0.2))


def named(stretch: Stretch, context: Context) -> Candidate | None:
    """The article that goes by the name in a text: learned, or as the article is called here."""
    key = plain(stretch.text)
    rule = context.template.aliases.get(key)
    whole = (0, len(stretch.text))
    if rule is not None and rule.path in context.known.skus:
        found = Found(rule.path, *whole, 0.0, True)
        return replace(stretch.candidate(f.SKU, found, f.Method.LEARNED, rule.weight), rule=key)
    sku = context.sku_names.get(key)
    if sku is not None:
        return stretch.candidate(f.SKU, Found(sku, *whole, 0.0, True), f.Method.KNOWN, 1.9)
    return None


def united(products: Sequence[Product]) -> list[Product]:
    """Each article once, in the order of the mail: what is said of it twice is put together."""
    kept: list[Product] = []
    for product in sorted(products, key=lambda product: product.place):
        same = next((i for i, other in enumerate(kept) if _is_same(product, other)), None)
        if same is None:
            kept.append(product)
        else:
            kept[same] = _together(kept[same], product)
    return kept[: f.MOST_PRODUCTS]


def _is_same(one: Product, other: Product) -> bool:
    return one.sku is not None and other.sku is not None and one.sku.value == other.sku.value


def _together(one: Product, other: Product) -> Product:
    quantity = one.quantity or other.quantity
    if one.quantity and other.quantity and one.quantity.value != other.quantity.value:
        quantity = replace(one.quantity, weight=one.quantity.weight - 3.0)
    numbers = [candidate for candidate in (one.sku, other.sku) if candidate is not None]
    sku = max(numbers, key=lambda candidate: candidate.weight, default=None)
    return Product(sku, quantity, one.description or other.description)
