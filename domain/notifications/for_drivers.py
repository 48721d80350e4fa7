"""What drivers are told of their charging sessions."""

from domain.notifications.for_chargers import CHARGER
from domain.notifications.kinds import Category, Kind, RecipientRole, Variable, VariableType, declare
from domain.notifications.letters import both
from domain.notifications.models import Channel

_V, _T = Variable, VariableType
SESSION = (
    *CHARGER,
    _V("session.number", _T.TEXT, "Number of the session.", "LT-S-2026-00042"),
    _V("session.energy", _T.TEXT, "Energy so far.", "12,4 kWh"),
    _V("session.estimated", _T.TEXT, "Set where the charger did not say that it ended.", "yes", optional=True),
    _V("reason", _T.TEXT, "Why it did not begin.", "OFFLINE", optional=True),
)
_MILESTONE = _V("session.milestone", _T.TEXT, "The quarter that was reached, in per cent.", "75")
_AT = "{{ charger.name }}{% if charger.place %}, {{ charger.place }}{% endif %}"
_WHY = "{% if reason %} ({{ reason }}){% endif %}"
_LATER_NL = "{% if session.estimated %} De laadpaal heeft het einde niet gemeld: dit is de laatste stand.{% endif %}"
_LATER_EN = "{% if session.estimated %} The charger did not report the end: this is the last reading.{% endif %}"


def _to_drivers(
    name: str, description: str, nl: tuple[str, str], en: tuple[str, str], more: tuple[Variable, ...] = ()
) -> None:
    """To persons, and under the same name with `.partner` to the people of organizations. (subject, sentence)."""
    words, values = both((*nl, nl[1]), (*en, en[1])), SESSION + more
    category, subject, push = Category.CHARGERS, "ChargingSession", (Channel.PUSH,)
    for suffix, to in (("", RecipientRole.CUSTOMER), (".partner", RecipientRole.PARTNER)):
        kind = f"{name}{suffix}"
        declare(Kind(kind, description, to, category, subject, words, values, channels=push, optional=True))


_to_drivers(
    "session.started",
    "Charging has begun.",
    ("Laden begonnen", f"Uw auto laadt bij {_AT}."),
    ("Charging has begun", f"Your car charges at {_AT}."),
)
_to_drivers(
    "session.start_failed",
    "Charging did not begin.",
    ("Laden niet begonnen", f"Laden bij {_AT} is niet begonnen{_WHY}. Probeer het opnieuw."),
    ("Charging did not begin", f"Charging at {_AT} did not begin{_WHY}. Please try again."),
)
_to_drivers(
    "session.progressed",
    "A quarter of the battery, or of what the driver wants, was reached.",
    (
        "{{ session.milestone }} % geladen",
        f"Uw auto is voor {{{{ session.milestone }}}} % geladen bij {_AT}: {{{{ session.energy }}}}.",
    ),
    (
        "{{ session.milestone }} % charged",
        f"Your car is {{{{ session.milestone }}}} % charged at {_AT}: {{{{ session.energy }}}}.",
    ),
    (_MILESTONE,),
)
_to_drivers(
    "session.completed",
    "Charging has ended.",
    ("Laden beëindigd", f"Laden bij {_AT} is beëindigd: {{{{ session.energy }}}}.{_LATER_NL}"),
    ("Charging has ended", f"Charging at {_AT} has ended: {{{{ session.energy }}}}.{_LATER_EN}"),
)
