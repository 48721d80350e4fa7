"""What our own people are told, in the field and in the office, and every user about its own login."""

from domain.notifications.kinds import (
    LEAD,
    ORDER,
    QUOTE,
    REASON,
    Category,
    Kind,
    RecipientRole,
    Variable,
    VariableType,
    declare,
)
from domain.notifications.letters import both
from domain.notifications.models import Channel

_STAFF = RecipientRole.STAFF
_WHY_NL, _WHY_EN = "{% if reason %} Reden: {{ reason }}{% endif %}", "{% if reason %} Reason: {{ reason }}{% endif %}"


def _in_the_inbox(
    name: str,
    description: str,
    category: Category,
    subject_type: str,
    nl: tuple[str, str],
    en: tuple[str, str],
    variables: tuple[Variable, ...],
) -> None:
    """(title, text) per language, for the inbox unless its owner wants it elsewhere too."""
    words = both((*nl, nl[1]), (*en, en[1]))
    declare(Kind(name, description, _STAFF, category, subject_type, words, variables, channels=(), optional=True))


_in_the_inbox(
    "lead.received",
    "A lead came in.",
    Category.LEADS,
    "Lead",
    ("Nieuwe lead {{ lead.number }}", "{{ lead.name }} heeft een aanvraag gedaan."),
    ("New lead {{ lead.number }}", "{{ lead.name }} sent a request."),
    LEAD,
)
_in_the_inbox(
    "lead.task",
    "A step of the follow-up asks somebody to do something.",
    Category.LEADS,
    "Lead",
    ("{{ task.title }}", "{{ task.text }}"),
    ("{{ task.title }}", "{{ task.text }}"),
    (
        *LEAD,
        Variable("task.title", VariableType.TEXT, "What is to be done.", "Bel over aanvraag LT-L-2026-00007"),
        Variable("task.text", VariableType.TEXT, "The same at length.", "Een week zonder antwoord: bel na."),
    ),
)
_in_the_inbox(
    "lead.follow_up_failed",
    "A step of the follow-up of a lead was given up.",
    Category.LEADS,
    "Lead",
    ("Opvolging van {{ lead.number }} mislukt", "Een opvolgstap voor {{ lead.name }} is niet gelukt."),
    ("Follow-up of {{ lead.number }} failed", "A follow-up step for {{ lead.name }} failed."),
    LEAD,
)
_in_the_inbox(
    "quote.declined.staff",
    "A party declined a quote.",
    Category.QUOTES,
    "Quote",
    ("Offerte {{ quote.number }} is afgewezen", "De offerte voor {{ quote.customer }} is afgewezen."),
    ("Quote {{ quote.number }} was declined", "The quote for {{ quote.customer }} was declined."),
    QUOTE,
)
_in_the_inbox(
    "order.received.staff",
    "There is a new order.",
    Category.ORDERS,
    "Order",
    ("Nieuwe opdracht {{ order.number }}", "Opdracht voor {{ order.customer }} is ontvangen."),
    ("New order {{ order.number }}", "The order for {{ order.customer }} was received."),
    ORDER,
)
_in_the_inbox(
    "order.cancelled.staff",
    "An order was cancelled.",
    Category.ORDERS,
    "Order",
    ("Opdracht {{ order.number }} is geannuleerd", f"De opdracht voor {{{{ order.customer }}}} vervalt.{_WHY_NL}"),
    ("Order {{ order.number }} was cancelled", f"The order for {{{{ order.customer }}}} is off.{_WHY_EN}"),
    (*ORDER, *REASON),
)
declare(
    Kind(
        "order.cancelled.technician",
        "An order of the team was cancelled.",
        RecipientRole.TECHNICIAN,
        Category.VISITS,
        "Order",
        both(
            (
                "Opdracht {{ order.number }} gaat niet door",
                "Opdracht {{ order.number }} ({{ order.customer }}) gaat niet door.",
                f"Opdracht {{{{ order.number }}}} ({{{{ order.customer }}}}) gaat niet door.{_WHY_NL}",
            ),
            (
                "Order {{ order.number }} is off",
                "Order {{ order.number }} ({{ order.customer }}) is off.",
                f"Order {{{{ order.number }}}} ({{{{ order.customer }}}}) is off.{_WHY_EN}",
            ),
        ),
        (*ORDER, *REASON),
        channels=(Channel.PUSH, Channel.EMAIL),
        urgent=True,
    )
)

declare(
    Kind(
        "visit.dispatched.technician",
        "The team was given its route of a day, or what has changed of it.",
        RecipientRole.TECHNICIAN,
        Category.VISITS,
        "Visit",
        both(
            (
                "Route van {{ route.day }}",
                "Uw route van {{ route.day }} heeft {{ route.stops }} bezoek(en); gewijzigd: {{ route.changes }}.",
                "Uw route van {{ route.day }} heeft {{ route.stops }} bezoek(en); gewijzigd: {{ route.changes }}.",
            ),
            (
                "Route of {{ route.day }}",
                "Your route of {{ route.day }} has {{ route.stops }} visit(s); changed: {{ route.changes }}.",
                "Your route of {{ route.day }} has {{ route.stops }} visit(s); changed: {{ route.changes }}.",
            ),
        ),
        (
            Variable("route.day", VariableType.DATE, "The day.", "2026-03-12"),
            Variable("route.stops", VariableType.TEXT, "How many visits it has.", "3"),
            Variable("route.changes", VariableType.TEXT, "How many are new, different or off.", "1"),
        ),
        channels=(Channel.PUSH,),
        urgent=True,
    )
)


def _of_the_login(name: str, description: str, nl: tuple[str, str], en: tuple[str, str]) -> None:
    """A change of a login that its owner has to know of at once."""
    call_nl = "Was u dat niet? Bel ons dan meteen op {{ brand.phone }}."
    call_en = "Was it not you? Then call us at once at {{ brand.phone }}."
    words = both((*nl, f"{nl[1]} {call_nl}"), (*en, f"{en[1]} {call_en}"))
    declare(Kind(name, description, RecipientRole.USER, Category.ACCOUNT, "User", words, urgent=True))


_of_the_login(
    "user.password_changed",
    "The password of the user was changed.",
    ("Uw wachtwoord is gewijzigd", "Het wachtwoord van uw account bij {{ brand.name }} is gewijzigd."),
    ("Your password was changed", "The password of your account at {{ brand.name }} was changed."),
)
_of_the_login(
    "user.second_factor_enabled",
    "The user switched on a second factor.",
    ("Tweestapsverificatie staat aan", "Voor uw account bij {{ brand.name }} is tweestapsverificatie aangezet."),
    ("Two-step verification is on", "Two-step verification was switched on for your account at {{ brand.name }}."),
)
_of_the_login(
    "user.second_factor_disabled",
    "The second factor of the user was switched off.",
    ("Tweestapsverificatie staat uit", "Voor uw account bij {{ brand.name }} is tweestapsverificatie uitgezet."),
    ("Two-step verification is off", "Two-step verification was switched off for your account at {{ brand.name }}."),
)
