"""What the people of partners are told, and those who made a mistake in an integration."""

from domain.notifications.kinds import (
    LEAD,
    ORDER,
    QUOTE,
    REASON,
    VISIT,
    Category,
    Kind,
    RecipientRole,
    Variable,
    VariableType,
    declare,
)
from domain.notifications.letters import both

_TO = RecipientRole.PARTNER
_REF_NL = "{% if order.partner_reference %} (uw nummer {{ order.partner_reference }}){% endif %}"
_REF_EN = "{% if order.partner_reference %} (your number {{ order.partner_reference }}){% endif %}"
_WHY_NL = "{% if reason %} De reden: {{ reason }}{% endif %}"
_WHY_EN = "{% if reason %} The reason: {{ reason }}{% endif %}"
_WHEN_NL = "{% if visit.day %} op {{ visit.day }}{% if visit.team %} door {{ visit.team }}{% endif %}{% endif %}"
_WHEN_EN = "{% if visit.day %} for {{ visit.day }}{% if visit.team %} by {{ visit.team }}{% endif %}{% endif %}"


def _of_quote(name: str, description: str, nl: tuple[str, str], en: tuple[str, str], *, optional: bool = False) -> None:
    """(subject, sentence) per language; the short form is the sentence."""
    where_nl, where_en = "U vindt de offerte op {{ brand.portal }}.", "You find the quote at {{ brand.portal }}."
    words = both((nl[0], nl[1], f"{nl[1]} {where_nl}"), (en[0], en[1], f"{en[1]} {where_en}"))
    category = Category.REMINDERS if optional else Category.QUOTES
    declare(Kind(name, description, _TO, category, "Quote", words, QUOTE, optional=optional))


def _of_order(
    name: str, description: str, nl: tuple[str, str], en: tuple[str, str], *more: Variable, urgent: bool = False
) -> None:
    where_nl, where_en = "De opdracht staat op {{ brand.portal }}.", "The order is at {{ brand.portal }}."
    words = both((nl[0], nl[1], f"{nl[1]} {where_nl}"), (en[0], en[1], f"{en[1]} {where_en}"))
    declare(Kind(name, description, _TO, Category.ORDERS, "Order", words, (*ORDER, *more), urgent=urgent))


