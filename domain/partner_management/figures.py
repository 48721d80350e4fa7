"""The figures that are shown of a scorecard: each a count or a quotient of its columns, with what it means in words."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.errors import language_of


class Figure(StrEnum):
    ORDERS = "ORDERS"
    TREND = "TREND"
    ORDER_VALUE = "ORDER_VALUE"
    AVERAGE_ORDER_VALUE = "AVERAGE_ORDER_VALUE"
    CONVERSION = "CONVERSION"
    ORDERS_PER_QUOTE = "ORDERS_PER_QUOTE"
    CANCELLATION_RATE = "CANCELLATION_RATE"
    COMPLETION_DAYS = "COMPLETION_DAYS"
    EXECUTION_RATE = "EXECUTION_RATE"
    FIRST_TIME_RIGHT = "FIRST_TIME_RIGHT"
    SATISFACTION = "SATISFACTION"
    RECEIVED = "RECEIVED"
    WITHOUT_EXCEPTION = "WITHOUT_EXCEPTION"
    EXCEPTIONS = "EXCEPTIONS"
    REPEATED = "REPEATED"
    REQUESTS = "REQUESTS"
    RESPONSE_P95 = "RESPONSE_P95"
    ERROR_RATE = "ERROR_RATE"
    REFUSAL_RATE = "REFUSAL_RATE"
    DELIVERY_RATE = "DELIVERY_RATE"
    TICKETS = "TICKETS"


class Scaled(StrEnum):
    COUNT = "COUNT"
    PERCENT = "PERCENT"
    RATIO = "RATIO"
    AMOUNT = "AMOUNT"
    DAYS = "DAYS"
    MILLISECONDS = "MILLISECONDS"
    RATING = "RATING"


@dataclass(frozen=True, slots=True)
class Words:
    nl: str
    en: str

    def in_(self, language: str) -> str:
        return self.en if language_of(language) == "en" else self.nl


@dataclass(frozen=True, slots=True)
class Formula:
    """`of`: from a row, or from an alias of the table, what is divided and by what (None: nothing is)."""

    unit: Scaled
    text: str
    of: Callable[[Any], tuple[Any, Any]]
    divides: bool


def _count(name: str, unit: Scaled = Scaled.COUNT) -> Formula:
    return Formula(unit, _camel(name), lambda c: (getattr(c, name), None), divides=False)


def _share(part: str, whole: str, unit: Scaled = Scaled.PERCENT) -> Formula:
    text = f"{_camel(part)} / {_camel(whole)}"
    return Formula(unit, text, lambda c: (getattr(c, part), getattr(c, whole)), divides=True)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


FORMULAS: dict[Figure, Formula] = {
    Figure.ORDERS: _count("orders"),
    Figure.TREND: Formula(
        Scaled.PERCENT,
        "(orders - ordersBefore) / ordersBefore",
        lambda c: (c.orders - c.orders_before, c.orders_before),
        divides=True,
    ),
    Figure.ORDER_VALUE: Formula(
        Scaled.AMOUNT, "orderValue", lambda c: (c.value_cents / Decimal(100), None), divides=False
    ),
    Figure.AVERAGE_ORDER_VALUE: Formula(
        Scaled.AMOUNT,
        "orderValue / (orders - cancelled)",
        lambda c: (c.value_cents / Decimal(100), c.valued),
        divides=True,
    ),
    Figure.CONVERSION: _share("quotes_ordered", "quotes_sent"),
    Figure.ORDERS_PER_QUOTE: _share("quote_orders", "quotes_sent", Scaled.RATIO),
    Figure.CANCELLATION_RATE: _share("cancelled", "orders"),
    Figure.COMPLETION_DAYS: Formula(
        Scaled.DAYS,
        "days from placing to completion / completed",
        lambda c: (c.completion_seconds / Decimal(86400), c.completed),
        divides=True,
    ),
    Figure.EXECUTION_RATE: _share("visits_done", "visits_due"),
    Figure.FIRST_TIME_RIGHT: _share("visits_right", "visits_finished"),
    Figure.SATISFACTION: _share("rating_sum", "ratings", Scaled.RATING),
    Figure.RECEIVED: _count("received"),
    Figure.WITHOUT_EXCEPTION: _share("clean", "received"),
    Figure.EXCEPTIONS: _count("exceptions"),
    Figure.REPEATED: _count("repeated"),
    Figure.REQUESTS: _count("requests"),
    Figure.RESPONSE_P95: _count("response_p95_ms", Scaled.MILLISECONDS),
    Figure.ERROR_RATE: _share("errors", "requests"),
    Figure.REFUSAL_RATE: _share("refused", "requests"),
    Figure.DELIVERY_RATE: Formula(
        Scaled.PERCENT,
        "(deliveries - deliveriesFailed) / deliveries",
        lambda c: (c.deliveries - c.deliveries_failed, c.deliveries),
        divides=True,
    ),
    Figure.TICKETS: _count("tickets"),
}

_WORDS: dict[Figure, Words] = {
    Figure.ORDERS: Words("Orders die in de periode zijn geplaatst.", "Orders placed in the span."),
    Figure.TREND: Words(
        "Groei van de orders ten opzichte van de periode ervoor; loopt de periode nog, dan tegen evenveel daarvan.",
        "Growth of the orders over the span before; while the span goes on, over as much of that one.",
    ),
    Figure.ORDER_VALUE: Words(
        "Nettobedrag zonder btw van de orders van de periode die niet zijn geannuleerd.",
        "Net amount without VAT of the orders of the span that are not cancelled.",
    ),
    Figure.AVERAGE_ORDER_VALUE: Words(
        "Dat bedrag per order die niet is geannuleerd.", "That amount per order that is not cancelled."
    ),
    Figure.CONVERSION: Words(
        "Van de offertes die in de periode voor het eerst zijn verstuurd het deel dat inmiddels een order heeft.",
        "Of the quotes first sent in the span, the share that has an order by now.",
    ),
    Figure.ORDERS_PER_QUOTE: Words(
        "Orders van die offertes per offerte; groothandel bestelt vaker op één offerte.",
        "Orders of these quotes per quote; wholesale orders several times under one.",
    ),
    Figure.CANCELLATION_RATE: Words(
        "Van de orders van de periode het deel dat is geannuleerd.", "Of the orders of the span, those cancelled."
    ),
    Figure.COMPLETION_DAYS: Words(
        "Dagen van plaatsen tot afronden, gemiddeld over de orders die in de periode zijn afgerond.",
        "Days from placing to completion, on average of the orders completed in the span.",
    ),
    Figure.EXECUTION_RATE: Words(
        "Van de bezoeken waarvan de dag in de periode voorbij is het deel dat is voltooid; geannuleerde tellen niet.",
        "Of the visits whose day in the span has passed, those completed; cancelled ones do not count.",
    ),
    Figure.FIRST_TIME_RIGHT: Words(
        "Van de bezoeken die in de periode zijn beëindigd, vervolgbezoeken niet meegeteld, het deel dat is voltooid.",
        "Of the visits finished in the span, follow-ups left out, those completed.",
    ),
    Figure.SATISFACTION: Words(
        "Gemiddelde tevredenheid (1 tot 5) zoals bij de eindklanten van de orders is vastgelegd; 1 per order.",
        "Mean satisfaction (1 to 5) as recorded with the end customers of the orders; one per order.",
    ),
    Figure.RECEIVED: Words(
        "Orders die via API, webhook, formulier, e-mail of portaal binnenkwamen.",
        "Orders that came by API, webhook, form, mail or portal.",
    ),
    Figure.WITHOUT_EXCEPTION: Words(
        "Het deel daarvan waar niemand iets aan hoefde te doen.", "Those of them with which nobody had to do anything."
    ),
    Figure.EXCEPTIONS: Words(
        "Uitzonderingen die zijn geopend, ook van wat geen order werd.",
        "Exceptions opened, also of what did not become an order.",
    ),
    Figure.REPEATED: Words("Hoe vaak een order nog eens binnenkwam.", "How often an order came again."),
    Figure.REQUESTS: Words(
        "Verzoeken aan onze API, geteld per uur; testomgevingen niet.",
        "Requests at our API, counted by hour; sandboxes left out.",
    ),
    Figure.RESPONSE_P95: Words(
        "Binnen hoeveel milliseconden 95 van de 100 verzoeken zijn beantwoord.",
        "Milliseconds within which 95 in 100 requests were answered.",
    ),
    Figure.ERROR_RATE: Words("Verzoeken die met 5xx zijn beantwoord: onze fout.", "Requests answered 5xx: our fault."),
    Figure.REFUSAL_RATE: Words("Verzoeken die met 4xx zijn beantwoord: geweigerd.", "Requests answered 4xx: refused."),
    Figure.DELIVERY_RATE: Words(
        "Webhookberichten die aankwamen, van die welke aankwamen of zijn opgegeven.",
        "Webhooks that arrived, of those that arrived or were given up.",
    ),
    Figure.TICKETS: Words("Tickets die zijn geopend.", "Tickets opened."),
}


def words(figure: Figure) -> Words:
    """What a figure means."""
    return _WORDS[figure]
