"""What the office and partners are told of tickets, and the office of promises that are not kept."""

from domain.notifications.kinds import Category, Kind, RecipientRole, Variable, VariableType, declare
from domain.notifications.letters import both
from domain.notifications.models import Channel

_V, _T = Variable, VariableType
TICKET = (
    _V("ticket.number", _T.TEXT, "Number of the ticket.", "CC-T-2026-00017"),
    _V("ticket.subject", _T.TEXT, "What it is about.", "Order niet gevonden"),
    _V("ticket.partner", _T.TEXT, "Name of the partner.", "Groendus"),
)
BREACH = (
    _V("breach.metric", _T.TEXT, "UPTIME, RESPONSE, PROCESSING or STATUS.", "RESPONSE"),
    _V("breach.target", _T.TEXT, "What was promised, with its unit.", "500 ms"),
    _V("breach.value", _T.TEXT, "What it is, with its unit.", "1200 ms"),
    _V("breach.partner", _T.TEXT, "Whom it concerns.", "Groendus", optional=True),
    _V("breach.partners", _T.TEXT, "How many partners it concerns, where it is the platform's.", "12", optional=True),
)
_WHAT_NL = (
    "{% if breach.metric == 'UPTIME' %}Beschikbaarheid{% elif breach.metric == 'RESPONSE' %}Antwoordtijd"
    "{% elif breach.metric == 'PROCESSING' %}Verwerking van orders{% else %}Statusberichten{% endif %}"
)
_WHAT_EN = (
    "{% if breach.metric == 'UPTIME' %}Availability{% elif breach.metric == 'RESPONSE' %}Response time"
    "{% elif breach.metric == 'PROCESSING' %}Processing of orders{% else %}Status updates{% endif %}"
)
_WHO = "{% if breach.partners %}{{ breach.partners }} partners{% else %}{{ breach.partner }}{% endif %}"
_WHO_NL = _WHO.replace("{% else %}", "{% elif not breach.partner %}een partner{% else %}")
_WHO_EN = _WHO.replace("{% else %}", "{% elif not breach.partner %}a partner{% else %}")


def _of_ticket(
    name: str, description: str, to: RecipientRole, nl: tuple[str, str], en: tuple[str, str], *, mail: bool
) -> None:
    words = both((*nl, nl[1]), (*en, en[1]))
    channels = (Channel.EMAIL,) if mail else ()
    declare(
        Kind(
            name,
            description,
            to,
            Category.INTEGRATIONS,
            "PartnerTicket",
            words,
            TICKET,
            channels=channels,
            optional=True,
        )
    )


def _of_breach(
    name: str, description: str, nl: tuple[str, str], en: tuple[str, str], *, mail: bool, urgent: bool = False
) -> None:
    words = both((*nl, nl[1]), (*en, en[1]))
    channels = (Channel.EMAIL,) if mail else ()
    declare(
        Kind(
            name,
            description,
            RecipientRole.STAFF,
            Category.INTEGRATIONS,
            "ServiceBreach",
            words,
            BREACH,
            channels=channels,
            optional=not urgent,
            urgent=urgent,
        )
    )


_HEAD = "{{ ticket.number }}: {{ ticket.subject }}"
_of_ticket(
    "ticket.opened.staff",
    "A partner opened a ticket.",
    RecipientRole.STAFF,
    (_HEAD, "{{ ticket.partner }} heeft ticket {{ ticket.number }} geopend: {{ ticket.subject }}."),
    (_HEAD, "{{ ticket.partner }} opened ticket {{ ticket.number }}: {{ ticket.subject }}."),
    mail=False,
)
_of_ticket(
    "ticket.answered.staff",
    "A partner wrote on a ticket, or reopened it.",
    RecipientRole.STAFF,
    (_HEAD, "{{ ticket.partner }} heeft gereageerd op ticket {{ ticket.number }}."),
    (_HEAD, "{{ ticket.partner }} wrote on ticket {{ ticket.number }}."),
    mail=False,
)
_of_ticket(
    "ticket.overdue.staff",
    "A ticket was not answered in time.",
    RecipientRole.STAFF,
    (_HEAD, "Ticket {{ ticket.number }} van {{ ticket.partner }} had beantwoord moeten zijn."),
    (_HEAD, "Ticket {{ ticket.number }} of {{ ticket.partner }} should have been answered."),
    mail=True,
)
_of_ticket(
    "ticket.opened.partner",
    "We opened a ticket with the partner.",
    RecipientRole.PARTNER,
    (_HEAD, "Wij hebben een vraag: {{ ticket.subject }}. U kunt antwoorden op {{ brand.portal }}."),
    (_HEAD, "We have a question: {{ ticket.subject }}. You can answer at {{ brand.portal }}."),
    mail=True,
)
_of_ticket(
    "ticket.answered.partner",
    "We answered a ticket of the partner.",
    RecipientRole.PARTNER,
    (_HEAD, "Op ticket {{ ticket.number }} is geantwoord. U leest het op {{ brand.portal }}."),
    (_HEAD, "Ticket {{ ticket.number }} was answered. You can read it at {{ brand.portal }}."),
    mail=True,
)
_of_ticket(
    "ticket.resolved.partner",
    "We resolved a ticket of the partner.",
    RecipientRole.PARTNER,
    (_HEAD, "Ticket {{ ticket.number }} is opgelost. Is dat niet zo? Heropen het op {{ brand.portal }}."),
    (_HEAD, "Ticket {{ ticket.number }} is resolved. If it is not, reopen it at {{ brand.portal }}."),
    mail=True,
)
_of_breach(
    "service.breached.staff",
    "What was promised partners is not kept.",
    (
        f"{_WHAT_NL} niet gehaald: {_WHO_NL}",
        f"{_WHAT_NL} voor {_WHO_NL}: {{{{ breach.value }}}}, beloofd is {{{{ breach.target }}}}.",
    ),
    (
        f"{_WHAT_EN} missed: {_WHO_EN}",
        f"{_WHAT_EN} for {_WHO_EN}: {{{{ breach.value }}}}, promised is {{{{ breach.target }}}}.",
    ),
    mail=True,
    urgent=True,
)
_of_breach(
    "service.escalated.staff",
    "What was promised partners is not kept, and nobody has seen to it.",
    (
        f"Niemand behandelt dit: {_WHAT_NL}, {_WHO_NL}",
        f"{_WHAT_NL} voor {_WHO_NL} is nog {{{{ breach.value }}}}, beloofd is {{{{ breach.target }}}}.",
    ),
    (
        f"Nobody sees to this: {_WHAT_EN}, {_WHO_EN}",
        f"{_WHAT_EN} for {_WHO_EN} still is {{{{ breach.value }}}}, promised is {{{{ breach.target }}}}.",
    ),
    mail=True,
    urgent=True,
)
_of_breach(
    "service.restored.staff",
    "What was promised partners is kept again.",
    (f"Weer in orde: {_WHAT_NL}, {_WHO_NL}", f"{_WHAT_NL} voor {_WHO_NL} is weer zoals beloofd."),
    (f"In order again: {_WHAT_EN}, {_WHO_EN}", f"{_WHAT_EN} for {_WHO_EN} is as promised again."),
    mail=False,
)