_of_quote(
    "quote.sent.partner",
    "A quote was sent on which the partner has to act.",
    (
        "Offerte {{ quote.number }} voor {{ quote.customer }}",
        "Offerte {{ quote.number }} voor {{ quote.customer }} wacht op uw akkoord."
        "{% if quote.expires_on %} Dat kan tot en met {{ quote.expires_on }}.{% endif %}",
    ),
    (
        "Quote {{ quote.number }} for {{ quote.customer }}",
        "Quote {{ quote.number }} for {{ quote.customer }} waits for your approval."
        "{% if quote.expires_on %} You can give it until {{ quote.expires_on }}.{% endif %}",
    ),
)
_of_quote(
    "quote.signed.partner",
    "The customer signed a quote of the partner.",
    (
        "{{ quote.customer }} heeft offerte {{ quote.number }} ondertekend",
        "{{ quote.customer }} heeft offerte {{ quote.number }} ondertekend.",
    ),
    (
        "{{ quote.customer }} signed quote {{ quote.number }}",
        "{{ quote.customer }} signed quote {{ quote.number }}.",
    ),
)
_of_quote(
    "quote.declined.partner",
    "A party declined a quote of the partner.",
    ("Offerte {{ quote.number }} is afgewezen", "Offerte {{ quote.number }} voor {{ quote.customer }} is afgewezen."),
    ("Quote {{ quote.number }} was declined", "Quote {{ quote.number }} for {{ quote.customer }} was declined."),
)
_of_quote(
    "quote.reminder.partner",
    "A quote has been waiting for the partner for some days.",
    (
        "Offerte {{ quote.number }} wacht op uw akkoord",
        "Offerte {{ quote.number }} voor {{ quote.customer }} wacht nog op uw akkoord.",
    ),
    (
        "Quote {{ quote.number }} waits for your approval",
        "Quote {{ quote.number }} for {{ quote.customer }} still waits for your approval.",
    ),
    optional=True,
)
_of_quote(
    "quote.expiring.partner",
    "A quote on which the partner has not acted expires in a few days.",
    (
        "Offerte {{ quote.number }} verloopt binnenkort",
        "Offerte {{ quote.number }} voor {{ quote.customer }} is geldig tot en met {{ quote.expires_on }}.",
    ),
    (
        "Quote {{ quote.number }} expires soon",
        "Quote {{ quote.number }} for {{ quote.customer }} is valid until {{ quote.expires_on }}.",
    ),
    optional=True,
)
_of_order(
    "order.received.partner",
    "An order of the partner was received.",
    (
        "Opdracht {{ order.number }} voor {{ order.customer }}",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} is ontvangen.",
    ),
    (
        "Order {{ order.number }} for {{ order.customer }}",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} was received.",
    ),
)
_of_order(
    "order.scheduled.partner",
    "The work of an order of the partner has a day and an installer (N6).",
    (
        "Opdracht {{ order.number }} is gepland",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} is gepland{_WHEN_NL}.",
    ),
    (
        "Order {{ order.number }} is planned",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} is planned{_WHEN_EN}.",
    ),
    *VISIT,
)
_of_order(
    "order.completed.partner",
    "The work of an order of the partner is done.",
    (
        "Opdracht {{ order.number }} is klaar",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} is afgerond.",
    ),
    (
        "Order {{ order.number }} is done",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} is completed.",
    ),
)
_of_order(
    "order.cancelled.partner",
    "An order of the partner was cancelled.",
    (
        "Opdracht {{ order.number }} is geannuleerd",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} is geannuleerd.{_WHY_NL}",
    ),
    (
        "Order {{ order.number }} was cancelled",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} was cancelled.{_WHY_EN}",
    ),
    *REASON,
)
_of_order(
    "order.held.partner",
    "An order of the partner is on hold.",
    (
        "Opdracht {{ order.number }} ligt stil",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} ligt stil.{_WHY_NL}",
    ),
    (
        "Order {{ order.number }} is on hold",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} is on hold.{_WHY_EN}",
    ),
    *REASON,
)
_of_order(
    "order.resumed.partner",
    "An order of the partner is no longer on hold.",
    (
        "Opdracht {{ order.number }} gaat verder",
        f"Opdracht {{{{ order.number }}}}{_REF_NL} voor {{{{ order.customer }}}} gaat verder.",
    ),
    (
        "Order {{ order.number }} continues",
        f"Order {{{{ order.number }}}}{_REF_EN} for {{{{ order.customer }}}} continues.",
    ),
)
declare(
    Kind(
        "lead.assigned",
        "A lead was given to the partner.",
        _TO,
        Category.LEADS,
        "Lead",
        both(
            (
                "Nieuwe lead {{ lead.number }}",
                "Lead {{ lead.number }} van {{ lead.name }} is aan u toegewezen.",
                "Lead {{ lead.number }} van {{ lead.name }} is aan u toegewezen. U vindt hem op {{ brand.portal }}.",
            ),
            (
                "New lead {{ lead.number }}",
                "Lead {{ lead.number }} of {{ lead.name }} was assigned to you.",
                "Lead {{ lead.number }} of {{ lead.name }} was assigned to you. You find it at {{ brand.portal }}.",
            ),
        ),
        LEAD,
    )
)
_WEBHOOK = (
    Variable("webhook.url", VariableType.TEXT, "The address that was called.", "https://partner.example/hooks"),
    Variable("webhook.error", VariableType.TEXT, "What went wrong last.", "HTTP 500", optional=True),
)
declare(
    Kind(
        "webhook.failing",
        "Messages to a webhook of the partner fail.",
        _TO,
        Category.INTEGRATIONS,
        "WebhookEndpoint",
        both(
            (
                "Uw webhook is niet bereikbaar",
                "Berichten aan {{ webhook.url }} mislukken{% if webhook.error %}: {{ webhook.error }}{% endif %}.",
                "Berichten aan uw webhook {{ webhook.url }} mislukken"
                "{% if webhook.error %}: {{ webhook.error }}{% endif %}. "
                "Op {{ brand.portal }} ziet u elke poging en kunt u ze opnieuw laten versturen.",
            ),
            (
                "Your webhook cannot be reached",
                "Messages to {{ webhook.url }} fail{% if webhook.error %}: {{ webhook.error }}{% endif %}.",
                "Messages to your webhook {{ webhook.url }} fail"
                "{% if webhook.error %}: {{ webhook.error }}{% endif %}. "
                "At {{ brand.portal }} you see every attempt and can have them sent again.",
            ),
        ),
        _WEBHOOK,
        channels=(),
        optional=True,
    )
)
declare(
    Kind(
        "webhook.disabled",
        "A webhook of the partner was switched off after it failed for long.",
        _TO,
        Category.INTEGRATIONS,
        "WebhookEndpoint",
        both(
            (
                "Uw webhook is uitgeschakeld",
                "De webhook {{ webhook.url }} is uitgeschakeld.",
                "Uw webhook {{ webhook.url }} mislukte te lang en is uitgeschakeld. Zet hem weer aan op "
                "{{ brand.portal }}; wat gemist is, kan daarna opnieuw worden verstuurd.",
            ),
            (
                "Your webhook was switched off",
                "The webhook {{ webhook.url }} was switched off.",
                "Your webhook {{ webhook.url }} failed for too long and was switched off. Switch it on again at "
                "{{ brand.portal }}; what was missed can be sent again afterwards.",
            ),
        ),
        _WEBHOOK,
        channels=(),
        optional=True,
    )
)
